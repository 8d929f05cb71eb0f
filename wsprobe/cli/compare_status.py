"""Which results the readers reached, and the exit status of `compare` for them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wsprobe.browsers.tell import acted_on, told
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report, comparable
from wsprobe.show.compare import requested
from wsprobe.show.readers import that_count

UNANSWERED = frozenset({Exit.UNRESOLVED, Exit.UNREACHABLE, Exit.TLS_FAILED, Exit.PROXY_FAILED, Exit.TIMEOUT})


class Reached(Struct, frozen=True):
    """The results of the readers of some recordings."""

    results: frozenset[object]
    """The different results; of three or more, two are enough to know that the recordings differ."""
    unanswered: int | None = None
    """The exit status of the first recording, if none was answered and only wsprobe read them; otherwise
    None."""


def reached(report: Report, *, strict: bool = False) -> Reached:
    """The results for one recording: of the browsers, else of the revisions, else of wsprobe.

    Without *strict*, only what a page can act on makes results of browsers differ, and those of specifications,
    which no page runs in, count only if the usual set of views was not requested.
    """
    if report.views:
        results: set[object]
        if strict:
            results = {(told(view), view.console) for view in report.views}
        else:
            results = {acted_on(report.views[number]) for number in that_count(report.views)}
        # A server that opens for wsprobe, which sends no Origin, and refuses the page: they differ, though
        # all browsers that were asked saw the same.
        opened = {each.open for each in report.result.groups}
        return Reached(frozenset(results | opened if len(opened) > 1 else results))
    if report.verdicts:
        return Reached(frozenset(verdict.answer for verdict in report.verdicts))
    unanswered = report.exit_status in UNANSWERED
    own = (comparable(report), tuple(requested(report).items()) if strict else ())
    return Reached(frozenset({own}), report.exit_status if unanswered else None)


def together(reached: Sequence[Reached]) -> Reached:
    """The results for several recordings, at least one."""
    results = frozenset().union(*(each.results for each in reached))
    answered = any(each.unanswered is None for each in reached)
    return Reached(frozenset(list(results)[:2]), None if answered else reached[0].unanswered)


def status(found: Sequence[Reached]) -> int:
    """The exit status, as diff's: 0 if every reader reached the same result, 1 if not; if nothing was answered,
    the status of the first failure."""
    of_all = together(found)
    if len(of_all.results) > 1:
        return Exit.DIFFERENT
    return Exit.OPEN if of_all.unanswered is None else of_all.unanswered
