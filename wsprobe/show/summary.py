"""The results of many URLs: counts by outcome, status and finding, and the most frequent faults with what to
do."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from wsprobe.diagnosis.advice import Likely
from wsprobe.report.report import Report
from wsprobe.show.lines import KEPT, Line, Piece, line
from wsprobe.show.report import SAID_BY_OUTCOME
from wsprobe.text import counted

MOST = 10
"""The most statuses, and the most findings, to list."""
FAULTS = 3
"""The most faults to explain."""
KINDS = 1000
"""The most different faults to count: some quote the server, which can send endless variants."""


class Fact(Struct, frozen=True):
    """What is counted of one report."""

    outcome: str
    status: int | None = None
    findings: tuple[str, ...] = ()
    """The ids of failing and doubtful findings."""
    likely: Likely | None = None
    """The likely cause; None if it opened, or nothing is known."""


def fact(report: Report) -> Fact:
    """The countable facts of *report*."""
    return Fact(
        report.outcome,
        report.reading.status,
        tuple({f.id: None for f in report.verdict.findings if f.level != "note"}),
        report.likely,
    )


class Tally:
    """Counts facts as they arrive."""

    def __init__(self, what: str = "URL") -> None:
        """*what*: what each fact is about, in the singular."""
        self._what = what
        self.outcomes: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._findings: Counter[str] = Counter()
        self._faults: Counter[Likely] = Counter()
        self._before = False

    def add(self, of: Fact, before: bool = False) -> None:
        """Count *of*. *before*: it is from an earlier run, whose causes are not known."""
        self._before = self._before or before
        self.outcomes[of.outcome] += 1
        if of.status is not None:
            self._statuses[of.status] += 1
        self._findings.update(each for each in of.findings if each not in SAID_BY_OUTCOME)
        if of.likely is not None and (of.likely in self._faults or len(self._faults) < KINDS):
            self._faults[of.likely] += 1

    @property
    def total(self) -> int:
        """The number of reports counted."""
        return self.outcomes.total()

    def brief(self) -> str:
        """The outcomes in one line."""
        return _listed(self.outcomes) or "no URL was tried"

    def lines(self) -> list[Line]:
        """The outcomes, statuses and findings, the commonest first, and the commonest causes."""
        rows = [line(Piece(f"{counted(self.total, self._what)}: ", "title"), self.brief())]
        rows += [line("  status: ", _listed(self._statuses, "{what}: {count}"))] if self._statuses else []
        rows += [line("  findings: ", _listed(self._findings))] if self._findings else []
        return rows + commonest(self._faults, " of this run" if self._before else "")


def commonest(faults: Counter[Likely], of_which: str = "") -> list[Line]:
    """The commonest causes. *of_which*: text to append to their number."""
    rows: list[Line] = []
    for each, count in faults.most_common(FAULTS):
        rows.append(line(Piece(f"  {each.label}, for {count}{of_which}: ", "note"), each.text))
        rows += to_do(each)
    more = len(faults) - FAULTS
    return rows + ([line(f"  and {counted(more, 'other cause')} ({KEPT})", style="dim")] if more > 0 else [])


def to_do(of: Likely) -> list[Line]:
    """What to do about a cause, in the server and for the page."""
    return [line(f"    {what}: ", text) for what, text in of.to_do]


def _listed(of: Counter[str] | Counter[int], form: str = "{count} {what}") -> str:
    """The commonest, each in *form*: that of a status keeps two numbers apart."""
    named = ", ".join(form.format(what=what, count=count) for what, count in of.most_common(MOST))
    return f"{named}, {counted(len(of) - MOST, 'more kind')}" if len(of) > MOST else named
