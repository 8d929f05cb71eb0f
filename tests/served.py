"""A server on loopback for real clients: each connection has a thread, and a subclass answers its requests."""

import socket
import threading
from contextlib import suppress
from typing import NamedTuple

from wsprobe.read.tokens import expected_accept

PATIENCE = 60.0
"""Seconds until a connection of which nothing comes is given up."""


class Request(NamedTuple):
    """One that came."""

    head: bytes
    rest: bytes
    """What came behind the head with it."""
    path: str
    fields: dict[str, str]
    """By their names in lower case."""

    @property
    def key(self):
        """Of a handshake; None of any other request."""
        return self.fields.get("sec-websocket-key")

    @property
    def accept(self):
        return expected_accept(self.key.encode())


class Server:
    """Listens from the beginning; ``end`` closes it. *tls*: an SSLContext."""

    def __init__(self, tls=None, host="127.0.0.1", port=0):
        self._tls = tls
        self._listener = socket.create_server((host, port), backlog=512)
        self.port = self._listener.getsockname()[1]
        self.origin = f"http{'s' if tls else ''}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def answer(self, request, stream):
        """Answer *request*; whether another one may follow on its connection."""
        raise NotImplementedError

    def over(self, stream):
        """The client of *stream* has closed it, and read everything."""

    def end(self):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def _serve(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connection, args=(client,), daemon=True).start()

    def _connection(self, client):
        client.settimeout(PATIENCE)
        with (
            suppress(OSError, IndexError),
            client,
            client if self._tls is None else self._tls.wrap_socket(client, server_side=True) as stream,
        ):
            with suppress(OSError):
                while (request := read(stream)) is not None and self.answer(request, stream):
                    pass
                stream.shutdown(socket.SHUT_WR)
                while stream.recv(65536):
                    pass
            self.over(stream)


def read(stream):
    """The next request; None where none comes any more."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := stream.recv(65536)):
            return None
        data += more
    head, end, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Request(
        head + end, rest, first.split()[1], {name.lower(): value.strip() for name, _, value in pairs}
    )


def page(body, kind="text/html", status="200 OK", more=("Connection: close",)):
    """An answer with *body*."""
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more, "", "")
    return "\r\n".join(lines).encode() + body


def unmasked(frame):
    """The first byte and the payload of a short frame of a client."""
    payload = frame[6 : 6 + (frame[1] & 127)]
    return frame[0], bytes(each ^ frame[2 + at % 4] for at, each in enumerate(payload))
