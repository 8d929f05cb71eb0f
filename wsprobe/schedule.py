"""Decides which of many jobs starts next, and which result is handed on: order, pace, and a limit on waiting
results.

It starts nothing and has no clock: the caller passes the time, and reports finished jobs. So the same rules
apply to the tasks of one process and to the processes of a machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

from msgspec import Struct

Job = TypeVar("Job")
Done = TypeVar("Done")

WINDOW = 1000
"""The most results that wait for an earlier one, and the most jobs that wait because their host is busy."""
HEAVY = 32 * 1024 * 1024
"""The most bytes of all waiting results."""
LATE = 0.005
"""Seconds that a timer may be late without changing the plan. A longer delay is not caught up with, so that no
burst follows a pause."""


class Pace(Struct, frozen=True):
    """The limits on the load for others."""

    parallel: int = 8
    """Jobs at once."""
    per_host: int = 0
    """Jobs at the same time for one host; 0: no limit."""
    interval: float = 0.0
    """Seconds between the starts of two jobs."""


class Schedule(Generic[Job, Done]):
    """Jobs are added in order, taken when they may start, and reported as done. Results come out in the order
    of the jobs or, if not *ordered*, immediately."""

    def __init__(self, pace: Pace, ordered: bool = True) -> None:
        self._pace = pace
        self._ahead = 0 if pace.interval else pace.parallel // 2
        """Jobs added before there is room for them, so that the next one is ready."""
        self._ordered = ordered
        self._added = 0
        self._running = 0
        self._at_host: dict[str, int] = {}
        """Host -> its running and ready jobs."""
        self._ready: list[tuple[int, Job, str]] = []
        self._held: dict[str, deque[tuple[int, Job]]] = {}
        """Busy host -> its waiting jobs."""
        self._holding = 0
        self._waiting: dict[int, tuple[Done, int]] = {}
        """Number -> a waiting result, and its weight."""
        self._heavy = 0
        self._following = 0
        """The number of the next result."""
        self._planned = float("-inf")
        """When the next job may begin."""

    def wants(self) -> bool:
        """Whether to add another job now: there is room that no present job fits, or too few jobs are ready."""
        soon = self._running + len(self._ready)
        if soon >= self._pace.parallel + self._ahead or self._holding >= WINDOW:
            return False
        if not self._ordered:
            return True
        return self._added - self._following <= WINDOW + self._pace.parallel and self._heavy <= HEAVY

    def add(self, job: Job, host: str = "") -> None:
        """Add the next *job*; it counts for *host*."""
        number = self._added
        self._added += 1
        busy = self._at_host.get(host, 0)
        if self._pace.per_host and busy >= self._pace.per_host:
            self._held.setdefault(host, deque()).append((number, job))
            self._holding += 1
        else:
            self._at_host[host] = busy + 1
            heappush(self._ready, (number, job, host))

    def take(self, now: float) -> tuple[int, Job, str] | None:
        """The job to start *now*, with its number and host; None if there is none."""
        if not self.may_begin() or now < self._planned:
            return None
        if self._pace.interval:
            begun = self._planned if now - self._planned <= LATE else now
            self._planned = begun + self._pace.interval
        self._running += 1
        return heappop(self._ready)

    def may_begin(self) -> bool:
        """Whether a job could start, apart from the time."""
        if not self._ready or self._running >= self._pace.parallel:
            return False
        return self._heavy <= HEAVY or self._ready[0][0] == self._following

    @property
    def planned(self) -> float:
        """When it is time for the next job."""
        return self._planned

    def done(
        self, number: int, host: str, result: Done, weight: Callable[[Done], int] = lambda done: 0
    ) -> Iterator[Done]:
        """The results to hand on now that job *number*, which counted for *host*, is done; *weight* is asked if
        the result has to wait."""
        self._running -= 1
        self._leave(host)
        if not self._ordered:
            yield result
            return
        weighed = weight(result) if number != self._following else 0
        self._waiting[number] = result, weighed
        self._heavy += weighed
        while self._following in self._waiting:
            first, weighed = self._waiting.pop(self._following)
            self._heavy -= weighed
            self._following += 1
            yield first

    def _leave(self, host: str) -> None:
        held = self._held.get(host)
        if held:
            number, job = held.popleft()
            self._holding -= 1
            heappush(self._ready, (number, job, host))
            if not held:
                del self._held[host]
            return
        self._at_host[host] -= 1
        if not self._at_host[host]:
            del self._at_host[host]

    @property
    def idle(self) -> bool:
        """Whether all added jobs are done."""
        return not (self._running or self._ready or self._holding)
