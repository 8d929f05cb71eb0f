"""Processes that share work."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess

import pytest
import trio

from wsprobe.net import worker_pool as module
from wsprobe.net.worker_pool import Lost, Work, WorkerPool
from wsprobe.spawned import spawned

pytestmark = pytest.mark.programs


async def work(item: object, keep: Callable[[Callable[[], object]], object]) -> object:
    """Ends its process, waits for ever, or returns what it was given, with the process that did."""
    if item == "end":
        os._exit(3)
    if item == "wait":
        keep(partial(str, "cut short"))
        await trio.sleep_forever()
    if item == "raise":
        raise ValueError("no")
    return item, os.getpid()


def make() -> Work:
    return work


def done(pool: WorkerPool, *items: object, left: int = 0) -> list[object]:
    """What comes of *items*, in the order in which it comes. The pool is left when that many are."""
    came: list[object] = []

    async def all_of_it() -> None:
        over = trio.Event()

        def take(result: object) -> None:
            came.append(result)
            if len(came) == len(items) - left:
                over.set()

        async with pool.at_work():
            await pool.up()
            for each in items:
                pool.give(each, take)
            await over.wait()

    trio.run(all_of_it)
    return came


def test_the_least_busy_one_gets_the_next() -> None:
    said: list[str] = []
    came = done(WorkerPool(make, 2, said.append), 1, 2, 3, 4)
    assert sorted(item for item, _ in came) == [1, 2, 3, 4]
    assert len({process for _, process in came}) == 2
    assert said == []


def test_what_was_begun_is_handed_back_cut_short() -> None:
    (first, _), second = done(WorkerPool(make, 1, print), "wait", 1, left=1)
    assert (first, second) == (1, "cut short")


def test_what_the_work_raises_is_raised_here() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        done(WorkerPool(make, 1, print), "raise")
    assert raised.group_contains(ValueError, match="no")


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no process")
def test_a_process_that_is_stopped_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes no signal but SIGKILL, and at its end Python waits for all that it has started."""
    monkeypatch.setattr(module, "GRACE", 0.1)
    pool = WorkerPool(make, 1, print)
    (member,) = pool._members

    async def stopped() -> None:
        async with pool.at_work():
            await pool.up()
            assert member.process.pid is not None
            os.kill(member.process.pid, signal.SIGSTOP)
            pool.give(1, print)

    trio.run(stopped)
    member.process.join(60)
    assert member.process.exitcode == -signal.SIGKILL


def test_an_item_on_which_two_were_lost_is_given_to_no_third() -> None:
    said: list[str] = []
    assert done(WorkerPool(make, 1, said.append), "end") == [Lost()]
    assert said == [
        "worker process 1 ended with status 3 while working on 1 URL; tried again",
        "worker process 2 ended with status 3 while working on 1 URL",
    ]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """The system has so many processes to give, and no more."""

    def limit(most: int) -> None:
        def start(*given: object, alone: bool) -> BaseProcess:
            nonlocal most
            most -= 1
            if most < 0:
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            return spawned(*given, alone=alone)  # type: ignore[arg-type]

        monkeypatch.setattr(module, "spawned", start)

    return limit


def test_with_fewer_processes_than_were_wanted_it_goes_on(only: Callable[[int], None]) -> None:
    only(1)
    said: list[str] = []
    pool = WorkerPool(make, 3, said.append)
    assert len(pool) == 1
    assert sorted(item for item, _ in done(pool, 1, 2)) == [1, 2]
    assert said == [
        "worker process 2 could not be started (Resource temporarily unavailable); going on with 1 of 3"
    ]


def test_when_the_last_is_lost_and_there_is_no_other_nothing_is_waited_for(only: Callable[[int], None]) -> None:
    only(1)
    said: list[str] = []
    assert done(WorkerPool(make, 1, said.append), "end") == [Lost(nobody_left=True)]
    assert said[1:] == ["worker process 2 could not be started (Resource temporarily unavailable)"]
