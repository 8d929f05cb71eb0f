"""A WSGI application on a port, for an occasional reader: in its own threads, next to trio."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from wsprobe.target import loopback, names_this_machine

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

PATIENCE = 10.0
"""Seconds for a reader's request, and as many for reading the answer."""
LONGEST_HEAD = 16 * 1024
"""Bytes of a request's head."""
READERS = 8
"""Readers at the same time; Prometheus is one. Others are refused, because each has a thread, and an answer in
memory."""
LOOKS = 0.1
"""Seconds between two looks at whether to end: a watch should not wait half a second after ^C."""


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def setup(self) -> None:
        super().setup()
        self.rfile = BytesIO(_head(self.connection))

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing: standard error is for the program's own messages."""

    def address_string(self) -> str:
        """The address instead of a name, which would need a DNS request."""
        return str(self.client_address[0])


def _head(stream: socket.socket) -> bytes:
    """A request's head, however slowly it arrives; one that is too long is cut, which makes it invalid.

    Raises TimeoutError if it takes longer than PATIENCE.
    """
    head, deadline = b"", monotonic() + PATIENCE
    while b"\n\r\n" not in head and b"\n\n" not in head and len(head) < LONGEST_HEAD:
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        stream.settimeout(left)
        data = stream.recv(LONGEST_HEAD)
        if not data:
            break
        head += data
    stream.settimeout(PATIENCE)
    return head


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        self._free = BoundedSemaphore(READERS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def server_bind(self) -> None:
        # HTTPServer would ask the name service for a name of this address.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that disconnects, or is too slow, is not an error."""


class _Server6(_Server):
    address_family = socket.AF_INET6


@contextmanager
def served(application: WSGIApplication, address: str, port: int) -> Iterator[int]:
    """Serve *application* at the IP *address* while the context lasts; gives the port, a free one for 0.

    At a loopback address a request has to name this machine: else a page elsewhere could read the answer, by a
    name of its own that leads here (DNS rebinding). Raises OSError where the port cannot be had.
    """
    kind = _Server6 if ":" in address else _Server
    server = kind((address, port))
    server.set_app(_for_this_machine(application) if loopback(address) else application)
    thread = Thread(target=server.serve_forever, args=(LOOKS,), name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _for_this_machine(application: WSGIApplication) -> WSGIApplication:
    """*application* for requests that name this machine."""

    def answer(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "localhost")
        if names_this_machine(host, frozenset()):
            return application(environ, start)
        start("421 Misdirected Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"This server does not have the name {host!a}; use localhost.\n".encode()]

    return answer
