"""What becomes of a handshake in a runtime."""

from __future__ import annotations

import msgspec

from wsprobe.exchange import Ended

AT_ONCE = 1000
"""Microseconds in which a runtime inflates a message, beside its event loop: an end that comes meanwhile is
seen first."""


class Failed(msgspec.Struct, frozen=True):
    """Why there is no session."""

    because: str
    text: str | None = None
    """One of ``RuntimeFacts.failures``, filled in."""
    code: str = ""
    beyond: tuple[str, ...] = ()
    """As ``ScriptView.beyond``."""


class Opened(msgspec.Struct, frozen=True):
    protocol: str
    extensions: str
    stop: int
    """Offset in ``Reading.received`` behind the head."""
    deflates: bool = False
    takeover: bool = True
    bits: int = 15
    """Of the server's window; 0 where it is no number that zlib takes."""
    round_trip: int = AT_ONCE
    """Microseconds that a packet takes to the server and back: an answer takes longer."""

    def right_behind(self, ended: Ended, last: int) -> bool:
        """Whether the server *ended* the connection right behind what it sent at *last*, before it can have had
        what the client sent next."""
        return ended.at - last <= min(self.round_trip, AT_ONCE)


class Answered(msgspec.Struct, frozen=True):
    """What one reading comes to: *outcome* at *at* (microseconds), None while it is still open."""

    at: int
    outcome: Opened | Failed | None
