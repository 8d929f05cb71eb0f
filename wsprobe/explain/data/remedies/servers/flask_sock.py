"""Flask-Sock: a page reads why it was refused, a program gets a status.

    wsprobe explain --code remedy wsgi > tell_the_page.py
    gunicorn --threads 100 --bind 127.0.0.1:8080 server:app

A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
which sends no Origin, gets a 401. A page of another origin gets a bare 403.
"""

from flask import Flask, Response, abort, request
from flask_sock import Sock
from tell_the_page import TellThePage

PAGES = ["https://chat.example"]  # origins

app = Flask(__name__)
app.wsgi_app = TellThePage(app.wsgi_app, pages=PAGES)
sock = Sock(app)


def refusal() -> Response | None:
    """Your check: an answer, None to let in."""
    if "session" in request.cookies:
        return None
    return Response("session expired", 401, mimetype="text/plain")


@app.before_request
def check() -> Response | None:
    """Before the handshake: in the handler it is over."""
    if request.path != "/ws":
        return None
    if request.headers.get("Origin") not in (None, *PAGES):
        abort(403)
    return refusal()


@sock.route("/ws")
def chat(socket) -> None:
    while True:
        socket.send(socket.receive())


@app.get("/ws/why")
def why() -> Response:
    answer = refusal() or Response(status=204)
    answer.headers["Vary"] = "Origin"
    origin = request.headers.get("Origin")
    if origin in PAGES:
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Credentials"] = "true"
    return answer
