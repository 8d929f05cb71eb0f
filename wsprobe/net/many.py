"""Several pieces of work side by side, their results in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import trio

Job = TypeVar("Job")
Result = TypeVar("Result")


async def in_order(
    work: Callable[[Job], Awaitable[Result]],
    jobs: Iterable[Job],
    parallel: int,
    each: Callable[[Result], object],
) -> None:
    """Do *work* on every job, at most *parallel* at a time, and call *each* with the results in that order.

    No more than twice *parallel* jobs are taken ahead of the first unfinished one, so that an endless iterable
    takes bounded memory.
    """
    room = trio.Semaphore(2 * parallel)
    running = trio.Semaphore(parallel)
    finished: dict[int, Result] = {}
    following = 0

    async def one(number: int, job: Job) -> None:
        nonlocal following
        finished[number] = await work(job)
        running.release()
        while following in finished:
            each(finished.pop(following))
            following += 1
            room.release()

    async with trio.open_nursery() as nursery:
        for number, job in enumerate(jobs):
            await room.acquire()
            await running.acquire()
            nursery.start_soon(one, number, job)
