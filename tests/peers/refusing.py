"""A server that answers 403 to whoever asks, and counts what it was asked."""

import socketserver
import threading
from collections import Counter
from contextlib import contextmanager

from tests.peers.place import HOST, in_thread

PATIENCE = 120


class Refusing(socketserver.ThreadingTCPServer):
    """A path that begins with /held is answered only when the gate is open; one that begins with /first is not
    found by those that ask after the first one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__((HOST, 0), _Refused)
        self.asked = Counter()
        self.gate = threading.Event()

    def url(self, path):
        return f"ws://{HOST}:{self.server_address[1]}{path}"


class _Refused(socketserver.StreamRequestHandler):
    server: Refusing

    def handle(self):
        path = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        self.server.asked[path] += 1
        if path.startswith("/held"):
            self.server.gate.wait(PATIENCE)
        later = path.startswith("/first") and self.server.asked[path] > 1
        status = b"404 Not Found" if later else b"403 Forbidden"
        self.wfile.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)


@contextmanager
def refusing():
    with in_thread(Refusing(), 0.01) as made:
        yield made
        made.gate.set()
