from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from wsprobe.net.run import HEAVY, WINDOW, in_order


def virtual(work):
    return trio.run(work, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("parallel", [1, 2, 3, 100])
def test_results_come_in_the_order_of_the_jobs(parallel):
    seconds = [5, 1, 4, 1, 3, 1, 2]
    got, running, most = [], 0, 0

    async def sleep(job):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await trio.sleep(job)
        running -= 1
        return job

    virtual(lambda: in_order(sleep, seconds, parallel, got.append))
    assert got == seconds
    assert most == min(parallel, len(seconds))


def test_a_slow_first_job_holds_back_an_endless_iterable():
    taken = 0

    def jobs():
        nonlocal taken
        while True:
            taken += 1
            yield taken

    async def work(job):
        if job == 1:
            await trio.sleep_forever()

    async def limited():
        with trio.move_on_after(10):
            await in_order(work, jobs(), 4, lambda result: None)

    virtual(limited)
    assert WINDOW < taken <= WINDOW + 10


def test_a_slow_first_job_does_not_stop_those_behind_it():
    """93 jobs, three of which take 3 seconds and stand at the head: 3 seconds in all, with 8 at a time."""

    async def work(job):
        await trio.sleep(3 if job < 3 else 0.01)

    async def timed():
        start = trio.current_time()
        await in_order(work, range(93), 8, lambda result: None)
        return trio.current_time() - start

    assert virtual(timed) == pytest.approx(3)


def test_heavy_results_that_wait_stop_the_taking():
    taken = 0

    def jobs():
        nonlocal taken
        while True:
            taken += 1
            yield taken

    async def work(job):
        if job == 1:
            await trio.sleep_forever()

    async def limited():
        with trio.move_on_after(10):
            await in_order(work, jobs(), 4, lambda result: None, lambda result: HEAVY // 4)

    virtual(limited)
    assert taken < 20


def test_a_result_is_handed_on_at_once():
    times = []

    async def work(job):
        await trio.sleep(job)

    virtual(lambda: in_order(work, [1, 2, 3], 3, lambda result: times.append(round(trio.current_time()))))
    assert [at - times[0] for at in times] == [0, 1, 2]
