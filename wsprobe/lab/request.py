"""The request that reached the lab, and the fields it gives to templates."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha1

from wsprobe.read.http.heads import HeadSplitter
from wsprobe.read.reading import Head
from wsprobe.read.tokens import expected_accept, split_list
from wsprobe.read.websocket.challenge import BODY

PATIENCE = 20.0
"""Seconds that a client has for its request."""

LONGEST = 256 * 1024
"""Bytes of a request's head that are still read."""


@dataclass(frozen=True, slots=True)
class Request:
    head: Head
    method: bytes
    resource: bytes
    """As the request line carries it."""
    early: bytes
    """What came after it."""
    body: bytes = b""
    """hixie-76: the eight bytes behind the head."""

    def first(self, name: bytes) -> bytes:
        """Return the value of the first field called *name* (lower case), b"" if there is none."""
        found = self.head.all(name)
        return found[0].value if found else b""

    @property
    def upgrade(self) -> bool:
        """Whether it asks for a WebSocket, of whatever version."""
        return self.first(b"upgrade").lower() == b"websocket"


class RequestReader:
    """Finds a request in bytes as they come; each byte is looked at once."""

    def __init__(self) -> None:
        self.came = bytearray()
        """Everything so far."""
        self._splitter = HeadSplitter()
        self._head: Head | None = None

    def receive(self, data: bytes) -> Request | None:
        """Take the next bytes; return the request once its head is complete, and what belongs to it there.

        A request with a Sec-WebSocket-Key1 has eight bytes behind its head, which no field announces
        (draft-hixie-thewebsocketprotocol-76 section 4.1, step 26): a server has to wait for them.
        """
        self.came += data
        head = self._head = self._head or self._splitter.advance(self.came)
        if head is None or head.first is None:
            return None
        body = head.start + len(head.raw)
        end = body + (BODY if head.all(b"sec-websocket-key1") else 0)
        if len(self.came) < end:
            return None
        method, _, after = head.first.text.partition(b" ")
        resource, _, _ = after.rpartition(b" ")
        return Request(head, method, resource or after, bytes(self.came[end:]), bytes(self.came[body:end]))


def request(data: bytes) -> Request | None:
    """Return the request that *data* begins with, None while its head is not complete."""
    return RequestReader().receive(data)


def values(asked: Request) -> dict[str, bytes]:
    """Return what the request itself fills in.

    ``{accept}`` is the right Sec-WebSocket-Accept (RFC 6455 section 4.2.2), the others that begin so are wrong
    in one way each; ``{host}`` is the Host field, ``{path}`` the resource name, ``{protocol}`` the first
    subprotocol offered.
    """
    key = asked.first(b"sec-websocket-key")
    accept = expected_accept(key)
    digest = b64decode(accept)
    protocols = split_list(asked.first(b"sec-websocket-protocol") or asked.first(b"websocket-protocol"))
    return {
        "accept": accept,
        "accept-lower": accept.lower(),
        "accept-swapped": accept.swapcase(),
        "accept-unpadded": accept.rstrip(b"="),
        "accept-hex": digest.hex().encode("ascii"),
        "accept-base64-of-hex": b64encode(digest.hex().encode("ascii")),
        "accept-without-guid": b64encode(sha1(key, usedforsecurity=False).digest()),
        "key": key,
        "host": asked.first(b"host"),
        "origin": asked.first(b"origin") or asked.first(b"sec-websocket-origin"),
        "path": asked.resource,
        "protocol": protocols[0] if protocols else b"",
    }
