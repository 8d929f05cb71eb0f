"""Reads a client's request, for the servers of the lab and the relay."""

from __future__ import annotations

from msgspec import Struct

from wsprobe.read.head import HeadSplitter
from wsprobe.read.reading import Head, Reading

CHALLENGE = 8
"""Bytes of hixie-76 after the head (draft-hixie-thewebsocketprotocol-76 section 4.1, step 26)."""


def is_hello(data: bytes | bytearray) -> bool:
    """True if *data* begins a TLS handshake (RFC 8446 section 5.1) in place of the expected HTTP."""
    return data[:2] == b"\x16\x03"


class Request(Struct, frozen=True):
    head: Head
    method: bytes
    resource: bytes
    """As in the request line."""
    early: bytes
    """What came after it."""
    body: bytes = b""
    """hixie-76: the eight bytes after the head; else the body of a POST."""

    def first(self, name: bytes) -> bytes:
        """The value of the first field called *name* (lower case), b"" if there is none."""
        found = self.head.all(name)
        return found[0].value if found else b""

    @property
    def upgrade(self) -> bool:
        """Whether it requests a WebSocket, of any version."""
        return self.first(b"upgrade").lower() == b"websocket"


class RequestReader:
    """Finds a request in bytes as they arrive; looks at each byte once."""

    def __init__(self) -> None:
        self.came = bytearray()
        """Everything so far."""
        self._splitter = HeadSplitter()
        self._head: Head | None = None

    def receive(self, data: bytes) -> Request | None:
        """Take the next bytes; return the request once its head and its body are complete.

        A request with Sec-WebSocket-Key1 has eight bytes after its head, and no field announces them
        (draft-hixie-thewebsocketprotocol-76 section 4.1, step 26): a server must wait for them.
        """
        self.came += data
        head = self._head = self._head or self._splitter.advance(self.came)
        if head is None or head.first is None:
            return None
        body = head.start + len(head.raw)
        end = body + (CHALLENGE if head.all(b"sec-websocket-key1") else _posted(head))
        if len(self.came) < end:
            return None
        method, _, after = head.first.text.partition(b" ")
        resource, _, _ = after.rpartition(b" ")
        return Request(head, method, resource or after, bytes(self.came[end:]), bytes(self.came[body:end]))


def _posted(head: Head) -> int:
    """The Content-Length of a POST; 0 for any other request."""
    lengths = {field.value.strip() for field in head.all(b"content-length")}
    if head.first is None or not head.first.text.startswith(b"POST ") or len(lengths) != 1:
        return 0
    length = lengths.pop()
    return int(length) if length.isdigit() and len(length) < 8 else 0


def request_fields(reading: Reading) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of our request, with pseudo-headers, in order: as sent, or as planned if nothing was sent."""
    if reading.http2 is not None and reading.http2.request is not None:
        return tuple((field.name, field.value) for field in reading.http2.request.fields)
    planned = reading.exchange.plan.http2
    return planned.fields if planned is not None else ()
