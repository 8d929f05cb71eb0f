"""The closing handshake of a session, and the codes of a Close (RFC 6455 section 7)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wsprobe.read.behind import frames_before_http
from wsprobe.read.frames import first_close
from wsprobe.read.reading import Reading

NEVER_SENT = {1005: "a Close without a code", 1006: "a dropped connection", 1015: "TLS that failed"}
"""Code that must not be sent -> what it means to the endpoint that reports it (RFC 6455 section 7.4.1)."""

AFTER_RFC6455 = {1012: "Service Restart", 1013: "Try Again Later", 1014: "Bad Gateway"}
"""Codes that IANA registered after RFC 6455 was published."""

RESERVED = 1004
"""A code that RFC 6455 section 7.4.1 keeps for a later meaning."""

REGISTERED = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
"""IANA's registry of close codes below 3000, without 1004 (reserved) and those that are never sent."""


def may_be_sent(code: int) -> bool:
    """True if a Close may have *code* on the wire.

    RFC 6455 section 7.4.2: codes below 1000 are not used, those from 1000 to 2999 are for the protocol and must
    be registered, those from 3000 to 4999 are for libraries and applications; there are no others.
    """
    return code in REGISTERED or 3000 <= code <= 4999


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
