"""A page and its WebSockets on loopback: its files are given, and what passed on each socket is kept."""

from urllib.parse import unquote

from tests import served
from tests.served import Server, unmasked

LOOPBACK_ONLY = ("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",)
"""Switches of a browser that must reach nothing but this machine."""

REFUSED = (
    b"HTTP/1.1 403 Token Expired\r\nContent-Type: application/json\r\nX-Request-Id: abc\r\n"
    b'Content-Length: 25\r\n\r\n{"error":"token expired"}'
)
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
CLOSE = b"\x88\x0b\x11\x33forbidden"


class Site(Server):
    """*files*: path -> text; one that ends in .js is a script. In a text PORT is the site's own. Each WebSocket
    is answered by its path: /403, /302, /close4403, /drop, or /echo."""

    def __init__(self, files, tls=None):
        self.files = files
        self.passed = []
        """(path, received, sent) of each socket, in the order of their ends."""
        self.told = []
        """The queries of requests for /seen: what a page reports."""
        self.secure = tls is not None
        super().__init__(tls)

    def answer(self, request, stream):
        path = request.path.partition("?")[0]
        if request.key is None:
            if path == "/seen":
                self.told.append(unquote(request.path.partition("?")[2]))
            stream.sendall(self._file(path, request.fields.get("host", "")))
            return
        received, sent = request.head + request.rest, self._handshake(path, request)
        stream.sendall(sent)
        if sent.startswith(SWITCH):
            received, sent = self._session(stream, received, sent, close=path.startswith("/close"))
        self.passed.append((request.path, received, sent))

    def _file(self, path, host):
        found = self.files.get(path)
        body = (found or "").replace("HOST", host).replace("PORT", str(self.port)).encode()
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        return served.page(body, kind, "404 Not Found" if found is None else "200 OK")

    def _handshake(self, path, request):
        fixed = {"/403": REFUSED, "/302": REDIRECT, "/drop": b""}
        return fixed.get(path, SWITCH + b"Sec-WebSocket-Accept: %b\r\n\r\n" % request.accept)

    def _session(self, stream, received, sent, close):
        """Echo short frames until the client closes; with *close* begin with a Close."""
        if close:
            stream.sendall(CLOSE)
            sent += CLOSE
        while data := stream.recv(65536):
            received += data
            if close:
                break
            first, payload = unmasked(data)
            echo = bytes([first, len(payload)]) + payload
            stream.sendall(echo)
            sent += echo
            if first & 15 == 8:
                break
        return received, sent
