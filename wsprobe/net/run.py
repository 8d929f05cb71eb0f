"""The only entry from ordinary code into trio; many pieces of work at the same time, with results in order; and
the same ones repeatedly, each at its own pace."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from functools import partial
from itertools import islice
from typing import Generic, Protocol, TypeVar, TypeVarTuple

import trio

from wsprobe.exception_groups import leaves
from wsprobe.net.descriptors import while_read
from wsprobe.schedule import Pace, Schedule

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def run(
    work: Callable[[*Arguments], Awaitable[Result]],
    *arguments: *Arguments,
    written: int | None = None,
    clock: trio.abc.Clock | None = None,
) -> Result:
    """The result of ``await work(*arguments)``. *written*: a descriptor without whose reader the work is
    useless. *clock*: in place of trio's own.

    KeyboardInterrupt (^C) and BrokenPipeError (the reader of our output is gone) are raised unwrapped, even
    from inside a nursery.
    """

    async def while_useful() -> Result:
        if written is None:
            return await work(*arguments)
        async with while_read(written):
            result = await work(*arguments)
        return result

    try:
        # ^C ends the whole work: raised in a single task, it could end the lab before the probe that uses it.
        return trio.run(while_useful, clock=clock, restrict_keyboard_interrupt_to_checkpoints=True)
    except BaseExceptionGroup as group:
        for kind in (KeyboardInterrupt, BrokenPipeError):
            if any(isinstance(each, kind) for each in leaves(group)):
                raise kind from None
        raise


def running() -> bool:
    """Whether this is called inside trio."""
    return trio.lowlevel.in_trio_run()


async def in_thread(work: Callable[[], Result]) -> Result:
    """Do *work* in a thread while other tasks go on; once begun, it is finished, even when cancelled."""
    with trio.CancelScope(shield=True):
        done = await trio.to_thread.run_sync(work)
    return done


_turn: trio.lowlevel.RunVar[trio.Lock] = trio.lowlevel.RunVar("turn")


async def in_only_thread(work: Callable[[], Result]) -> Result:
    """As ``in_thread``, for work that takes much memory: one after the other."""
    try:
        turn = _turn.get()
    except LookupError:
        turn = trio.Lock()
        _turn.set(turn)
    async with turn:
        return await in_thread(work)


Job = TypeVar("Job")
Done = TypeVar("Done")


async def in_order(
    work: Callable[[Job], Awaitable[Done]],
    jobs: Iterable[Job] | AsyncGenerator[Job, None],
    pace: Pace,
    each: Callable[[Done], Awaitable[None] | None],
    weight: Callable[[Done], int] = lambda done: 0,
    host: Callable[[Job], str] = lambda job: "",
    ordered: bool = True,
) -> None:
    """Do *work* on every job at *pace*, and call *each* with the results: in the order of the jobs if
    *ordered*, otherwise immediately. If *each* takes long, it returns what to wait for before the next result;
    meanwhile, no job begins.

    A job is read when it can start, or a little before (``Schedule.wants``). A slow one, or one whose *host* is
    busy, does not stop the later ones, until WINDOW of them wait or the *weight* of the waiting results is
    HEAVY: an endless iterable takes bounded memory.
    """
    # A finished task takes the next job: a task for each job would cost three times as much.
    free = trio.lowlevel.ParkingLot()
    given_out: deque[tuple[Job, Callable[[Done], None]]] = deque()
    one_is_done = False  # a task is finished, and takes the next job itself

    def begin(job: Job, over: Callable[[Done], None]) -> None:
        nonlocal one_is_done
        given_out.append((job, over))
        if one_is_done:
            one_is_done = False
        elif free:
            free.unpark()
        else:
            nursery.start_soon(several)

    async def several() -> None:
        nonlocal one_is_done
        while given_out:
            job, over = given_out.popleft()
            result = await work(job)
            one_is_done = True
            over(result)
            one_is_done = False
            if not given_out:
                await free.park()

    async with trio.open_nursery() as nursery:
        await begun_in_order(begin, jobs, pace, each, weight, host, ordered)
        nursery.cancel_scope.cancel()


async def begun_in_order(
    begin: Callable[[Job, Callable[[Done], None]], None],
    jobs: Iterable[Job] | AsyncGenerator[Job, None],
    pace: Pace,
    each: Callable[[Done], Awaitable[None] | None],
    weight: Callable[[Done], int],
    host: Callable[[Job], str],
    ordered: bool,
) -> None:
    """As ``in_order``, for work that needs no task here: *begin* gets a job, and a function to call with its
    result, but not before *begin* has returned. After this function returns, that call does nothing.
    """
    schedule: Schedule[Job, Done] = Schedule(pace, ordered)
    reader = trio.lowlevel.ParkingLot()
    timing = left = False

    def begin_more() -> None:
        nonlocal timing
        if results.busy or not schedule.may_begin():
            return
        now = trio.current_time()
        while (taken := schedule.take(now)) is not None:
            number, job, of = taken
            begin(job, partial(over, number, of))
        if not timing and schedule.may_begin():
            timing = True
            nursery.start_soon(on_time)

    async def on_time() -> None:
        nonlocal timing
        await trio.sleep_until(schedule.planned)
        timing = False
        begin_more()
        reader.unpark_all()

    def over(number: int, of: str, result: Done) -> None:
        if not left:
            results.add(schedule.done(number, of, result, weight), nursery)

    def go_on() -> None:
        begin_more()
        if reader:
            reader.unpark_all()

    results = _Results(each, go_on)
    given = jobs if isinstance(jobs, AsyncGenerator) else _each(jobs)
    try:
        async with trio.open_nursery() as nursery, aclosing(given) as every:
            async for job in every:
                schedule.add(job, host(job))
                begin_more()
                while not schedule.wants():
                    await reader.park()
            while results.busy or not schedule.idle:
                await reader.park()
    finally:
        left = True


class _Results(Generic[Done]):
    """Results on their way to *each*, one after the other."""

    def __init__(self, each: Callable[[Done], Awaitable[None] | None], then: Callable[[], None]) -> None:
        """*then* is called once no result is waiting."""
        self._each = each
        self._then = then
        self._waiting: deque[Done] = deque()
        self.busy = False
        """Whether a call of *each* is still running."""

    def add(self, results: Iterable[Done], nursery: trio.Nursery) -> None:
        """Pass on *results*, now or after the running call."""
        self._waiting.extend(results)
        while self._waiting and not self.busy:
            rest = self._each(self._waiting.popleft())
            if rest is not None:
                self.busy = True
                nursery.start_soon(self._wait_for, rest, nursery)
        self._then()

    async def _wait_for(self, rest: Awaitable[None], nursery: trio.Nursery) -> None:
        await rest
        self.busy = False
        self.add((), nursery)


async def _each(jobs: Iterable[Job]) -> AsyncGenerator[Job, None]:
    for job in jobs:
        yield job


@asynccontextmanager
async def gathered(
    jobs: AsyncGenerator[Job, None], most: Callable[[int], int], linger: float
) -> AsyncGenerator[AsyncGenerator[list[Job], None], None]:
    """*jobs* in lists: *most* is the longest length of the list with this number. The first job of a list waits
    at most *linger* seconds for the others."""
    give, take = trio.open_memory_channel[Job](0)

    async def read() -> None:
        async with give, aclosing(jobs) as every:
            async for job in every:
                await give.send(job)

    async def lists() -> AsyncGenerator[list[Job], None]:
        number = 0
        async for first in take:
            together = [first]
            with trio.move_on_after(linger), suppress(trio.EndOfChannel):
                while len(together) < most(number):
                    together.append(await take.receive())
            yield together
            number += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        yield lists()
        nursery.cancel_scope.cancel()


async def drawn(items: Iterable[Job]) -> AsyncGenerator[Job, None]:
    """Each of *items*; a thread waits for them, because that may block."""
    ended = object()
    every = iter(items)
    draw = partial(next, every, ended)
    while (item := await trio.to_thread.run_sync(draw, abandon_on_cancel=True)) is not ended:
        yield item


LONGEST_LINE = 1024 * 1024
"""The most bytes of a line to keep."""
ENDLESS_LINE = 256 * LONGEST_LINE
"""The bytes after which a line has no end."""


async def lines(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Each line of a file or a pipe, with its line end; of a longer one only LONGEST_LINE bytes, without it.
    *pieces*: its bytes. Raises OSError, also for a line without an end."""
    rest = b""
    dropping = False
    dropped = 0
    async with aclosing(pieces):
        async for data in pieces:
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                if not dropping:
                    yield line + b"\n"
                dropping = False
            dropped = dropped + len(rest) if dropping else 0
            if dropped > ENDLESS_LINE:
                raise OSError(errno.EFBIG, f"a line of more than {ENDLESS_LINE:,} bytes: not a list of URLs")
            if dropping:
                rest = b""
            elif len(rest) > LONGEST_LINE:
                yield rest[:LONGEST_LINE]
                rest, dropping = b"", True
    if rest:
        yield rest


