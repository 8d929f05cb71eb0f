"""The result of a handshake in a runtime."""

from __future__ import annotations

import msgspec

from wsprobe.exchange import Ended, UnpackedMessages

AT_ONCE = 1000
"""Microseconds that a runtime takes to inflate a message, outside its event loop. If the connection ends in
that time, the runtime sees the end first."""


class Failed(msgspec.Struct, frozen=True):
    """A handshake that failed, and why."""

    because: str
    text: str | None = None
    """One of the texts of ``RuntimeFacts.failures``, with its fields filled in; None without a text."""
    code: str = ""
    beyond: tuple[str, ...] = ()
    """As ``ScriptView.beyond``."""


class Opened(msgspec.Struct, frozen=True):
    protocol: str
    extensions: str
    stop: int
    """Offset in ``Reading.received`` of the first byte after the head."""
    deflates: bool = False
    takeover: bool = True
    bits: int = 15
    """Window size of the server's compression, as a power of two; 0 if zlib does not accept it."""
    masked: UnpackedMessages | None = None
    """The contents of messages that are masked in the recording."""
    round_trip: int = AT_ONCE
    """Microseconds that a packet takes to the server and back. No answer can come sooner."""

    def right_behind(self, ended: Ended, last: int) -> bool:
        """True if the server *ended* the connection so soon after it sent its bytes of *last* (microseconds)
        that it cannot have received what the client sent next."""
        return ended.at - last <= min(self.round_trip, AT_ONCE)


class Answered(msgspec.Struct, frozen=True):
    """The result of one reading: *outcome* at *at* (microseconds), None if there is no result yet."""

    at: int
    outcome: Opened | Failed | None
