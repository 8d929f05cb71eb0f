"""A page and its WebSockets on loopback: its files are given, and what passed on each socket is kept."""

import base64
import hashlib
import socket
import threading
from contextlib import contextmanager, suppress
from urllib.parse import unquote

LOOPBACK_ONLY = ("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",)
"""Switches of a browser that must reach nothing but this machine."""

REFUSED = (
    b"HTTP/1.1 403 Token Expired\r\nContent-Type: application/json\r\nX-Request-Id: abc\r\n"
    b'Content-Length: 25\r\n\r\n{"error":"token expired"}'
)
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
)
CLOSE = b"\x88\x0b\x11\x33forbidden"


class Site:
    """*files*: path -> text; one that ends in .js is a script. In a text PORT is the site's own. Each WebSocket
    is answered by its path: /403, /302, /close4403, /drop, or /echo."""

    def __init__(self, files, tls=None):
        self.files = files
        self.passed = []
        """(path, received, sent) of each socket, in the order of their ends."""
        self.told = []
        """The queries of requests for /seen: what a page reports."""
        self._tls = tls
        self.secure = tls is not None
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._socket.getsockname()[1]

    def serve(self):
        """Answer until the listening socket is closed."""
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def end(self):
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _guarded(self, client):
        client.settimeout(60)
        with (
            suppress(OSError, IndexError),
            client,
            client if self._tls is None else self._tls(client) as wire,
        ):
            self._answer(wire)

    def _answer(self, client):
        received = b""
        while b"\r\n\r\n" not in received:
            if not (data := client.recv(65536)):
                return
            received += data
        head = received.decode("latin-1").split("\r\n")
        path = head[0].split()[1]
        pairs = (line.partition(": ") for line in head[1:])
        fields = {name.lower(): value for name, _, value in pairs}
        key = fields.get("sec-websocket-key")
        if key is None:
            if path.startswith("/seen?"):
                self.told.append(unquote(path.partition("?")[2]))
            client.sendall(self._file(path.partition("?")[0], fields.get("host", "")))
            return
        sent = self._handshake(path.partition("?")[0], key)
        client.sendall(sent)
        if sent.startswith(SWITCH):
            received, sent = self._session(client, received, sent, close=path.startswith("/close"))
        self.passed.append((path, received, sent))

    def _file(self, path, host):
        found = self.files.get(path)
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        body = (found or "").replace("HOST", host).replace("PORT", str(self.port)).encode()
        status = "404 Not Found" if found is None else "200 OK"
        lines = (
            f"HTTP/1.1 {status}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "\r\n".join((*lines, "", "")).encode() + body

    def _handshake(self, path, key):
        fixed = {"/403": REFUSED, "/302": REDIRECT, "/drop": b""}
        if path in fixed:
            return fixed[path]
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        return SWITCH + base64.b64encode(digest) + b"\r\n\r\n"

    def _session(self, client, received, sent, close):
        """Echo short frames until the client closes; with *close* begin with a Close."""
        if close:
            client.sendall(CLOSE)
            sent += CLOSE
        while data := client.recv(65536):
            received += data
            size, mask = data[1] & 127, data[2:6]
            payload = bytes(each ^ mask[at % 4] for at, each in enumerate(data[6 : 6 + size]))
            if close:
                break
            client.sendall(bytes([data[0], size]) + payload)
            sent += bytes([data[0], size]) + payload
            if data[0] & 15 == 8:
                break
        return received, sent


@contextmanager
def site(files, context=None):
    """A running ``Site``, over TLS with *context*."""
    wrap = None if context is None else lambda client: context.wrap_socket(client, server_side=True)
    made = Site(files, wrap)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.end()
        thread.join(5)
