"""The schedule of a trace or an audit: which request is sent next, and why others are skipped."""

from __future__ import annotations

from msgspec import Struct

from wsprobe.trace.answer import Answer, same
from wsprobe.trace.changes import CHANGES, Change
from wsprobe.trace.trace import Trace, TraceRequest


class Series(Struct, frozen=True):
    """A list of requests, in the order in which they go out. The first row is always ``base``."""

    rows: tuple[Change, ...]
    most: int
    """Requests that are sent at most."""
    repeats: tuple[str, ...]
    """The rows that repeat the handshake as it was given. Room is kept for them, and the first of them shows
    whether a limit counts the requests."""
    last: tuple[str, ...] = ()
    """Other rows that may use the room that is kept."""


TRACE = Series(CHANGES, 16, ("again-1", "again-2"), ("backend-held",))
"""The handshake as it was given, then with one thing changed at a time."""


class Choice(Struct, frozen=True):
    """The changes that the user chose or skipped, by name."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    series: Series = TRACE

    def why_not(self, row: Change, seen: Trace) -> str:
        """Why *row* is skipped; "" to send it."""
        if row.name == "base":
            return ""
        if row.name in self.skip:
            return "skipped"
        if self.only:
            return "" if row.name in self.only else "not chosen"
        if limited(seen, self.series) and row.name not in self.series.repeats:
            return "a rate limit seems to apply"
        return row.useless(seen)


def limited(seen: Trace, series: Series) -> bool:
    """True if a later answer reports too many requests, and the first did not."""
    again = seen[series.repeats[0]]
    if again is not None and same(again, seen.base):
        return False
    busy = [
        name
        for name, each in seen.answers.items()
        if _busy(each) and not name.startswith("backend") and (seen.base.status < 500 or each.status == 429)
    ]
    return bool(busy) and not _busy(seen.base) and seen.base.kind in ("open", "http")


def _busy(answer: Answer) -> bool:
    return answer.status == 429 or (answer.status == 503 and answer.kind == "http")


def following(seen: Trace, choice: Choice) -> TraceRequest | None:
    """The next request; None if there are no more.

    Checks every row each time, because a later answer may make it useful.
    """
    series = choice.series
    room = series.most - len(seen.answers)
    for row in series.rows:
        if "base" not in seen.answers:
            return next(iter(row.make(seen)))
        if choice.why_not(row, seen):
            continue
        kept = sum(1 for name in series.repeats if name not in seen.answers and name not in choice.skip)
        if row.name not in (*series.repeats, *series.last) and room <= (0 if choice.only else kept):
            continue
        for each in row.make(seen) if room > 0 else ():
            if each.name not in seen.answers:
                return each
    return None


def left_out(seen: Trace, choice: Choice) -> list[tuple[str, str]]:
    """(change, why it was not sent), for each that could have been."""
    told: list[tuple[str, str]] = []
    for row in choice.series.rows if "base" in seen.answers else ():
        steps = [each for each in row.make(seen) if each.name not in seen.answers]
        why = choice.why_not(row, seen)
        if steps and row.name != "base":
            told.append((row.name, why or f"the limit of {choice.series.most} requests is reached"))
    return told