@asynccontextmanager
async def aside() -> AsyncGenerator[Aside, None]:
    """Yields a function that enters other contexts, each in its own task: another task may leave them, in any
    order."""

    async def hold(
        of: AbstractAsyncContextManager[Result], task_status: trio.TaskStatus[Result] = trio.TASK_STATUS_IGNORED
    ) -> None:
        async with of as entered:
            task_status.started(entered)
            await trio.sleep_forever()

    async def enter(of: AbstractAsyncContextManager[Result]) -> Result:
        entered: Result = await nursery.start(hold, of)
        return entered

    async with trio.open_nursery() as nursery:
        yield enter
        nursery.cancel_scope.cancel()


class Aside(Protocol):
    """Enters a context, and returns its value."""

    async def __call__(self, of: AbstractAsyncContextManager[Result], /) -> Result: ...


async def in_thread_of_asyncio(work: Callable[[], Awaitable[Result]]) -> Result:
    """The result of ``await work()``, for a caller under asyncio, which cannot share a thread with trio. When
    the caller is cancelled, so is the work."""
    import asyncio  # only for its users
    from concurrent.futures import ThreadPoolExecutor

    begun: list[tuple[trio.lowlevel.TrioToken, trio.CancelScope]] = []
    cancelled: list[bool] = []

    async def cancellable() -> list[Result]:
        with trio.CancelScope() as scope:
            begun.append((trio.lowlevel.current_trio_token(), scope))
            if cancelled:
                scope.cancel()
            return [await work()]
        return []

    with ThreadPoolExecutor(1) as thread:
        done = asyncio.get_running_loop().run_in_executor(thread, run, cancellable)
        try:
            return (await asyncio.shield(done))[0]
        except asyncio.CancelledError:
            cancelled.append(True)
            for token, scope in begun:
                with suppress(trio.RunFinishedError):
                    token.run_sync_soon(scope.cancel)
            await asyncio.wait([done])
            raise


