"""Two or more recordings held against each other: what differs, and only that."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.report import Report
from wsprobe.show.json.data import close_value
from wsprobe.show.piece import Line, Look, Piece, line
from wsprobe.show.room import left_out
from wsprobe.show.visible import visible

VARYING = frozenset({b"date", b"sec-websocket-accept", b"age", b"expires", b"last-modified"})
"""Fields that differ between any two answers; they are shown nowhere and count for nothing."""

Row = tuple[str, str]

POINTS = 100
"""Points that are shown."""
LONG = 2000
"""Characters of one point that are shown of each recording."""


def comparable(of: Report) -> tuple[Row, ...]:
    """(what, value) rows that two equal answers have in common. Times are no part of it."""
    rows: list[Row] = [("outcome", of.outcome)]
    final = of.reading.final
    if final is not None and final.head.first is not None:
        rows.append(("status line", visible(final.head.first.text)))
        rows += [
            (f"header {visible(f.name)}", visible(f.value)) for f in final.head.fields if f.key not in VARYING
        ]
        if final.body is not None:
            rows.append(("body", f"{len(final.body.content)} bytes"))
    rows += [(f"finding {f.id}", f.level) for f in of.verdict.findings if f.level != "note"]
    close = close_value(of.reading)
    if close is not None:
        rows.append(
            (
                "close",
                f"{close['code']} {visible(close['reason'].encode())} by {close['by']}".replace("  ", " "),
            )
        )
    return tuple(rows)


def difference(reports: Sequence[Report], look: Look) -> list[Line]:
    """What is the same in one line, then each row that differs with every recording's value."""
    names = [f"[{i}]" for i in range(1, len(reports) + 1)]
    lines = [
        line(
            Piece(name, "title"),
            f" {visible(r.title.encode())}",
            Piece(f"  {r.outcome}", "dim"),
        )
        for name, r in zip(names, reports, strict=True)
    ]
    tables = [_table(r) for r in reports]
    whats = list(dict.fromkeys(what for table in tables for what in table))
    unequal = [what for what in whats if len({table.get(what, ()) for table in tables}) > 1]
    for what in unequal[:POINTS]:
        lines.append(line(Piece(what, "name")))
        for name, table in zip(names, tables, strict=True):
            lines.append(line(f"  {name} ", _said(table.get(what, ()))))
    if len(unequal) > POINTS:
        lines.append(left_out(len(unequal) - POINTS, "points", look))
    lines.append(line(Piece("time", "name"), Piece("  (no part of the exit status)", "dim")))
    for name, each in zip(names, reports, strict=True):
        total = each.exchange.events[-1].at / 1000 if each.exchange.events else 0.0
        lines.append(line(f"  {name} {total:.1f} ms"))
    lines.append(
        line(f"{len(unequal)} of {len(whats)} differ" if unequal else f"the same in all {len(whats)} points")
    )
    return lines


def _said(values: tuple[str, ...]) -> str:
    """All values of one point, "-" if it is missing."""
    text = " | ".join(values) if values else "-"
    left = len(text) - LONG
    return text if left <= 0 else f"{text[:LONG]} ... {left} more characters"


def _table(of: Report) -> dict[str, tuple[str, ...]]:
    table: dict[str, list[str]] = {}
    for what, value in comparable(of):
        table.setdefault(what, []).append(value)
    return {what: tuple(values) for what, values in table.items()}
