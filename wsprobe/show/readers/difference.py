"""Two or more recordings held against each other: what differs, and only that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from wsprobe.read.reading import Field, Response
from wsprobe.report import Report
from wsprobe.show.json.data import close_value
from wsprobe.show.piece import Line, Look, Piece, line
from wsprobe.show.room import left_out
from wsprobe.show.visible import visible

VARYING = frozenset({b"date", b"sec-websocket-accept", b"age", b"expires", b"last-modified"})
"""Fields that differ between any two answers; they are shown nowhere and count for nothing."""

ASKED = frozenset({b"host", b"sec-websocket-key"})
"""Fields that any two requests have in other words."""

Row = tuple[str, str]

POINTS = 100
"""Points that are shown."""
LONG = 2000
"""Characters of one point that are shown of each recording."""


def comparable(of: Report) -> tuple[Row, ...]:
    """(what, value) rows that two equal answers have in common. Times are no part of it, nor is the letter case
    of the names of headers, which means nothing (RFC 9110 section 5.1)."""
    rows: list[Row] = [("outcome", of.outcome)]
    final = of.reading.final
    if final is not None and final.head.first is not None:
        rows.append(("status line", visible(final.head.first.text)))
        rows += [
            (f"header {visible(f.key)}", visible(f.value)) for f in final.head.fields if f.key not in VARYING
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
    spelt = {
        f"header {visible(key)}": f"header {name}"
        for each in reversed(reports)
        for key, name in _spelt(fields_of(each.reading.final)).items()
    }
    for what in unequal[:POINTS]:
        lines.append(line(Piece(spelt.get(what, what), "name")))
        for name, table in zip(names, tables, strict=True):
            lines.append(line(f"  {name} ", _said(table.get(what, ()))))
    if len(unequal) > POINTS:
        lines.append(left_out(len(unequal) - POINTS, "points", look))
    for aside, values in (*islice(asides(reports), POINTS), ("time", times(reports))):
        lines.append(line(Piece(aside, "name"), Piece("  (no part of the exit status)", "dim")))
        lines += [line(f"  {name} ", _said((value,))) for name, value in zip(names, values, strict=True)]
    lines.append(
        line(f"{len(unequal)} of {len(whats)} differ" if unequal else f"the same in all {len(whats)} points")
    )
    return lines


def _said(values: tuple[str, ...]) -> str:
    """All values of one point, "-" if it is missing."""
    text = " | ".join(values) if values else "-"
    left = len(text) - LONG
    return text if left <= 0 else f"{text[:LONG]} ... {left} more characters"


def asides(reports: Sequence[Report]) -> Iterator[tuple[str, list[str]]]:
    """What differs and is no difference in the answers: spelling of names, and what was asked."""
    answers = [_spelt(fields_of(each.reading.final)) for each in reports]
    for key in dict.fromkeys(key for names in answers for key in names):
        spelt = [names.get(key, "-") for names in answers]
        if len(set(spelt) - {"-"}) > 1:
            yield f"letter case of {visible(key)}", spelt
    asked = [_values(each.reading.request.head.fields) for each in reports]
    for what in dict.fromkeys(what for values in asked for what in values):
        values = [each.get(what, "-") for each in asked]
        if len(set(values)) > 1:
            yield f"asked with {what}", values


def times(reports: Sequence[Report]) -> list[str]:
    return [f"{e[-1].at / 1000 if e else 0.0:.1f} ms" for e in (r.exchange.events for r in reports)]


def _spelt(fields: Iterable[Field]) -> dict[bytes, str]:
    """How each name is written where it first stands."""
    return {field.key: visible(field.name) for field in reversed(tuple(fields))}


def _values(fields: Iterable[Field]) -> dict[str, str]:
    """The values of each field that two requests could have in common."""
    found: dict[str, list[str]] = {}
    names = _spelt(fields)
    for field in fields:
        if field.key not in ASKED:
            found.setdefault(names[field.key], []).append(visible(field.value))
    return {name: " | ".join(values) for name, values in found.items()}


def fields_of(final: Response | None) -> tuple[Field, ...]:
    return final.head.fields if final is not None else ()


def _table(of: Report) -> dict[str, tuple[str, ...]]:
    table: dict[str, list[str]] = {}
    for what, value in comparable(of):
        table.setdefault(what, []).append(value)
    return {what: tuple(values) for what, values in table.items()}
