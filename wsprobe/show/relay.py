"""The output of a relay: one line per connection, and the client's side of a report."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from wsprobe.read.reading import Head
from wsprobe.read.request import Request
from wsprobe.relay.client import Difference, PageClose, close_of_client, request_differences, told_to_client
from wsprobe.relay.relaying import Refusal
from wsprobe.report.report import Report
from wsprobe.show.lines import Line, Look, Piece, Style, fitted, line
from wsprobe.text import shown_text

VALUE = 100
"""The most bytes of a field's value to show."""
ENDED = {
    "fin": "the client closed the connection",
    "reset": "the client reset the connection",
    "local": "the server closed first; then wsprobe closed the client's connection",
    "timeout": "wsprobe closed the connection at its time limit",
    "interrupted": "wsprobe was interrupted while the client was connected",
}


def away(peer: str, request: Request | None, refusal: Refusal) -> Line:
    """One line about a request that was not forwarded."""
    first = "" if request is None or request.head.first is None else _shown(request.head.first.text, Look())
    return line(
        Piece(f"{peer} ", "dim"),
        Piece(f"{first} " if first else ""),
        Piece(f"{refusal.status} by the relay: ", "warn"),
        refusal.text,
    )


def answered(number: int, report: Report, told: PageClose | None, look: Look) -> Line:
    """One line about a finished handshake: the client's request, the answer, and what the client gets."""
    reading = report.reading
    final = reading.final
    origin = _origin(reading.request.head, look)
    said = report.outcome if final is None or final.head.first is None else _shown(final.head.first.text, look)
    style: Style = "good" if final is not None and final.status == 101 else "fail"
    pieces = [
        Piece(f"#{number} ", "dim"),
        Piece(shown_text(report.exchange.plan.target.resource)),
        Piece(f"  {origin}  ", "dim"),
        Piece(said, style),
    ]
    if told is not None:
        pieces.append(Piece(f"  page told {told_text(told, look)}"))
    return tuple(pieces)


def told_text(told: PageClose, look: Look) -> str:
    """A Close in a few words."""
    return f'{told.code} "{look.text(told.reason.encode())}"' if told.reason else str(told.code)


def client_lines(report: Report, look: Look, number: int = 0) -> list[Line]:
    """The client's side of a report; empty without a relay. *number*: that of the connection, 0 for none."""
    client = report.exchange.client
    if client is UNSET:
        return []
    origin = _origin(report.reading.request.head, look)
    rows = [line(Piece(f"client #{number} " if number else "client ", "name"), f"{client.peer}, {origin}")]
    told = told_to_client(report.exchange)
    if told is not None:
        status, close = told
        text = f"status {status}" if close is None else f"close {told_text(close, look)}"
        rows.append(line(f"  wsprobe answered in place of the server: {text}"))
    close = close_of_client(report.reading)
    if close is not None:
        rows.append(line(f"  the client sent Close {told_text(close, look)}"))
    rows.append(line(f"  {ENDED.get(client.ended, client.ended)}"))
    different = request_differences(report.exchange)
    if different:
        rows.append(line("  its request differs from what wsprobe connect sends:"))
        rows += [line(f"    {text}") for each in different for text in _difference(each, look)]
    return fitted(rows, look)


def _difference(of: Difference, look: Look) -> Iterator[str]:
    if of.client is None:
        yield f"no {shown_text(of.name)}"
    else:
        instead = "" if of.wsprobe is None else f"  (wsprobe: {_shown(of.wsprobe, look)})"
        yield f"{shown_text(of.name)}: {_shown(of.client, look)}{instead}"


def _origin(head: Head, look: Look) -> str:
    fields = head.all(b"origin")
    return f"page of {_shown(fields[0].value, look)}" if fields else "no page (no Origin)"


def _shown(data: bytes, look: Look) -> str:
    return look.text(data[:VALUE]) + ("..." if len(data) > VALUE else "")
