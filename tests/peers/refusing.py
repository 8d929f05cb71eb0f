"""A server that answers 403 to whoever asks, and counts what it was asked."""

import threading
from collections import Counter

from tests.served import Server

PATIENCE = 120


class Refusing(Server):
    """A path that begins with /held is answered only when the gate is open; one that begins with /first is not
    found by those that ask after the first one."""

    def __init__(self):
        self.asked = Counter()
        self.gate = threading.Event()
        super().__init__()

    def url(self, path):
        return f"ws{self.origin.removeprefix('http')}{path}"

    def answer(self, request, stream):
        path = request.path
        self.asked[path] += 1
        if path.startswith("/held"):
            self.gate.wait(PATIENCE)
        later = path.startswith("/first") and self.asked[path] > 1
        status = b"404 Not Found" if later else b"403 Forbidden"
        stream.sendall(b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)

    def end(self):
        self.gate.set()
        super().end()
