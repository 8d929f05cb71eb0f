"""The same work repeatedly, each job at its own pace; and a clock tick next to it."""

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
async def while_read(descriptor: int) -> AsyncIterator[None]:
    """Raise BrokenPipeError as soon as the reader of the pipe *descriptor* is gone, not only at the next write.
    If the system cannot report that, or *descriptor* is not a pipe, the writer has to notice."""

    if not (stat.S_ISFIFO(os.fstat(descriptor).st_mode) and _only_written(descriptor)):
        yield
        return
    gone, over = False, trio.Event()
    waiting, work = trio.CancelScope(), trio.CancelScope()

    async def until_gone() -> None:
        nonlocal gone
        try:
            with waiting:
                # A descriptor open only for writing becomes readable only after an error.
                await trio.lowlevel.wait_readable(descriptor)
                gone = True
                work.cancel()
        except OSError:
            return
        finally:
            over.set()

    # Not in a nursery, which would put an exception of the work into a group.
    trio.lowlevel.spawn_system_task(until_gone)
    try:
        with work:
            yield
    finally:
        waiting.cancel()
        with trio.CancelScope(shield=True):
            await over.wait()
    if gone and work.cancelled_caught:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _only_written(descriptor: int) -> bool:
    """Whether *descriptor* is open only for writing: if a shell opened it both ways, this process is a reader
    itself."""
    try:
        import fcntl  # not on Windows
    except ImportError:
        return False
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY


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
