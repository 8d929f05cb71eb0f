"""Processes that share work: each receives items as they come, works on many at the same time, and returns
their results.

Each has its own pipe, which no other process holds, so it ends by itself as soon as this process is gone, for
whatever reason.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

import trio
from msgspec import Struct

from wsprobe.net.stream import End, SocketWire, shut

GRACE = 2.0
"""Seconds for a process to return the work that it has begun, when it has to end."""
TRIES = 2
"""The most processes that may be lost while working on the same item."""


class Work(Protocol):
    """What a process does with an item. *keep* gets a function that makes a partial result, in case the work is
    cut short."""

    def __call__(self, item: Any, keep: Callable[[Callable[[], Any]], object], /) -> Awaitable[Any]: ...


class Lost(Struct, frozen=True):
    """Instead of a result: several processes ended while working on the item."""

    nobody_left: bool = False
    """Instead of a result: no process is left, and none can be started."""


class Called(Struct, frozen=True):
    """The words for the items in a sentence about a lost process."""

    one: str = "URL"
    several: str = "URLs"
    done: str = "tried"


URLS = Called()


class WorkerPool:
    """Up to *count* processes."""

    def __init__(
        self, make: Callable[[], Work], count: int, say: Callable[[str], object], called: Called = URLS
    ) -> None:
        """Start them, before this process does anything else. *make* is called in each, and returns its work.
        *say* gets a sentence about a process that ended by itself, or could not be started."""
        self._make = make
        self._count = count
        self._say = say
        self._called = called
        self._members: list[_Member] = []
        self._started = 0
        self._leaving = False
        while len(self._members) < self._count:
            self._start(alone=True)

    def __len__(self) -> int:
        """The current processes."""
        return len(self._members)

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None, None]:
        """While this context lasts, the processes accept work. When it is left, running work is cut short and
        returned."""
        async with trio.open_nursery() as self._nursery:
            for member in self._members:
                self._run(member)
            try:
                yield
            finally:
                with trio.move_on_after(GRACE, shield=True):
                    await self._leave()
                self._end()
                self._nursery.cancel_scope.cancel()

    async def up(self) -> None:
        """Wait until all processes can work, so that an item starts as soon as it is given."""
        for member in self._members.copy():
            await member.up.wait()

    def give(self, item: Any, over: Callable[[Any], object]) -> None:
        """Let a process work on *item*, and call *over* with the result, or with Lost.

        An exception of the work itself ends the pool, and is raised from its context.
        """
        self._give(_Given(item, over))

    def _give(self, given: _Given) -> None:
        """Give it to the process with the least work; if that has ended, to another one."""
        least = min(self._members, key=lambda member: len(member.hand), default=None)
        if len(self._members) < self._count and (least is None or least.hand):
            started = self._start()
            if started is not None:
                self._run(started)
                least = started
        if least is None:
            given.over(Lost(nobody_left=True))
        else:
            least.give(given)

    def _start(self, alone: bool = False) -> _Member | None:
        """Start one more. If the system allows none, the present number becomes the limit."""
        self._started += 1
        try:
            member = _Member(self._make, self._started, alone)
        except OSError as error:
            left, wanted, self._count = len(self._members), self._count, len(self._members)
            going_on = f"; going on with {left} of {wanted}" if left else ""
            self._say(f"worker process {self._started} could not be started ({error.strerror}){going_on}")
            return None
        self._members.append(member)
        return member

    def _run(self, member: _Member) -> None:
        self._nursery.start_soon(member.send)
        self._nursery.start_soon(self._attend, member)

    async def _attend(self, member: _Member) -> None:
        """Receive the results of *member*, until it ends."""
        try:
            with suppress(_Gone):
                while True:
                    came = await member.post.receive()
                    member.up.set()
                    for number, result, raised in came:
                        if raised is not None:
                            raise raised
                        member.hand.pop(number).over(result)
            self._members.remove(member)
            member.post.close()
            if not self._leaving:
                await self._replace(member)
        finally:
            member.up.set()
            member.gone.set()

    async def _replace(self, member: _Member) -> None:
        """Give the items of *member*, which has ended, to others."""
        said = await trio.to_thread.run_sync(member.ended, abandon_on_cancel=True)
        left = list(member.hand.values())
        for given in left:
            given.tries += 1
        again = sum(given.tries < TRIES for given in left)
        called = self._called
        has = f"{len(left)} {called.one if len(left) == 1 else called.several}" if left else "nothing"
        done = f"{called.done} again"
        then = "" if not again else f"; {done}" if again == len(left) else f"; {again} {done}"
        self._say(f"{said} while working on {has}{then}")
        for given in left:
            if given.tries < TRIES:
                self._give(given)
            else:
                given.over(Lost())

    async def _leave(self) -> None:
        """Let every process return its work, and end."""
        self._leaving = True
        members = list(self._members)
        for member in members:
            member.stop()
        for member in members:
            await member.gone.wait()

    def _end(self) -> None:
        for member in self._members:
            member.process.kill()  # not SIGTERM: a stopped process (SIGSTOP) would not react, and never end
            member.post.close()


class _Gone(Exception):
    """The process at the other end is gone."""


class _Post:
    """Values to and from another process, whole or not at all."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._wire = SocketWire(connected)
        self._read = bytearray()

    async def send(self, value: object) -> None:
        """Raises _Gone."""
        data = pickle.dumps(value)
        if await self._wire.send(len(data).to_bytes(SIZE, "big") + data) is not None:
            raise _Gone

    async def receive(self) -> Any:
        """The next value. Raises _Gone, also if only a part arrived."""
        size = int.from_bytes(await self._bytes(SIZE), "big")
        return pickle.loads(await self._bytes(size))

    async def _bytes(self, count: int) -> bytes:
        while len(self._read) < count:
            data = await self._wire.receive()
            if isinstance(data, End):
                raise _Gone
            self._read += data
        found = bytes(self._read[:count])
        del self._read[:count]
        return found

    def close(self) -> None:
        shut(self._socket)


