"""Several results of a URL side by side: what changed between two runs over a list, a line for each URL; and
the results of several places, as a table printed row by row. The table has a column for each place, then the
URL, so that its length shifts no column; on a narrow screen, one line for all places with the same result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from wsprobe.report.report import Report
from wsprobe.report.state import (
    WORSE,
    Comparison,
    Group,
    Kind,
    Standing,
    UrlChange,
    Vantage,
    Vantages,
    by_place,
    differ,
    explained,
    groups,
)
from wsprobe.show.junit import Case, Fault
from wsprobe.show.lines import Line, Look, Piece, Style, cells, fitted, line, text_of
from wsprobe.show.watch import answer
from wsprobe.text import counted, shown_text

HEADINGS = {
    Kind.NO_LONGER_OPEN: "no longer open",
    Kind.NEW_NOT_OPEN: "new, not open",
    Kind.OPEN_NOW: "open now",
    Kind.FAILS_DIFFERENTLY: "not open, with another answer",
    Kind.OPENS_DIFFERENTLY: "open, with another answer",
    Kind.NEW_OPEN: "new, open",
    Kind.MISSING: "missing",
}


def two_runs(of: Comparison) -> Iterator[Line]:
    """The changes by kind, the worst first, below the count of each; then a line with all counts."""
    for kind, changes in groupby(of.changes, lambda each: each.kind):
        style: Style = "fail" if kind in WORSE else "good" if kind == Kind.OPEN_NOW else "name"
        yield line(Piece(HEADINGS[kind], style), f": {of.counts[kind]}")
        for each in changes:
            yield line(f"  {shown_text(each.url)}: ", *_told(each))
    yield line(Piece(f"{counted(of.new, 'URL')}: ", "title"), total(of))


def total(of: Comparison) -> str:
    """The counts in one line."""
    if not of.changes:
        return "nothing changed"
    return "; ".join(
        [f"{len(of.unchanged)} the same", *(f"{n} {HEADINGS[kind]}" for kind, n in of.counts.items())]
    )


RunTime = tuple[float, str]
"""How many seconds a probe took, and when it began (ISO 8601, UTC)."""
NO_TIMES: Mapping[str, RunTime] = MappingProxyType({})


def cases(of: Comparison, failing: frozenset[Kind], times: Mapping[str, RunTime] = NO_TIMES) -> Iterator[Case]:
    """Each URL as a test case, which fails if its kind of change is one of *failing*. *times*: by URL."""

    def case(url: str, fault: Fault | None = None) -> Case:
        seconds, started = times.get(url, (0.0, ""))
        return Case(shown_text(url), seconds, fault, started)

    for each in of.changes:
        fault = None
        if each.kind in failing:
            fault = Fault(text_of(line(*_told(each))), each.kind.value)
        yield case(each.url, fault)
    yield from map(case, of.unchanged)


def _told(change: UrlChange) -> Iterator[str | Piece]:
    """The old and the new result, with the likely cause of a new failure."""
    old, new = change.old, change.new
    was, now = (None if each is None else answer(each.state) for each in (old, new))
    if old is None or new is None or was == now:
        yield _words(new or old)
    else:
        yield from (_words(old), " -> ", _words(new))
    if change.details:
        # Server text is latin-1 and made visible here.
        yield Piece(f"; {'; '.join(shown_text(each) for each in change.details)}", "dim")
    if new is not None and new.cause and (old is None or old.open):
        yield Piece(f"; cause {new.cause}", "note")


def _words(of: Standing | None) -> Piece:
    assert of is not None
    return Piece(answer(of.state), "good" if of.open else "fail")


CELL = len("server-error 503")
"""Columns of the longest result, except for a few rare ones."""
GAP = 2
URL = 32
"""The least columns of a terminal for the URL."""
UNASKED = "not tried"


class Grid:
    """The table. *places* are in the order of the columns."""

    def __init__(self, places: Sequence[str], look: Look) -> None:
        self._look = look
        self._names = [look.words(each) for each in places]
        self._widths = [max(CELL, cells(each)) + GAP for each in self._names]
        self._columns = not look.terminal or sum(self._widths) + URL <= look.width
        self._rows = 0
        self._all_tried = True
        self.unlike = 0
        """Number of rows whose places differ."""

    def _head(self) -> list[Line]:
        """The names of the places; empty if each row has them."""
        if not self._columns:
            return []
        return [tuple(Piece(each, "dim") for each in (*self._filled(self._names), "URL"))]

    def row(self, vantages: Vantages) -> list[Line]:
        """The result of each place for a URL, and below it the likely meaning of differences; above the first
        row the names of the places."""
        above = [] if self._rows else self._head()
        self._rows += 1
        self._all_tried = self._all_tried and None not in vantages.values()
        unlike = differ(vantages)
        self.unlike += unlike
        title = Piece(next((shown_text(each.asked) for each in vantages.values() if each), ""), "title")
        if self._columns:
            texts = self._filled([answer(each.state) if each else UNASKED for each in vantages.values()])
            row = [Piece(text, _style(each)) for text, each in zip(texts, vantages.values(), strict=True)]
            lines = [line(*row, title)]
        else:
            lines = [line(title), *(self._together(each) for each in groups(vantages))]
            if unasked := [place for place, each in vantages.items() if each is None]:
                lines.append(line("  ", Piece(f"{UNASKED}: ", "dim"), self._look.words(", ".join(unasked))))
        if unlike:
            lines += [line("  ", Piece(self._look.words(each), "note")) for each in explained(vantages)]
        return fitted([*above, *lines], self._look)

    def _together(self, group: Group) -> Line:
        names = self._look.words(", ".join(group.places))
        return line("  ", Piece(answer(group.vantage.state), _style(group.vantage)), f": {names}")

    def _filled(self, texts: Sequence[str]) -> list[str]:
        return [
            text + " " * max(GAP, width - cells(text)) for text, width in zip(texts, self._widths, strict=True)
        ]

    def total(self) -> list[Line]:
        """One line with the number of rows that differ; empty without a row."""
        if not self._rows:
            return []
        tried = f"the places that tried {'it' if self._rows == 1 else 'them'}"
        among = f"{len(self._names)} places" if self._all_tried else tried
        if not self.unlike:
            return [line(f"{counted(self._rows, 'URL')}: the same from {among}")]
        verb = "differs" if self.unlike == 1 else "differ"
        return [line(f"{self.unlike} of {counted(self._rows, 'URL')} {verb} between {among}")]


def side_by_side(reports: Sequence[Report], look: Look) -> list[Line]:
    """The table of *reports*, in the order that ``by_place`` requires."""
    rows = by_place(reports)
    grid = Grid(list(rows[0]), look)
    return [part for row in rows for part in grid.row(row)]


def _style(of: Vantage | None) -> Style:
    return "dim" if of is None else "good" if of.state.outcome == "open" else "fail"
