"""The summary of all probes of one URL, of bounded size however often it was probed; and percentiles."""

from __future__ import annotations

from array import array
from math import ceil

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.report.state import Probed

LATEST = 1000
"""The number of newest values kept: eight hours with a probe every 30 seconds. Percentiles are exact within
this window: slow values from last week do not hide today's, and a year takes no more memory than a day."""

_FLOAT = array("f").itemsize


class Window(Struct, frozen=True):
    """The newest values, at most ``LATEST``, as single-precision floats: four bytes each."""

    packed: bytes = b""

    def __len__(self) -> int:
        return len(self.packed) // _FLOAT

    def add(self, value: float) -> Window:
        """This window with *value* added, without the oldest value if it was full."""
        return Window((self.packed + array("f", (value,)).tobytes())[-LATEST * _FLOAT :])

    def percentiles(self, *of: float) -> tuple[float, ...]:
        """For each of *of*, from 0 to 100: the smallest value that at least this percentage of values do not
        exceed (the nearest rank). Raises ValueError without values."""
        if not self.packed:
            raise ValueError("there are no values")
        values = sorted(array("f", self.packed))
        return tuple(values[max(1, ceil(each / 100 * len(values))) - 1] for each in of)


class Watch(Struct, frozen=True):
    """One URL, and all its probes together."""

    title: str
    label: str = ""
    """What its metrics are labelled with."""
    probes: int = 0
    up: int = 0
    """Number of probes so far."""
    outcomes: tuple[tuple[str, int], ...] = ()
    """How often each outcome occurred."""
    found: tuple[tuple[str, int], ...] = ()
    """How many probes had each finding."""
    last: Probed | None = None
    since: Probed | None = None
    """The first probe of the state that the last one was in."""
    changes: int = 0
    before: Probed | None = None
    """The last probe of the previous state; None without one."""
    lasted: float = 0.0
    """Seconds from the first probe of the previous state to the first of this one."""
    phases: tuple[tuple[str, Window], ...] = ()
    """Milliseconds of each of ``MEASURED``."""
    held: Window = Window()
    """Seconds of sessions that were held."""
    ways: tuple[tuple[str, int], ...] = ()
    """How often they ended in each way."""

    @property
    def availability(self) -> float | None:
        """The share of probes that were up, from 0 to 1; None before the first."""
        return self.up / self.probes if self.probes else None

    @property
    def changed(self) -> bool:
        """True if the last probe differs from the one before, or is the first."""
        return self.last is not None and self.last is self.since


def after(watch: Watch, now: Probed) -> Watch:
    """*watch* and one more probe."""
    last = watch.last
    same = last is not None and last.state == now.state
    held = now.held
    return replace(
        watch,
        probes=watch.probes + 1,
        up=watch.up + now.up,
        outcomes=_counted(watch.outcomes, now.state.outcome),
        found=_counted(watch.found, *(id for id, _ in now.levels)),
        last=now,
        since=watch.since if same else now,
        changes=watch.changes + (not same and last is not None),
        before=watch.before if same else last,
        lasted=watch.lasted if same or watch.since is None else now.at - watch.since.at,
        phases=_measured(watch.phases, (*now.phases, ("total", now.seconds))),
        held=watch.held if held is None else watch.held.add(held.seconds),
        ways=watch.ways if held is None else _counted(watch.ways, held.way),
    )


def _counted(counts: tuple[tuple[str, int], ...], *words: str) -> tuple[tuple[str, int], ...]:
    if not words:
        return counts
    more = dict(counts)
    for word in words:
        more[word] = more.get(word, 0) + 1
    return tuple(more.items())


MEASURED = ("resolve", "connect", "proxy", "tls", "answer", "total")
"""Phases with percentiles, in the order shown. The total is everything except the session."""


def _measured(
    windows: tuple[tuple[str, Window], ...], phases: tuple[tuple[str, float], ...]
) -> tuple[tuple[str, Window], ...]:
    more = dict(windows)
    for name, seconds in phases:
        if name in MEASURED:
            more[name] = more.get(name, Window()).add(seconds * 1000)
    return tuple((name, more[name]) for name in MEASURED if name in more)


def percentiles(watch: Watch) -> dict[str, tuple[float, float]]:
    """Phase -> median and 95th percentile of the latest probes, in milliseconds."""
    return {
        name: (found[0], found[1]) for name, window in watch.phases if (found := window.percentiles(50, 95))
    }
