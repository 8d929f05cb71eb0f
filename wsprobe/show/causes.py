"""The causes of an answer, what to do about them, and the lines for a proxy; and of the results of many URLs
the counts by outcome, status and finding, with the most frequent causes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from wsprobe.diagnosis.advice import Advice, Likely
from wsprobe.diagnosis.cause import Cause
from wsprobe.report.report import Report
from wsprobe.report.result import SAID_BY_OUTCOME
from wsprobe.show.lines import KEPT, Line, Look, Piece, capital, cut, line
from wsprobe.text import counted


def causes(of: Sequence[Cause], look: Look, most: int | None = None, *, briefly: bool = False) -> list[Line]:
    """The causes, the likeliest first: the server's own words as a quotation, the others after their label, and
    what to do. With -v, the evidence too.

    *most*: list this many, with what to do about the first one, and the number of the rest; and leave out a
    meaning that the server's words have. *briefly*: leave out its meaning in any case, and do the first thing.
    """
    rows: list[Line] = []
    for rank, each in enumerate(of[:most]):
        quote = each.quote if not rank else ""
        if quote:
            rows.append(line(Piece("The server says: ", "note"), quote))
        known = most is not None and (briefly or _repeats(quote, each.statement))
        if not quote or (each.without_quote and not known):
            label, said = lead(each, rank, quoted=bool(quote))
            apart = most is None and said == each.text and each.usual and each.without_usual
            rows.append(line(Piece(f"{capital(label)}: ", "note"), each.without_usual if apart else said))
            rows += [line(f"  {each.usually}")] if apart else []
        if each.fix and (most is None or not rank):
            rows += to_do(each.fix.partition("; ")[0] if briefly else each.fix, look)
        if look.verbose:
            rows.append(line(Piece(f"  known by: {evidence(each)}", "dim")))
    if most is not None and len(of) > most and rows:
        more = f"  +{counted(len(of) - most, 'cause')}{'' if look.screen_only else ' (-v)'}"
        rows[-1] = (*rows[-1], Piece(more, "dim"))
    return rows


def to_do(text: str, look: Look) -> list[Line]:
    """What to do; on a terminal, its further lines are under its text."""
    row = line(Piece(ARROW, "good"), text)
    return cut(row, look.width, indent=len(ARROW)) if look.terminal else [row]


ARROW = "  -> "


def proxy_lines(of: Advice, look: Look) -> list[Line]:
    """The lines for a proxy that forward Upgrade and Connection; empty without any."""
    rows = [row for each in of.lines for row in to_do(each, look)]
    return [line(Piece(f"{of.heading}:", "good")), *rows] if rows else []


def _repeats(quote: str, meaning: str) -> bool:
    """Whether the server's words and their meaning share a word, so that the words need no explanation."""
    words = set(re.findall(r"[a-z]{5,}", quote.lower())) - {"server", "request", "websocket"}
    return bool(words & set(re.findall(r"[a-z]{5,}", meaning.lower())))


def lead(of: Cause, rank: int, *, quoted: bool = False) -> tuple[str, str]:
    """The label of the cause at *rank*, and what follows it: of a cause that repeats the outcome, which the
    report has above, only the usual causes. *quoted*: the report has the server's words above too."""
    said = of.without_quote if quoted else of.text if rank else of.below_label
    if not rank and of.usual and (of.repeats_outcome or said == of.usually):
        label, _, said = of.usually.partition(": ")
        return label, said
    return ("or", said or of.text) if rank else (of.label, said or of.below_label)


KNOWN_BY = {
    "own-request": "what was sent",
    "stated": "the words of the server",
    "only": "a mark of one program",
    "shared": "a form of answer that several programs share",
    "status": "the status alone",
}
"""``Cause.certainty`` in words."""


def evidence(of: Cause) -> str:
    """The evidence of a cause, and its kind; without the words of the server that the cause quotes."""
    shows = of.evidence.removesuffix(f": {of.quote}") if of.quote else of.evidence
    return f"{KNOWN_BY[of.certainty]} ({shows})" if shows else KNOWN_BY[of.certainty]


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
        return _listed(self.outcomes) or ("no URL was tried" if self._what == "URL" else "none")

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
        rows += likely_to_do(each)
    more = len(faults) - FAULTS
    return rows + ([line(f"  and {counted(more, 'other cause')} ({KEPT})", style="dim")] if more > 0 else [])


def likely_to_do(of: Likely) -> list[Line]:
    """What to do about a cause, in the server and for the page."""
    return [line(f"    {what}: ", text) for what, text in of.to_do]


def _listed(of: Counter[str] | Counter[int], form: str = "{count} {what}") -> str:
    """The commonest, each in *form*: that of a status keeps two numbers apart."""
    named = ", ".join(form.format(what=what, count=count) for what, count in of.most_common(MOST))
    return f"{named}, {counted(len(of) - MOST, 'more kind')}" if len(of) > MOST else named
