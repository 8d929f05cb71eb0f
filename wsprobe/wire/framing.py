"""The forms that all wire versions share: what follows the handshake, said, heard, and read from a
recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

from wsprobe.read.frames import When
from wsprobe.read.reading import Session


class Heard(Struct, frozen=True):
    """One thing the peer said that the client may have to act on."""

    what: Literal["message", "ping", "pong", "close"]
    data: bytes = b""
    """Of ping, pong and close: the payload, unmasked, at most 125 bytes of it."""
    too_long: bool = False
    """A control frame of more than 125 bytes (RFC 6455 section 5.5)."""


class Framing(Protocol):
    """Frames of one wire version, in both directions. Never raises on received bytes; memory is bounded."""

    @property
    def frames(self) -> int:
        """How many frames of the peer have begun."""

    def receive(self, data: bytes) -> list[Heard]:
        """Take the next bytes after the head of the 101, and return what they completed.

        What belongs to a version's handshake but follows the head (hixie-76: 16 bytes) comes here first.
        """

    def text(self, data: bytes) -> bytes:
        """*data*, which is to be UTF-8, as a text message."""

    def binary(self, data: bytes) -> bytes:
        """*data* as a binary message; b"" where the version has none."""

    def ping(self, data: bytes) -> bytes:
        """A ping; b"" where the version has none."""

    def pong(self, data: bytes) -> bytes:
        """A pong; b"" where the version has none."""

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        """A Close; None where the version closes by dropping the connection."""

    def answer(self, close: bytes) -> bytes | None:
        """The answer to a Close of the peer with this payload; None as for ``close``."""


Maker = Callable[[bytes, bytes], Framing]
"""(request as sent, head of the 101 as received) -> Framing."""

SessionReader = Callable[[bytes, int, When, bytes, int, When], Session]
"""(received, where the session starts in it, offset -> time, sent, where our own frames start, offset -> time)
-> what followed the 101, read without loss."""
