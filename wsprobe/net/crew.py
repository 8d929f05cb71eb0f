"""Processes that share work: each is given items as they come, does many of them at once, and hands back what
came of each.

Each has a pipe of its own, which nobody else holds: it ends by itself as soon as this process is gone, however
that came about.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

import trio

Item = TypeVar("Item")
Result = TypeVar("Result")

GRACE = 2.0
"""Seconds in which a process that is to end hands back what it has begun."""
TRIES = 2
"""Processes that may be lost with the same item in hand."""


class Lost(Exception):
    """The processes that had an item in hand ended before it was done, one after the other."""


class Work(Protocol):
    """What a process does with an item. *keep* takes what makes a result of it, should it be cut short."""

    def __call__(self, item: Any, keep: Callable[[Callable[[], Any]], object], /) -> Awaitable[Any]: ...


@asynccontextmanager
async def crew(
    make: Callable[[], Work],
    count: int,
    lost: Callable[[str], object],
    late: Callable[[Any, Any], object],
) -> AsyncGenerator[Crew, None]:
    """Up to *count* processes, started as they find work. *make* is called in each, and returns what it does.

    *lost* gets a sentence about a process that ended by itself. *late* gets an item and its result that nobody
    waits for any more: what was begun when this context was left is cut short, and handed back.
    """
    async with trio.open_nursery() as nursery:
        made = Crew(make, count, nursery, lost, late)
        try:
            yield made
        finally:
            with trio.move_on_after(GRACE, shield=True):
                await made.leave()
            made.end()
            nursery.cancel_scope.cancel()


class Crew:
    """The processes of ``crew``."""

    def __init__(
        self,
        make: Callable[[], Work],
        count: int,
        nursery: trio.Nursery,
        lost: Callable[[str], object],
        late: Callable[[Any, Any], object],
    ) -> None:
        self._make = make
        self._count = count
        self._nursery = nursery
        self._lost = lost
        self._late = late
        self._members: list[_Member] = []
        self._started = 0
        self._leaving = False

    async def do(self, item: Any) -> Any:
        """What a process made of *item*. Raises Lost; an exception of the work itself is raised here."""
        for _ in range(TRIES):
            place = _Place(item)
            self._least().give(place)
            try:
                await place.over.wait()
            finally:
                place.waited_for = False
            if place.raised is not None:
                raise place.raised
            if not place.lost:
                return place.result
        raise Lost

    def _least(self) -> _Member:
        """The process with the least in hand; another one while there may be more."""
        least = min(self._members, key=lambda member: len(member.hand), default=None)
        if least is None or (least.hand and len(self._members) < self._count):
            self._started += 1
            least = _Member(self._make, self._started)
            self._members.append(least)
            self._nursery.start_soon(least.send)
            self._nursery.start_soon(self._attend, least)
        return least

    async def _attend(self, member: _Member) -> None:
        """Take what *member* hands back, until it ends."""
        with suppress(EOFError, OSError):
            while True:
                data = await trio.to_thread.run_sync(member.connection.recv_bytes, abandon_on_cancel=True)
                for number, result, raised in pickle.loads(data):
                    place = member.hand.pop(number)
                    place.result, place.raised = result, raised
                    if not place.waited_for and raised is None:
                        self._late(place.item, result)
                    place.over.set()
        self._members.remove(member)
        if not self._leaving:
            said = await trio.to_thread.run_sync(member.ended)
            left = len(member.hand)
            self._lost(f"{said} with {left} {'URL' if left == 1 else 'URLs'} in hand")
        for place in member.hand.values():
            place.lost = True
            place.over.set()
        member.gone.set()

    async def leave(self) -> None:
        """Let every process hand back what it has, and end."""
        self._leaving = True
        members = list(self._members)
        for member in members:
            member.stop()
        for member in members:
            await member.gone.wait()

    def end(self) -> None:
        for member in self._members:
            member.process.terminate()


class _Place:
    """An item, and what came of it."""

    def __init__(self, item: Any) -> None:
        self.item = item
        self.over = trio.Event()
        self.result: Any = None
        self.raised: Exception | None = None
        self.lost = False
        self.waited_for = True


class _Member:
    """One process."""

    def __init__(self, make: Callable[[], Work], number: int) -> None:
        # Spawned, not forked: a child has no thread, lock or connection of ours.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(make, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.number = number
        self.hand: dict[int, _Place] = {}
        self.gone = trio.Event()
        self._given = 0
        self._outbox: list[tuple[int, Any]] = []
        self._more = trio.lowlevel.ParkingLot()

    def give(self, place: _Place) -> None:
        self._given += 1
        self.hand[self._given] = place
        self._outbox.append((self._given, place.item))
        self._more.unpark_all()

    async def send(self) -> None:
        """Send what was given since the last time, at once: several items cost little more than one."""
        with suppress(OSError):  # it is gone: whoever takes what it hands back finds out
            while True:
                while not self._outbox:
                    await self._more.park()
                items, self._outbox = self._outbox, []
                self.connection.send_bytes(pickle.dumps(items))
                await trio.lowlevel.checkpoint()

    def stop(self) -> None:
        with suppress(OSError):
            self.connection.send_bytes(pickle.dumps(None))

    def ended(self) -> str:
        """How the process ended."""
        self.process.join()
        code = self.process.exitcode or 0
        how = f"was killed by {_signal(-code)}" if code < 0 else f"ended with status {code}"
        return f"worker process {self.number} {how}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _serve(make: Callable[[], Work], connection: Connection) -> None:
    """What a process of the crew runs."""
    # ^C at a terminal, and its end, reach every process of the group: the one that gives out the work decides.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    trio.run(_work, make(), connection)


async def _work(work: Work, connection: Connection) -> None:
    outbox: list[tuple[int, Any, Exception | None]] = []
    more = trio.lowlevel.ParkingLot()

    def hand_back(number: int, result: Any, raised: Exception | None = None) -> None:
        outbox.append((number, result, raised))
        more.unpark_all()

    def send() -> None:
        done = pickle.dumps(outbox)
        outbox.clear()
        with suppress(OSError):  # nobody is there any more
            connection.send_bytes(done)

    async def sender() -> None:
        while True:
            while not outbox:
                await more.park()
            send()
            await trio.lowlevel.checkpoint()

    async def one(number: int, item: Any) -> None:
        kept: list[Callable[[], Any]] = []
        try:
            hand_back(number, await work(item, kept.append))
        except trio.Cancelled:
            if kept:
                hand_back(number, kept[-1]())
            raise
        except Exception as error:
            hand_back(number, None, error)

    async with trio.open_nursery() as sending:
        sending.start_soon(sender)
        async with trio.open_nursery() as nursery:
            with suppress(EOFError, OSError):  # whoever gave out the work is gone
                while True:
                    data = await trio.to_thread.run_sync(connection.recv_bytes, abandon_on_cancel=True)
                    items = pickle.loads(data)
                    if items is None:
                        break
                    for number, item in items:
                        nursery.start_soon(one, number, item)
            nursery.cancel_scope.cancel()
        if outbox:
            send()
        sending.cancel_scope.cancel()
