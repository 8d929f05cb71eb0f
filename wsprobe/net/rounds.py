"""The same work again and again, each job at its own pace; and what ticks beside it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import TypeVar

import trio

Job = TypeVar("Job")


async def rounds(
    work: Callable[[Job], Awaitable[bool]],
    jobs: Iterable[Job],
    pauses: Callable[[], Iterator[float]],
    parallel: int,
    most: int | None = None,
) -> None:
    """Do *work* on every job, then again and again, until it returns False, or each was done *most* times.

    At most *parallel* are done at a time, and no job twice at once. *pauses* gives, for each job, seconds from
    one start to the next without end. What took longer than that is followed at once by the next, but what was
    missed is not made up for. When *work* returns False, what is under way is cancelled.
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
async def while_read(descriptor: int) -> AsyncIterator[None]:
    """Raise BrokenPipeError as soon as nobody reads the pipe *descriptor* any more, not only when there is
    something to write. Where the system cannot tell, or it is no pipe, that is left to the writer."""

    async def on() -> None:
        try:
            await trio.lowlevel.wait_readable(
                descriptor
            )  # what is only written to is never readable, but in error
        except OSError:
            return
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    if not (stat.S_ISFIFO(os.fstat(descriptor).st_mode) and _only_written(descriptor)):
        yield
        return
    async with trio.open_nursery() as nursery:
        nursery.start_soon(on)
        yield
        nursery.cancel_scope.cancel()


def _only_written(descriptor: int) -> bool:
    """Whether *descriptor* is open for writing alone: one that a shell opened both ways has a reader in us."""
    try:
        import fcntl  # Windows has none
    except ImportError:
        return False
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY


@asynccontextmanager
async def ticking(seconds: float, tick: Callable[[], object]) -> AsyncIterator[None]:
    """Call *tick* every so many seconds while the context lasts."""

    async def on() -> None:
        while True:
            await trio.sleep(seconds)
            tick()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(on)
        yield
        nursery.cancel_scope.cancel()
