"""The one way from ordinary code into trio; many pieces of work side by side, with their results in order; and
what a person types."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar, TypeVarTuple

import trio

from wsprobe.exchange import Act

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def run(work: Callable[[*Arguments], Awaitable[Result]], *arguments: *Arguments) -> Result:
    """Return what ``await work(*arguments)`` returns.

    What the person at the shell did comes out bare, also from inside a nursery: KeyboardInterrupt for ^C,
    BrokenPipeError for a reader of our output that went away.
    """
    try:
        return trio.run(work, *arguments)
    except BaseExceptionGroup as group:
        for kind in (KeyboardInterrupt, BrokenPipeError):
            if any(isinstance(each, kind) for each in leaves(group)):
                raise kind from None
        raise


def leaves(raised: BaseException) -> Iterator[BaseException]:
    """Return the exceptions in *raised* that are no groups."""
    if isinstance(raised, BaseExceptionGroup):
        for each in raised.exceptions:
            yield from leaves(each)
    else:
        yield raised


Job = TypeVar("Job")
Done = TypeVar("Done")


async def in_order(
    work: Callable[[Job], Awaitable[Done]],
    jobs: Iterable[Job],
    parallel: int,
    each: Callable[[Done], object],
) -> None:
    """Do *work* on every job, at most *parallel* at a time, and call *each* with the results in that order.

    No more than twice *parallel* jobs are taken ahead of the first unfinished one, so that an endless iterable
    takes bounded memory.
    """
    room = trio.Semaphore(2 * parallel)
    running = trio.Semaphore(parallel)
    finished: dict[int, Done] = {}
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


async def stdin_lines(descriptor: int = 0) -> AsyncIterator[Act]:
    """Return a message for each line read from *descriptor*: text, or binary where the line is not UTF-8.

    A thread waits in ``os.read``, which holds no lock of Python's: left behind there when the session ends, it
    does not keep the interpreter from ending.
    """
    rest = b""
    read = partial(os.read, descriptor, 65536)
    while data := await trio.to_thread.run_sync(read, abandon_on_cancel=True):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield _message(line.removesuffix(b"\r"))
    if rest:
        yield _message(rest)


def _message(line: bytes) -> Act:
    try:
        line.decode()
    except UnicodeDecodeError:
        return Act("time", "binary", line)
    return Act("time", "text", line)
