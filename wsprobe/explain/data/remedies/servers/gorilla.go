// gorilla/websocket: a page reads why it was refused, a program gets a status.
//
// A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
// which sends no Origin, gets a 401. A page of another origin gets a bare 403.
package main

import (
	"log"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

var pages = []string{"https://chat.example"} // origins

// Firefox may lose a Close that comes right after the 101.
const pause = 50 * time.Millisecond

// refusal is your check: a status and a reason, 0 to let in.
func refusal(r *http.Request) (int, string) {
	if _, err := r.Cookie("session"); err == nil {
		return 0, ""
	}
	return http.StatusUnauthorized, "session expired"
}

func known(r *http.Request) bool {
	return slices.Contains(pages, r.Header.Get("Origin"))
}

var upgrader = websocket.Upgrader{CheckOrigin: func(r *http.Request) bool {
	return r.Header.Get("Origin") == "" || known(r) // else 403
}}

func chat(w http.ResponseWriter, r *http.Request) {
	status, reason := refusal(r)
	if status != 0 && r.Header.Get("Origin") == "" {
		http.Error(w, reason, status)
		return
	}
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer connection.Close()
	if status != 0 {
		time.Sleep(pause)
		soon := time.Now().Add(5 * time.Second)
		text := websocket.FormatCloseMessage(4000+status, reason)
		connection.WriteControl(websocket.CloseMessage, text, soon)
		connection.SetReadDeadline(soon)
		connection.ReadMessage() // the page's Close
		return
	}
	for {
		kind, data, err := connection.ReadMessage()
		if err != nil || connection.WriteMessage(kind, data) != nil {
			return
		}
	}
}

func why(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Origin")
	if known(r) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
	status, reason := refusal(r)
	if status == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Error(w, reason, status)
}

func main() {
	http.HandleFunc("/ws", chat)
	http.HandleFunc("/ws/why", why)
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}
