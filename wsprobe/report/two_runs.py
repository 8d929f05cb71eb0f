"""The changes between two runs over a list: each URL of one compared with the same URL of the other.

Only a `Standing` is kept for each URL, and equal ones once, so that 100,000 URLs of each run fit into memory.
Texts of peers are latin-1, not yet escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from wsprobe.report.report import Report
from wsprobe.report.state import State, differences, state_of


class Standing(Struct, frozen=True):
    """The result of one URL in one run."""

    state: State
    """Of ``state_of``."""
    cause: str = ""
    """The id of the likeliest cause; "" if nothing is wrong or nothing is known."""

    @property
    def open(self) -> bool:
        return self.state.outcome == "open"


class Kind(StrEnum):
    """How a URL changed, in the order of importance; the value is the word in JSON."""

    NO_LONGER_OPEN = "no-longer-open"
    NEW_NOT_OPEN = "new-not-open"
    OPEN_NOW = "open-now"
    FAILS_DIFFERENTLY = "fails-differently"
    OPENS_DIFFERENTLY = "opens-differently"
    NEW_OPEN = "new-open"
    MISSING = "missing"
    """The old run has the URL, the new one does not."""


WORSE = frozenset({Kind.NO_LONGER_OPEN, Kind.NEW_NOT_OPEN})
IN_WORDS = frozenset({"outcome", "status"})
"""Members of a `State` that the words of an answer already include; with outcome closed, the close code too."""


class UrlChange(Struct, frozen=True):
    """A URL with different results in the two runs."""

    url: str
    kind: Kind
    old: Standing | None
    """None for a new URL."""
    new: Standing | None
    """None for a missing one."""

    @property
    def details(self) -> tuple[str, ...]:
        """Differences other than outcome and status, a few words each; empty if only one of the runs opened or
        has the URL."""
        if self.old is None or self.new is None or self.old.open != self.new.open:
            return ()
        closed = "closed" in (self.old.state.outcome, self.new.state.outcome)
        named = IN_WORDS | {"close"} if closed else IN_WORDS
        found = [
            each for each in differences(self.old.state, self.new.state) if each.partition(" ")[0] not in named
        ]
        if self.old.cause != self.new.cause:
            found.append(f"cause {self.old.cause or 'none'} -> {self.new.cause or 'none'}")
        return tuple(found)


class Comparison(Struct, frozen=True):
    """Two runs side by side."""

    old: int
    """URLs of the old run."""
    unchanged: tuple[str, ...]
    """URLs with the same result in both runs."""
    changes: tuple[UrlChange, ...]
    """By kind, in the order of `Kind`; within one kind in the order of the run."""

    @property
    def counts(self) -> dict[Kind, int]:
        """Kind -> number of URLs, for the kinds that occur."""
        kinds = [each.kind for each in self.changes]
        return {kind: kinds.count(kind) for kind in Kind if kind in kinds}

    @property
    def new(self) -> int:
        """URLs of the new run."""
        return len(self.unchanged) + sum(each.new is not None for each in self.changes)

    @property
    def worse(self) -> bool:
        """True if a URL opened before and does not now, or if a new one does not open."""
        return any(each.kind in WORSE for each in self.changes)


class TwoRuns:
    """Compares both runs, one URL at a time. If a run has a URL twice, the last result counts."""

    def __init__(self) -> None:
        self._old: dict[str, Standing] = {}
        self._new: dict[str, Standing] = {}
        self._known: dict[Standing, Standing] = {}

    def before(self, url: str, standing: Standing) -> None:
        """Take a result of the old run."""
        self._old[url] = self._known.setdefault(standing, standing)

    def now(self, url: str, standing: Standing) -> None:
        """Take a result of the new run."""
        self._new[url] = self._known.setdefault(standing, standing)

    def compared(self, *, missing: bool = True) -> Comparison:
        """All changes. *missing*: a URL that only the old run has counts as a change."""
        found: dict[Kind, list[UrlChange]] = {kind: [] for kind in Kind}
        unchanged: list[str] = []
        for url, new in self._new.items():
            old = self._old.get(url)
            if old == new:
                unchanged.append(url)
            else:
                kind = _kind(old, new)
                found[kind].append(UrlChange(url, kind, old, new))
        if missing:
            gone = (url for url in self._old if url not in self._new)
            found[Kind.MISSING] += (UrlChange(url, Kind.MISSING, self._old[url], None) for url in gone)
        return Comparison(len(self._old), tuple(unchanged), _joined(found.values()))


def _joined(lists: Iterable[list[UrlChange]]) -> tuple[UrlChange, ...]:
    return tuple(each for one in lists for each in one)


def _kind(old: Standing | None, new: Standing) -> Kind:
    if old is None:
        return Kind.NEW_OPEN if new.open else Kind.NEW_NOT_OPEN
    if old.open:
        return Kind.OPENS_DIFFERENTLY if new.open else Kind.NO_LONGER_OPEN
    return Kind.OPEN_NOW if new.open else Kind.FAILS_DIFFERENTLY


def url_of(report: Report) -> str:
    """The URL of *report* as in the list, before any redirect; with the cluster's worker, if any."""
    hops = report.exchange.hops
    url = report.name or (hops[0].plan.target.url if hops else report.exchange.plan.target.url)
    return f"{url} from {report.exchange.worker}" if report.exchange.worker else url


def standing_of(report: Report) -> Standing:
    """The result of *report* for its URL."""
    likely = next(iter(report.causes), None)
    return Standing(state_of(report), "" if likely is None else likely.id)
