"""The one way from ordinary code into trio; many pieces of work side by side, with their results in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar, TypeVarTuple

import trio

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def run(work: Callable[[*Arguments], Awaitable[Result]], *arguments: *Arguments) -> Result:
    """What ``await work(*arguments)`` returns.

    What the person at the shell did comes out bare, also from inside a nursery: KeyboardInterrupt for ^C,
    BrokenPipeError for a reader of our output that went away.
    """
    try:
        # ^C ends the work as a whole: raised in whatever task runs, it could fell the lab before its probe.
        return trio.run(work, *arguments, restrict_keyboard_interrupt_to_checkpoints=True)
    except BaseExceptionGroup as group:
        for kind in (KeyboardInterrupt, BrokenPipeError):
            if any(isinstance(each, kind) for each in leaves(group)):
                raise kind from None
        raise


def running() -> bool:
    """Whether this is called inside trio."""
    return trio.lowlevel.in_trio_run()


def leaves(raised: BaseException) -> Iterator[BaseException]:
    """The exceptions in *raised* that are no groups."""
    if isinstance(raised, BaseExceptionGroup):
        for each in raised.exceptions:
            yield from leaves(each)
    else:
        yield raised


Job = TypeVar("Job")
Done = TypeVar("Done")


WINDOW = 1000
"""Results that may wait for one before them."""
HEAVY = 32 * 1024 * 1024
"""Bytes that all the results which wait may hold."""


async def in_order(
    work: Callable[[Job], Awaitable[Done]],
    jobs: Iterable[Job],
    parallel: int,
    each: Callable[[Done], object],
    weight: Callable[[Done], int] = lambda done: 0,
) -> None:
    """Do *work* on every job, at most *parallel* at a time, and call *each* with the results in that order.

    A slow job does not stop those behind it, until WINDOW results wait for it or their *weight* is HEAVY: an
    endless iterable takes bounded memory.
    """
    running = trio.Semaphore(parallel)
    waiting: dict[int, tuple[Done, int]] = {}
    heavy = 0
    following = 0
    fewer = trio.lowlevel.ParkingLot()

    async def one(number: int, job: Job) -> None:
        nonlocal following, heavy
        done = await work(job)
        running.release()
        waiting[number] = done, weight(done)
        heavy += waiting[number][1]
        while following in waiting:
            first, weighed = waiting.pop(following)
            each(first)
            heavy -= weighed
            following += 1
        fewer.unpark_all()

    async with trio.open_nursery() as nursery:
        for number, job in enumerate(jobs):
            await running.acquire()
            while number - following > WINDOW + parallel or heavy > HEAVY:
                await fewer.park()
            nursery.start_soon(one, number, job)
