"""What happens to a WebSocket, in order of time: bytes that arrive, the script's timed calls, the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge

from wsprobe.browsers.view import Page
from wsprobe.exchange import Act, Ended, Received
from wsprobe.read.reading import Frame, Reading
from wsprobe.value import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes of one read."""

    at: int
    data: bytes
    start: int
    """Offset of the first in ``Reading.received``."""


@dataclass(frozen=True, slots=True)
class OwnClose:
    """We sent a Close frame though the server had sent none. A page that did not call close() would not have:
    what comes after is no longer what it would see."""

    at: int


Happening = Arrival | Frame | OwnClose | Act | Ended


def arrivals(reading: Reading, offset: int = 0) -> Iterator[Arrival]:
    """Every read, without the first *offset* bytes of all that was received."""
    start = 0
    for event in reading.exchange.events:
        if isinstance(event, Received):
            end = start + len(event.data)
            if end > offset:
                skip = max(0, offset - start)
                yield Arrival(event.at, event.data[skip:], start + skip)
            start = end


def end(reading: Reading) -> Ended:
    """How it ended; a local end at the last event where that is missing."""
    events = reading.exchange.events
    if events and isinstance(events[-1], Ended):
        return events[-1]
    return Ended(events[-1].at if events else 0, "local")


def own_close(reading: Reading) -> OwnClose | None:
    """Our Close frame, if it was not the answer to one of the server's."""
    if reading.session is None:
        return None
    ours = next((f for f in reading.session.sent if f.opcode == 8), None)
    if ours is None:
        return None
    theirs = next((f for f in reading.session.frames if f.opcode == 8), None)
    if theirs is not None and theirs.at <= ours.at:
        return None
    return OwnClose(ours.at)


def timed_acts(page: Page) -> list[Act]:
    """The script's calls at a given time, in order."""
    return sorted((a for a in page.acts if a.when == "time"), key=lambda a: a.after)


def session(reading: Reading, offset: int, acts: Iterable[Act]) -> Iterator[Happening]:
    """All that happens from byte *offset* of what was received to the end, and what script still does."""
    own = own_close(reading)
    return timeline(arrivals(reading, offset), acts, [own] if own is not None else [], [end(reading)])


def when(happening: Happening) -> int:
    """Microseconds since the start."""
    return happening.after if isinstance(happening, Act) else happening.at


def timeline(*parts: Iterable[Happening]) -> Iterator[Happening]:
    """All of *parts* (each in order of time) in one; at the same time: received, script, sent, end."""
    return merge(*parts, key=_order)


def _order(happening: Happening) -> tuple[int, int]:
    match happening:
        case Act():
            return happening.after, 1
        case OwnClose():
            return happening.at, 2
        case Ended():
            return happening.at, 3
        case _:
            return happening.at, 0