async def rounds(
    work: Callable[[Job], Awaitable[bool]],
    jobs: Iterable[Job],
    pauses: Callable[[], Iterator[float]],
    parallel: int,
    most: int | None,
) -> None:
    """Do *work* on every job, then again and again, until it returns False, or each was done *most* times.

    At most *parallel* jobs run at the same time, and no job twice. *pauses* gives, for each job, an endless
    series of seconds from one start to the next. After a run that took longer, the next one starts immediately,
    but missed runs are not caught up with. When *work* returns False, running jobs are cancelled.
    """
    running = trio.Semaphore(parallel)

    async with trio.open_nursery() as nursery:

        async def one(job: Job) -> None:
            due = trio.current_time()
            for pause in islice(pauses(), most):
                await trio.sleep_until(due)
                async with running:
                    due = trio.current_time() + pause
                    if not await work(job):
                        nursery.cancel_scope.cancel()

        for job in jobs:
            nursery.start_soon(one, job)


@asynccontextmanager
async def ticking(seconds: float, tick: Callable[[], object]) -> AsyncIterator[None]:
    """Call *tick* at a fixed interval while the context lasts."""

    async def on() -> None:
        while True:
            await trio.sleep(seconds)
            tick()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(on)
        yield
        nursery.cancel_scope.cancel()


SPREAD = 0.1
"""The largest part by which a pause may be shorter or longer."""


def spread_pauses(every: float, chance: Callable[[], float]) -> Iterator[float]:
    """Seconds from the start of one probe to the start of the next, without end: *every* on average.

    The first pause is a random part of *every*, so that watchers started at the same moment spread out at once;
    the later ones keep them apart from each other and from whole seconds. *chance* returns numbers from 0 to
    below 1.
    """
    yield every * (1 - chance())
    while True:
        yield every * (1 - SPREAD + 2 * SPREAD * chance())
