"""A watch as text: a line for each change, and a summary of all probes of a URL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from wsprobe.report.result import in_words
from wsprobe.report.state import Hold, Probed, State, differences
from wsprobe.report.timing import how_long
from wsprobe.show.causes import commonest, likely_to_do
from wsprobe.show.lines import Line, Look, Piece, line
from wsprobe.text import counted
from wsprobe.watch.summary import Watch, percentiles

STAMP = len("2026-11-26T19:42:33")
"""Characters of a printed time, to the second."""


def change(watch: Watch, look: Look) -> Line:
    """The last probe, if its result differs from the one before: since when, the result, and the previous
    one."""
    now, before = watch.last, watch.before
    assert now is not None
    told: list[str | Piece] = [
        Piece(f"{now.started[:STAMP]}Z  ", "dim"),
        state(now),
        f"  {look.words(watch.title)}",
    ]
    if before is not None:
        told.append(Piece(f"  after {how_long(watch.lasted)} {words(before)}", "dim"))
        told.append(f": {what_changed(watch, look)}")
    if now.held is not None and now.held.way != "held":
        told.append(f"; {ending(now.held)}")
    return line(*told)


def words(seen: Probed) -> str:
    """``refused 403``, ``closed 4403``, ``open``."""
    return answer(seen.state)


def answer(of: State) -> str:
    """The same for a state."""
    return in_words(of.outcome, of.status, of.close)


def state(seen: Probed) -> Piece:
    """The same, coloured by whether the URL is up."""
    return Piece(words(seen), "good" if seen.up else "fail")


def what_changed(watch: Watch, look: Look) -> str:
    """Everything that the last change changed; "" before the first change."""
    if watch.before is None or watch.since is None:
        return ""
    return "; ".join(look.words(each) for each in differences(watch.before.state, watch.since.state))


AT_ONCE = 0.05
"""Seconds of a session that are printed as 0.0 s: nobody used it, and nobody was idle."""


def ending(held: Hold) -> str:
    """Who ended a session, after how long, and whether it was idle."""
    who = {
        "held": "wsprobe closed it",
        "closed": f"the server closed with {'no code' if held.code is None else held.code}",
        "cut": "it was dropped without a Close, by the server or a proxy",
        "limit": "wsprobe reached a size limit",
        "interrupted": "interrupted",
    }[held.way]
    if held.seconds < AT_ONCE:
        return f"{who} as soon as it had opened"
    idle = (
        f"after {how_long(held.idle)} without a frame"
        if held.idle > held.seconds / 2
        else "while it was in use"
    )
    return f"{who} {how_long(held.seconds)} after it opened, {idle}"


def since(seen: Probed, now: float) -> str:
    """When a state began, and how long ago: ``19:42:33Z, 2m 10s``; after a day, its date instead."""
    length = now - seen.at
    return (
        f"{seen.started[11:STAMP]}Z, {how_long(length)}"
        if length < DAY
        else f"{seen.started[:10]}, {how_long(length)}"
    )


DAY = 86400.0


def cut_short(watch: Watch, held: Hold, look: Look) -> Line:
    """One line about a held session that ^C cut short."""
    return line(f"{look.words(watch.title)}  {ending(held)}")


def summary(watch: Watch, now: float, look: Look) -> Iterator[Line]:
    """The summary of all probes of one URL. *now*: seconds since the watch began."""
    last, since = watch.last, watch.since
    if last is None or since is None or watch.availability is None:
        yield line(f"{look.words(watch.title)}: no probe was completed")
        return
    yield line(
        Piece(look.words(watch.title), "title"),
        "  ",
        state(last),
        f" for {how_long(now - since.at)}, since {since.started[:STAMP]}Z",
    )
    yield line(
        f"  {counted(watch.probes, 'probe')}, {part(watch.availability)} up, {counted(watch.changes, 'change')}"
    )
    if watch.changes:
        yield line(f"  last change: {what_changed(watch, look)}")
    if times := phases(watch):
        yield line(f"  median and 95th percentile in ms: {times}")
    if watch.ways:
        yield line(f"  {held(watch)}")
    if last.likely is not None:
        yield line(Piece(f"  {last.likely.label}: ", "note"), last.likely.text)
        yield from likely_to_do(last.likely)


def why_down(watches: Iterable[Watch]) -> list[Line]:
    """The commonest causes of the URLs that are down at the end; a table has no room for them."""
    lasts = (each.last for each in watches)
    return commonest(Counter(last.likely for last in lasts if last is not None and last.likely is not None))


def held(watch: Watch) -> str:
    """How the held sessions ended."""
    ways = ", ".join(f"{count} {WAYS[way]}" for way, count in watch.ways)
    median, longest = watch.held.percentiles(50, 100)
    return f"sessions: {ways}; open for {how_long(median)} (median), {how_long(longest)} at most"


WAYS = {
    "held": "held to the end",
    "closed": "closed by the server",
    "cut": "dropped without a Close",
    "limit": "ended at wsprobe's own limit",
    "interrupted": "interrupted",
}


def phases(watch: Watch) -> str:
    """Median and 95th percentile of each phase: ``connect 0.2/0.4  answer 3.1/9.0``, in milliseconds."""
    return "  ".join(f"{name} {pair(*found)}" for name, found in percentiles(watch).items())


def pair(median: float, high: float) -> str:
    """A median and a 95th percentile, in milliseconds: ``0.2/0.4``."""
    return f"{_number(median)}/{_number(high)}"


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def part(of_one: float) -> str:
    """A share as a percentage; 100 % only for all, 0 % only for none."""
    if of_one in (0.0, 1.0):
        return f"{of_one * 100:.0f} %"
    return f"{min(max(of_one * 100, 0.01), 99.99):.2f} %"
