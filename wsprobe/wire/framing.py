"""What a wire version puts after its opening handshake: the seam between the conversation and its frames."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Literal, Protocol

from msgspec import Struct


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
        """Return *data*, which is to be UTF-8, as a text message."""

    def binary(self, data: bytes) -> bytes:
        """Return *data* as a binary message; b"" where the version has none."""

    def ping(self, data: bytes) -> bytes:
        """Return a ping; b"" where the version has none."""

    def pong(self, data: bytes) -> bytes:
        """Return a pong; b"" where the version has none."""

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        """Return a Close; None where the version closes by dropping the connection."""

    def answer(self, close: bytes) -> bytes | None:
        """Return the answer to a Close of the peer with this payload; None as for ``close``."""


Maker = Callable[[bytes, bytes], Framing]
"""(request as sent, head of the 101 as received) -> Framing."""

_HYBI = "wsprobe.wire.rfc6455:Hybi"

_SPEAKING = "wsprobe.wire.speaking"

FRAMINGS: dict[str, str] = {
    "hixie-75": f"{_SPEAKING}:Hixie75",
    "hixie-76": f"{_SPEAKING}:Hixie76",
    "hybi-04": f"{_SPEAKING}:Hybi04",
    "hybi-05": f"{_SPEAKING}:Hybi05",
    "hybi-06": f"{_SPEAKING}:Hybi06",
    "hybi-07": _HYBI,
    "hybi-08": _HYBI,
    "hybi-13": _HYBI,
}
"""``Plan.wire`` -> ``module:maker``, loaded when it is spoken: the table to add a wire version to."""

BEHIND_THE_HEAD = {"hixie-76": 16}
"""``Plan.wire`` -> bytes that belong to its handshake and follow the head of the 101: the session is open once
they are there."""


def maker(wire: str) -> Maker:
    """Return what makes the framing of *wire*.

    Raises ValueError, one line, for a wire version that is not spoken.
    """
    if wire not in FRAMINGS:
        raise ValueError(f"wire version {wire!a} is not spoken; known: {', '.join(FRAMINGS)}")
    module, _, name = FRAMINGS[wire].partition(":")
    found: Maker = getattr(import_module(module), name)
    return found
