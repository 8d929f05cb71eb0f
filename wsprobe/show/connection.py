"""The connection: its peer, the certificates with the facts needed to fix them, and when things happened, as a
line and as a waterfall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsprobe.exchange import Certificate, Connected, Exchange, TlsDone
from wsprobe.read.reading import Reading
from wsprobe.recording.certificate import days_left, described
from wsprobe.report.timing import bars, phases, timing
from wsprobe.request.target import authority
from wsprobe.show.lines import Line, Look, Piece, line
from wsprobe.text import counted, shown_text

FEW_DAYS = 30
"""A certificate with fewer days left is mentioned: certificates valid for 90 days are usually renewed
earlier."""


def peer(exchange: Exchange) -> str:
    """The peer: address and port (or the socket's path), the TLS version, the certificate's last days."""
    where = ""
    for event in exchange.events:
        if type(event) is Connected:
            where = authority(event.address, event.port)
        elif type(event) is TlsDone:
            shown = event.certificate
            where += f", {event.version}"
            days = None if shown is None else days_left(shown, exchange.started)
            if days is not None and 0 <= days < FEW_DAYS:
                where += f", certificate for {counted(days, 'more day')}"
    return where


def summary(reading: Reading, look: Look, phases_too: bool = True) -> Line:
    """One line: how long each phase took, unless *phases_too* is False, and who answered."""
    spans = phases(reading)
    shown = []
    if phases_too:
        took = {name: end - start for name, start, end in spans}
        shown = [f"{name} {took[name]:.1f}" for name in ("resolve", "connect", "proxy", "tls") if name in took]
        if "answer" in took:
            answer = [(start, end) for name, start, end in spans if name in ("send", "answer", "head")]
            shown.append(f"answer {answer[-1][1] - answer[0][0]:.1f}")
        elif silence := no_answer(reading):
            shown.append(silence)
        cut = reading.exchange.how_ended == "interrupted"  # and the time of that may be unknown
        if "session" in took and not (cut and not took["session"]):
            shown.append(f"session {took['session']:.1f}")
    total = reading.exchange.events[-1].at / 1000 if reading.exchange.events else 0.0
    where = peer(reading.exchange)
    return line(
        "  ".join([*shown, f"total {total:.1f} ms"]) + (f"   {look.text(where.encode())}" if where else ""),
        style="dim",
    )


def no_answer(reading: Reading) -> str:
    """The time without an answer after the request; "" if there was one, or nothing was sent. For an answer of
    which only the status is known, just that."""
    if reading.final is not None and reading.final.stated:
        return f"an answer with status {reading.final.status}, of which no byte is known"
    times = timing(reading)
    if times.sent is None or times.first_byte is not None or times.ended is None:
        return ""
    waited = times.ended - times.sent
    return f"no answer after {waited:.{1 if waited < 10 else 0}f} ms"


def waterfall(reading: Reading, look: Look) -> list[Line]:
    """Each phase as a bar on a common scale; for a terminal."""
    spans = bars(reading)
    if not spans:
        return []
    # A recording written by hand may have its times in any order.
    total = max(0.001, *(end for _, _, end in spans))
    room = max(10, min(48, look.width - 32))
    rows = []
    for name, start, end in spans:
        left = min(max(round(start / total * room), 0), room - 1)
        size = max(1, round(end / total * room) - left)
        rows.append(
            line(
                Piece(f"  {name:<8}", "dim"),
                " " * left,
                Piece(("#" if not look.unicode else "\u2588") * size, "wait" if name == "answer" else "bar"),
                Piece(f" {end - start:.1f} ms", "dim"),
            )
        )
    return rows


NAMES = 12
"""The most names listed of one certificate."""


def chain(sent: Sequence[Certificate], started: str = "") -> Iterator[str]:
    """Lines about each certificate of *sent*, the server's own first.

    *started*: the time, ISO 8601 in UTC, for the days left; "" to leave these out.
    """
    for number, each in enumerate(sent):
        more = described(each.der)
        days = days_left(each, started) if started else None
        left = "" if days is None else f", {_days(days)}"
        name = "certificate" if number == 0 else "  and"
        yield f"{name} of {shown_text(each.subject) or 'no name'}, by {shown_text(each.issuer) or 'no name'}"
        if each.names:
            rest = len(each.names) - NAMES
            listed = ", ".join(each.names[:NAMES]) + (f" and {rest} more" if rest > 0 else "")
            yield f"    names {shown_text(listed)}"
        yield f"    valid {each.not_before} to {each.not_after}{left}"
        yield f"    {more.key or 'key unknown'}, {more.signature}, sha256 {more.sha256}"
        if number == 0 and more.public_key:
            yield f"    public key sha256//{more.public_key}"


def _days(days: int) -> str:
    if days >= 0:
        return f"{counted(days, 'day')} left" if days else "less than a day left"
    return f"expired {counted(-days - 1, 'day')} ago" if days < -1 else "expired less than a day ago"
