"""What came of many URLs: counts by outcome, status and finding, and the commonest faults with what to do."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from wsprobe.judge.finding import counted
from wsprobe.report import Report
from wsprobe.show.lines import Line, Piece, line
from wsprobe.show.report import SAID_BY_OUTCOME

MOST = 10
"""Statuses, and findings, that are named."""
FAULTS = 3
"""Faults that are explained."""
KINDS = 1000
"""Different faults that are told apart: some repeat words of the server, which has endless ones."""


class Fact(Struct, frozen=True):
    """What is counted of a report."""

    outcome: str
    status: int | None = None
    findings: tuple[str, ...] = ()
    """Ids of what is wrong or doubtful."""
    fault: tuple[str, str] | None = None
    """The likely cause, and what to do about it; None where nothing is known, or it was not asked for."""


def fact(report: Report, fault: bool) -> Fact:
    """What is to be counted of *report*. *fault*: its likely cause too, which takes some time to find."""
    final = report.reading.final
    likely = next(iter(report.causes), None) if fault else None
    return Fact(
        report.outcome,
        final.status if final is not None else None,
        tuple({f.id: None for f in report.verdict.findings if f.level != "note"}),
        None if likely is None else (likely.text, likely.fix),
    )


class Tally:
    """Facts, counted as they come."""

    def __init__(self, what: str = "URL") -> None:
        """*what*: each of them is about."""
        self._what = what
        self.outcomes: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._findings: Counter[str] = Counter()
        self._faults: Counter[tuple[str, str]] = Counter()
        self._before = False

    def add(self, of: Fact, before: bool = False) -> None:
        """Count *of*; *before*: it was found by an earlier run, of which the causes are not known."""
        self._before = self._before or before
        self.outcomes[of.outcome] += 1
        if of.status is not None:
            self._statuses[of.status] += 1
        self._findings.update(each for each in of.findings if each not in SAID_BY_OUTCOME)
        if of.fault is not None and (of.fault in self._faults or len(self._faults) < KINDS):
            self._faults[of.fault] += 1

    @property
    def total(self) -> int:
        return self.outcomes.total()

    def brief(self) -> str:
        """The outcomes in one line."""
        return _most(self.outcomes) or "no URL was tried"

    def lines(self) -> list[Line]:
        """The outcomes, statuses and findings, each the commonest first, and the commonest faults."""
        rows = [line(Piece(f"{counted(self.total, self._what)}: ", "title"), self.brief())]
        rows += [line("  status: ", _most(self._statuses))] if self._statuses else []
        rows += [line("  findings: ", _most(self._findings))] if self._findings else []
        for (text, fix), count in self._faults.most_common(FAULTS):
            of_which = f"{count} of this run" if self._before else f"{count}"
            rows.append(line(Piece(f"  likely, for {of_which}: ", "note"), text))
            rows += [line("    do: ", fix)] if fix else []
        more = len(self._faults) - FAULTS
        if more > 0:
            rows.append(line(f"  and {counted(more, 'other cause')}", style="dim"))
        return rows


def _most(of: Counter[str] | Counter[int]) -> str:
    named = ", ".join(f"{count} {what}" for what, count in of.most_common(MOST))
    return f"{named}, {len(of) - MOST} more kinds" if len(of) > MOST else named
