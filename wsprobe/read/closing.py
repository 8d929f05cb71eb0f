"""The closing handshake of a session (RFC 6455 section 7)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wsprobe.read.behind import frames_before_http
from wsprobe.read.reading import Reading


class Close(Struct, frozen=True):
    """How a session was closed: by which side first, and what the server's Close frame said, or ours if it sent
    none."""

    code: int | None
    """None for a Close frame without one (1005 in script)."""
    reason: str
    clean: bool
    """Both sides sent a Close frame."""
    by: Literal["server", "client"]


def close_of(reading: Reading) -> Close | None:
    """The closing handshake; None if there was no Close frame."""
    session = reading.session
    if session is None:
        return None
    of = frames_before_http(reading) or session
    theirs = next((f for f in of.frames if f.opcode == 8), None)
    ours = next((f for f in of.sent if f.opcode == 8), None)
    first = min((f for f in (theirs, ours) if f is not None), key=lambda f: f.at, default=None)
    if first is None:
        return None
    shown = theirs if theirs is not None else first
    return Close(
        code=session.close_code(shown),
        reason=shown.data[2 if session.close_codes else 0 :].decode("utf-8", "replace"),
        clean=theirs is not None and ours is not None,
        by="server" if first is theirs else "client",
    )
