"""The results of several places for many URLs, as a table printed row by row: a column for each place, then the
URL, so that its length shifts no column. On a narrow screen, one line for all places with the same result."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.report.report import Report
from wsprobe.report.vantage import Group, Vantage, Vantages, by_place, differ, explained, groups
from wsprobe.show.lines import Line, Look, Piece, Style, cells, fitted, line
from wsprobe.show.watch import answer
from wsprobe.text import counted, shown_text

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
