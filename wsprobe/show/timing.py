"""When things happened: phases of an exchange, in milliseconds, as numbers, a line and a waterfall."""

from __future__ import annotations

from msgspec import Struct

from wsprobe.certificate import days_left
from wsprobe.exchange import Connected, Ended, Exchange, Received, Resolved, Sent, TlsDone, TunnelReceived
from wsprobe.read.reading import Reading
from wsprobe.show.lines import Line, Look, Piece, line
from wsprobe.target import authority


class Timing(Struct, frozen=True):
    """Milliseconds from the start; None where it did not happen."""

    resolved: float | None = None
    connected: float | None = None
    tls: float | None = None
    sent: float | None = None
    first_byte: float | None = None
    head: float | None = None
    ended: float | None = None


def timing(reading: Reading) -> Timing:
    """When each phase was over."""
    events = reading.exchange.events

    def first(*kinds: type) -> float | None:
        return next((e.at / 1000 for e in events if isinstance(e, kinds)), None)

    final = reading.final
    head = None
    if final is not None and final.head.complete:
        head = reading.when(final.head.start + len(final.head.raw) - 1) / 1000
    return Timing(
        resolved=first(Resolved),
        connected=first(Connected),
        tls=first(TlsDone),
        sent=first(Sent),
        first_byte=first(Received),
        head=head,
        ended=first(Ended),
    )


def phases(reading: Reading) -> list[tuple[str, float, float]]:
    """(name, start, end) in milliseconds for each phase that took place, in order."""
    times = timing(reading)
    tunnel = [e.at / 1000 for e in reading.exchange.events if isinstance(e, TunnelReceived)]
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


FEW_DAYS = 30
"""A certificate that is good for fewer is worth a word: certificates of 90 days are renewed by then."""


def peer(exchange: Exchange) -> str:
    """Who answered: address and port (or the socket's path), the TLS version, the certificate's last days."""
    where = ""
    for event in exchange.events:
        match event:
            case Connected(address=address, port=port):
                where = authority(address, port)
            case TlsDone(version=version, certificate=shown):
                where += f", {version}"
                days = None if shown is None else days_left(shown, exchange.started)
                if days is not None and 0 <= days < FEW_DAYS:
                    where += f", certificate for {days} more {'day' if days == 1 else 'days'}"
            case _:
                pass
    return where


def summary(reading: Reading, look: Look, phases_too: bool = True) -> Line:
    """One line: how long each phase took, unless *phases_too* is False, and who answered."""
    spans = phases(reading)
    shown = [
        f"{name} {end - start:.1f}"
        for name, start, end in spans
        if phases_too and name in ("resolve", "connect", "proxy", "tls")
    ]
    answer = [(start, end) for name, start, end in spans if name in ("send", "answer", "head")]
    if answer and phases_too:
        shown.append(f"answer {answer[-1][1] - answer[0][0]:.1f}")
    total = reading.exchange.events[-1].at / 1000 if reading.exchange.events else 0.0
    where = peer(reading.exchange)
    return line(
        "  ".join([*shown, f"total {total:.1f} ms"]) + (f"   {look.text(where.encode())}" if where else ""),
        style="dim",
    )


def waterfall(reading: Reading, look: Look) -> list[Line]:
    """Each phase as a bar on a common scale; for a terminal."""
    spans = phases(reading)
    if not spans:
        return []
    total = max(spans[-1][2], 0.001)
    room = max(10, min(48, look.width - 32))
    rows = []
    for name, start, end in spans:
        left = round(start / total * room)
        size = max(1, round(end / total * room) - left)
        rows.append(
            line(
                Piece(f"  {name:<8}", "dim"),
                " " * min(left, room - 1),
                Piece(("#" if not look.unicode else "\u2588") * size, "wait" if name == "answer" else "bar"),
                Piece(f" {end - start:.1f} ms", "dim"),
            )
        )
    return rows
