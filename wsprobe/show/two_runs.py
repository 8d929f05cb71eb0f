"""What changed between two runs over a list, as text: a line for each URL, and the counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from wsprobe.report.two_runs import WORSE, Comparison, Kind, Standing, UrlChange
from wsprobe.show.junit import Case, Fault
from wsprobe.show.lines import Line, Piece, Style, line, text_of
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
