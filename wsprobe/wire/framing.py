"""The interfaces that all wire versions share: frames after the handshake, written, received, and read from a
recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

from wsprobe.read.frames import When
from wsprobe.read.reading import Session


class Heard(Struct, frozen=True):
    """One event from the peer that may require the client to act."""

    what: Literal["message", "ping", "pong", "close"]
    data: bytes = b""
    """For ping, pong and close: the payload, unmasked, at most its first 125 bytes."""
    too_long: bool = False
    """A control frame of more than 125 bytes (RFC 6455 section 5.5)."""


class Framing(Protocol):
    """Frames of one wire version, in both directions. Never raises on received bytes; memory is bounded."""

    @property
    def frames(self) -> int:
        """The number of frames that the peer has begun."""

    def receive(self, data: bytes) -> list[Heard]:
        """Take the next bytes after the head of the 101, and return the events that they complete.

        Bytes of the handshake after the head (hixie-76: 16) come here first.
        """

    def text(self, data: bytes) -> bytes:
        """*data*, which must be UTF-8, as a text message."""

    def binary(self, data: bytes) -> bytes:
        """*data* as a binary message; b"" where the version has none."""

    def ping(self, data: bytes) -> bytes:
        """A ping; b"" where the version has none."""

    def pong(self, data: bytes) -> bytes:
        """A pong; b"" where the version has none."""

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        """A Close; None where the version closes by dropping the connection."""

    def answer(self, close: bytes) -> bytes | None:
        """The answer to a peer's Close with this payload; None as for ``close``."""


Maker = Callable[[bytes, bytes], Framing]
"""(request as sent, head of the 101 as received) -> Framing."""

SessionReader = Callable[[bytes, int, When, bytes, int, When], Session]
"""(received, start of the session in it, offset -> time, sent, start of our own frames in it, offset -> time)
-> the bytes after the 101, read without loss."""
