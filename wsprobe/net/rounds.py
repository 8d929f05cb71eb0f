"""The same work repeatedly, each job at its own pace; and a clock tick next to it."""

from __future__ import annotations

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
