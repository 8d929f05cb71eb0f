"""The tape that every part of the network writes its events on, with the one clock they share."""

from __future__ import annotations

import time
from collections.abc import Callable

import trio

from wsprobe.exchange import Event, Exchange, Plan

MICRO = 1_000_000


class Tape:
    """Events in the order in which they happened."""

    def __init__(self, watch: Callable[[Event], object] | None = None) -> None:
        """Start the clock. *watch* is called with each event as it is written."""
        self._zero = trio.current_time()
        self._started = time.time()
        self._watch = watch
        self.events: list[Event] = []

    def now(self) -> int:
        """Whole microseconds since the start."""
        return round((trio.current_time() - self._zero) * MICRO)

    def deadline(self, at: int | None) -> float:
        """The moment *at* in trio's time; infinity for None."""
        return float("inf") if at is None else self._zero + at / MICRO

    def add(self, event: Event) -> None:
        self.events.append(event)
        if self._watch is not None:
            self._watch(event)

    def exchange(self, plan: Plan) -> Exchange:
        """What has been written so far, as the recording of *plan*."""
        return Exchange(plan, tuple(self.events), utc(self._started))


def utc(seconds: float) -> str:
    """Return *seconds* since 1970 as ISO 8601 in UTC, to the millisecond."""
    whole = int(seconds)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{stamp}.{int((seconds - whole) * 1000):03}Z"
