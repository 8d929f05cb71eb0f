// coder/websocket: a page reads why it was refused, a program gets a status.
//
// A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
// which sends no Origin, gets a 401. A page of another origin gets a bare 403.
//
// tell() is made of the standard library. It replaces Close() of this library, which up
// to 1.8.12 sends a second Close, so that Chromium reports 1006. It works with any other.
package main

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
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

func chat(w http.ResponseWriter, r *http.Request) {
	program := r.Header.Get("Origin") == ""
	if !program && !known(r) {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	status, reason := refusal(r)
	if status != 0 && program {
		http.Error(w, reason, status)
		return
	}
	if status != 0 {
		tell(w, r, 4000+status, reason)
		return
	}
	// Origin is checked above.
	options := &websocket.AcceptOptions{InsecureSkipVerify: true}
	connection, err := websocket.Accept(w, r, options)
	if err != nil {
		return
	}
	defer connection.CloseNow()
	for {
		kind, data, err := connection.Read(r.Context())
		if err != nil || connection.Write(r.Context(), kind, data) != nil {
			return
		}
	}
}

// tell opens, closes with a code and a reason of at most 123 bytes, and waits for the
// page's Close.
func tell(w http.ResponseWriter, r *http.Request, code int, reason string) {
	connection, stream, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(5 * time.Second))
	key := r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	sum := sha1.Sum([]byte(key))
	fmt.Fprintf(stream, "HTTP/1.1 101 Switching Protocols\r\n")
	fmt.Fprintf(stream, "Upgrade: websocket\r\nConnection: Upgrade\r\n")
	fmt.Fprintf(stream, "Sec-WebSocket-Accept: %s\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	// A page that offers subprotocols needs one.
	if first, _, _ := strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), ","); first != "" {
		fmt.Fprintf(stream, "Sec-WebSocket-Protocol: %s\r\n", strings.TrimSpace(first))
	}
	fmt.Fprintf(stream, "\r\n")
	stream.Flush()
	time.Sleep(pause)
	payload := append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
	stream.Write(append([]byte{0x88, byte(len(payload))}, payload...))
	stream.Flush()
	stream.ReadByte()
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