SIZE = 8
"""Bytes of the length before each value."""


class _Given:
    """An item, and the function that gets its result."""

    def __init__(self, item: Any, over: Callable[[Any], object]) -> None:
        self.item = item
        self.over = over
        self.tries = 0
        """Processes lost while working on it."""


class _Member:
    """One process."""

    def __init__(self, make: Callable[[], Work], number: int, alone: bool) -> None:
        """Raises OSError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self.process = spawned(_serve, theirs, make, alone=alone)
        except OSError:
            ours.close()
            raise
        self.post = _Post(ours)
        self.number = number
        self.hand: dict[int, _Given] = {}
        self.up = trio.Event()
        """Set once it can work, or never will."""
        self.gone = trio.Event()
        self._given = 0
        self._outbox: list[tuple[int, Any]] = []
        self._more = trio.lowlevel.ParkingLot()
        self._stopped = False

    def give(self, given: _Given) -> None:
        self._given += 1
        self.hand[self._given] = given
        if not self._outbox:
            self._more.unpark_all()
        self._outbox.append((self._given, given.item))

    async def send(self) -> None:
        """Send the items given since the last time together: several cost little more than one."""
        with suppress(_Gone):  # reading its results reports that it is gone
            while not self._stopped:
                if not self._outbox:
                    await self._more.park()
                    continue
                items, self._outbox = self._outbox, []
                await self.post.send(items)
            await self.post.send(None)

    def stop(self) -> None:
        """Let it start no more work."""
        self._stopped = True
        self._more.unpark_all()

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


def _serve(connected: socket.socket, make: Callable[[], Work]) -> None:
    """What a process of the pool runs."""
    trio.run(_work, make(), connected)


async def _work(work: Work, connected: socket.socket) -> None:
    post = _Post(connected)
    outbox: list[tuple[int, Any, Exception | None]] = []
    more = trio.lowlevel.ParkingLot()
    over = False

    def hand_back(number: int, result: Any, raised: Exception | None = None) -> None:
        if not outbox:
            more.unpark_all()
        outbox.append((number, result, raised))

    async def sender() -> None:
        with suppress(_Gone):
            while True:
                while not outbox:
                    if over:
                        return
                    await more.park()
                done = outbox.copy()
                outbox.clear()
                await post.send(done)

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

    with suppress(_Gone):
        await post.send([])  # it is up
    async with trio.open_nursery() as sending:
        sending.start_soon(sender)
        async with trio.open_nursery() as nursery:
            with suppress(_Gone):
                while (items := await post.receive()) is not None:
                    for number, item in items:
                        nursery.start_soon(one, number, item)
            nursery.cancel_scope.cancel()
        over = True
        more.unpark_all()
    post.close()


DESCRIPTORS = "/proc/self/fd"
"""Where Linux lists the open files of a process."""
THREADS = "/proc/self/task"
"""Where it lists its threads."""
STANDARD = 2
"""Descriptors up to this one are standard streams."""


class Pipe(Protocol):
    """One end of a connection between two processes."""

    def fileno(self) -> int: ...


def spawned(run: Callable[..., None], pipe: Pipe, *given: object, alone: bool = False) -> BaseProcess:
    """A started process that calls *run* with *pipe* and *given*; it ends with this one.

    It shares no thread, lock or connection with this one except *pipe*. *alone*: nothing else runs in this
    process yet, in particular no event loop; then, on Linux, it starts as a copy of this one, with all modules
    loaded.

    Raises OSError if the system cannot start a process.
    """
    # Of several threads the others would be missing in a copy, with whatever they hold.
    copied = alone and os.path.isdir(THREADS) and len(os.listdir(THREADS)) == 1
    context = multiprocessing.get_context("fork") if copied else multiprocessing.get_context("spawn")
    process: BaseProcess = context.Process(target=_began, args=(copied, run, pipe, given), daemon=True)
    if not hasattr(signal, "pthread_sigmask"):
        process.start()
        return process
    if not copied:
        resource_tracker.ensure_running()  # its start, which the first process would bring, unblocks SIGINT
    # ^C at a terminal reaches every process of the group, a new one too, before a line of _began can say what
    # to do about it: a user would get a traceback. SIGINT stays blocked in it. A copy has our handlers besides.
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} if copied else {signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def _began(copied: bool, run: Callable[..., None], pipe: Pipe, given: tuple[object, ...]) -> None:
    """The main function of a child process."""
    # ^C at a terminal, and its end, reach every process of the group: the one that gives out the work decides.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if copied:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGHUP})
        _close_all_but(pipe.fileno())
    run(pipe, *given)


def _close_all_but(kept: int) -> None:
    """Otherwise a lock, and the pipe of another process, would stay open as long as this one holds them too."""
    for each in map(int, os.listdir(DESCRIPTORS)):
        if each > STANDARD and each != kept:
            with suppress(OSError):  # the one that the list was read from
                os.close(each)
