"""The closing handshake of a session (RFC 6455 section 7)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wsprobe.read.behind import frames_before_http
from wsprobe.read.frames import first_close
from wsprobe.read.reading import Reading


class SessionClose(Struct, frozen=True, forbid_unknown_fields=True):
    """The closing handshake."""

    # Part of the contract too: --json has this value unchanged.
    code: int | None
    """The code; null if the frame was empty, which a script sees as 1005."""
    reason: str
    """The reason; bytes that are not UTF-8 are replaced."""
    clean: bool
    """Whether both sides sent a Close frame."""
    by: Literal["server", "client"]
    """Who sent the first one."""


def close_of(reading: Reading) -> SessionClose | None:
    """The closing handshake; None if there was no Close frame."""
    session = reading.session
    if session is None:
        return None
    of = frames_before_http(reading) or session
    theirs, ours = first_close(of.frames), first_close(of.sent)
    first = min((f for f in (theirs, ours) if f is not None), key=lambda f: f.at, default=None)
    if first is None:
        return None
    shown = theirs if theirs is not None else first
    return SessionClose(
        code=session.close_code(shown),
        reason=shown.data[2 if session.close_codes else 0 :].decode("utf-8", "replace"),
        clean=theirs is not None and ours is not None,
        by="server" if first is theirs else "client",
    )
