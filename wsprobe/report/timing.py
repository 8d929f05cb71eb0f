"""The times of an exchange: the end and the duration of each phase; and durations as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from wsprobe.exchange import Connected, Ended, Received, Resolved, Sent, TlsDone, TunnelReceived
from wsprobe.read.reading import Reading


class Timing(Struct, frozen=True, forbid_unknown_fields=True):
    """The end of each phase; null if it did not happen."""

    # Milliseconds from the start. It is a value of the contract too: --json has it as it is.
    resolved: float | None
    """The name was resolved."""
    connected: float | None
    """TCP was connected."""
    tls: float | None
    """TLS was set up."""
    sent: float | None
    """The request was sent."""
    first_byte: float | None
    """The first byte of an answer arrived."""
    head: float | None
    """The head of the final answer was complete."""
    ended: float | None
    """The recording ended."""


TIMES = {
    "time_resolved": "resolved",
    "time_connected": "connected",
    "time_tls": "tls",
    "time_sent": "sent",
    "time_first_byte": "first_byte",
    "time_head": "head",
    "time_total": "ended",
}
"""The names of the members of ``Timing`` in ``--write-out`` and ``--expect``."""


def moment(iso: str) -> float | None:
    """Seconds since 1970 of a time in ISO 8601, in UTC if it names no zone; None for an invalid one: the
    ``started`` of a recording may be any text."""
    try:
        found = datetime.fromisoformat(iso)
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def in_utc(iso: str) -> str:
    """The same time in UTC to the millisecond, as ``2026-11-26T19:42:33.120Z``; the beginning of 1970 for an
    invalid one."""
    try:
        found = datetime.fromisoformat(iso)
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        found = datetime(1970, 1, 1)
    return found.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def timing(reading: Reading) -> Timing:
    """When each phase ended."""
    first: dict[type, float] = {type(event): event.at / 1000 for event in reversed(reading.exchange.events)}
    final = reading.final
    head = None
    if final is not None and final.head.complete and not final.stated:
        head = reading.when(final.head.start + len(final.head.raw) - 1) / 1000
    return Timing(
        resolved=first.get(Resolved),
        connected=first.get(Connected),
        tls=first.get(TlsDone),
        sent=first.get(Sent),
        first_byte=first.get(Received),
        head=head,
        ended=first.get(Ended),
    )


def bars(reading: Reading) -> list[tuple[str, float, float]]:
    """``phases`` as shown: sending takes no time, and belongs to the next phase."""
    found: list[tuple[str, float, float]] = []
    begin: float | None = None
    for name, start, end in phases(reading):
        if name == "send":
            begin = start
            continue
        found.append((name, start if begin is None else begin, end))
        begin = None
    return found


def phases(reading: Reading) -> list[tuple[str, float, float]]:
    """(name, start, end) in milliseconds for each phase that happened, in order."""
    times = timing(reading)
    tunnel = [e.at / 1000 for e in reading.exchange.events if type(e) is TunnelReceived]
    marks = [
        ("resolve", times.resolved),
        ("connect", times.connected),
        ("proxy", tunnel[-1] if tunnel else None),
        ("tls", times.tls),
        ("send", times.sent),
        ("answer", times.first_byte),
        ("head", times.head),
        ("session" if reading.session else "rest", times.ended),
    ]
    found = []
    at = 0.0
    for name, end in marks:
        if end is None:
            continue
        found.append((name, at, end))
        at = end
    return found


def how_long(seconds: float) -> str:
    """A duration in its two largest units, in a form that options accept too: ``0.4 s``, ``12 s``,
    ``2m 10s``, ``3h 05m``, ``2d 04h``."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02}m"
    return f"{whole // 86400}d {whole % 86400 // 3600:02}h"


def how_long_exactly(seconds: float) -> str:
    """The same, but in milliseconds below a second: ``8.6 ms``."""
    return f"{max(seconds, 0.0) * 1000:.1f} ms" if seconds < 0.99995 else how_long(seconds)
