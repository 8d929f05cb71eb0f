"""A WSGI application on a port, for who reads it now and then: in threads of its own, beside trio."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

PATIENCE = 10.0
"""Seconds for a reader to ask, and to take the answer."""


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: standard error is for the program's own words."""

    def address_string(self) -> str:
        """The address, and not a name that would have to be looked up."""
        return str(self.client_address[0])


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # HTTPServer would ask the name service for a name of this address.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that went away is no word worth."""


class _Server6(_Server):
    address_family = socket.AF_INET6


@contextmanager
def served(application: WSGIApplication, address: str, port: int) -> Iterator[int]:
    """Serve *application* at the IP *address* while the context lasts; gives the port, a free one for 0.

    Raises OSError where that cannot be had.
    """
    kind = _Server6 if ":" in address else _Server
    server = kind((address, port), _Handler)
    server.set_app(application)
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
