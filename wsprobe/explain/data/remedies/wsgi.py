"""Let a page read why your WSGI application refused its WebSocket.

A page cannot see the answer to a failed handshake: its close event has code
1006 and no reason. It can read the code and reason of a Close. This middleware
turns a refusal into an open WebSocket that closes at once, with a reason:

    app.wsgi_app = TellThePage(app.wsgi_app, pages=["https://chat.example"])

    abort(403), a 401 with "token expired": the page reads 4403, 4401 "token expired"

A client that sends no Origin is not a page. It still gets the HTTP status, as do
pages of other origins than *pages*; None for all.

WSGI has no WebSockets. This works where the server lends its socket: Werkzeug's
development server, and gunicorn with its workers sync, gthread and gevent. It does
not with uWSGI, mod_wsgi and Waitress, where a refusal stays a status.
Standard library only.
"""

import base64
import errno
import hashlib
import socket
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PAUSE = 0.05
"""Seconds between 101 and Close: Firefox may lose a Close that comes earlier."""
PATIENCE = 5
"""Seconds for the page's own Close."""
REASON_BYTES = 123
"""All that fits into a Close frame behind the code (RFC 6455 section 5.5)."""
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 section 1.3."""


class TellThePage:
    def __init__(self, app: App, pages: Collection[str] | None = None) -> None:
        self.app = app
        self.pages = pages

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        connection = environ.get("werkzeug.socket") or environ.get("gunicorn.socket")
        if connection is None or not self.told(environ):
            return self.app(environ, start_response)
        status = 0

        def start(line: str, headers: list[tuple[str, str]], *error: Any) -> Callable[..., Any]:
            nonlocal status
            status = int(line.split()[0])
            if status < 400:
                write: Callable[..., Any] = start_response(line, headers, *error)
                return write
            return lambda data: None

        body = self.app(environ, start)
        if status < 400:  # or no status: the WebSocket was opened, and is over
            return body
        try:
            text = b"".join(body).decode("utf-8", "replace")
        finally:
            getattr(body, "close", lambda: None)()
        close(connection, environ, 4000 + status, first_words(text))
        # The server must not write an answer. This ends the connection quietly.
        raise ConnectionResetError(errno.ECONNRESET, "the WebSocket was refused")

    def told(self, environ: Environ) -> bool:
        """Whether it is a handshake with an Origin, which browsers always send."""
        origin = environ.get("HTTP_ORIGIN")
        upgrade = environ.get("HTTP_UPGRADE", "").lower()
        listed = self.pages is None or origin in self.pages
        return upgrade == "websocket" and origin is not None and listed


def close(connection: socket.socket, environ: Environ, code: int, reason: bytes) -> None:
    """Open, close, and wait for the page to close."""
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").encode()
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
    ]
    offered = environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").split(",")[0].strip()
    if offered:  # the page needs one of them in the answer
        lines.append(f"Sec-WebSocket-Protocol: {offered}")
    connection.settimeout(PATIENCE)
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    time.sleep(PAUSE)
    payload = code.to_bytes(2, "big") + reason
    connection.sendall(bytes([0x88, len(payload)]) + payload)
    connection.recv(1024)


def first_words(text: str) -> bytes:
    """One line, cut at a character's edge to what a Close can carry."""
    line = " ".join(text.split()).encode("utf-8", "replace")
    return line[:REASON_BYTES].decode("utf-8", "ignore").encode()
