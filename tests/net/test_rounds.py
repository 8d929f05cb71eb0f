"""The same work again and again, in virtual time."""

import os
from itertools import repeat

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from wsprobe.net import rounds, run, ticking


def every(seconds):
    return lambda: repeat(seconds)


def done(work, jobs, parallel, most):
    begun = []

    async def all_of_it():
        start = trio.current_time()

        async def one(job):
            begun.append((job, trio.current_time() - start))
            return await work(job, begun)

        await rounds(one, jobs, every(10), parallel, most)

    trio.run(all_of_it, clock=MockClock(autojump_threshold=0))
    return begun


async def quick(job, begun):
    await trio.sleep(1)
    return True


async def slow(job, begun):
    await trio.sleep(25)
    return True


def test_false_ends_all_and_cancels_what_is_under_way():
    ended = []

    async def work(job, begun):
        try:
            await trio.sleep(1 if job == "a" else 50)
        except trio.Cancelled:
            ended.append(job)
            raise
        return len(begun) < 6

    found = done(work, "ab", 2, None)
    assert [at for job, at in found if job == "a"] == [0, 10, 20, 30, 40]
    assert ended == ["b"]


def test_an_error_ends_it():
    async def work(job, begun):
        raise OSError("full")

    with pytest.raises(BaseExceptionGroup):
        done(work, "a", 1, None)


async def test_ticking(autojump_clock):
    ticks = []
    start = trio.current_time()
    async with ticking(1, lambda: ticks.append(trio.current_time() - start)):
        await trio.sleep(3.5)
    assert ticks == [1, 2, 3]


def test_a_pipe_that_nobody_reads_any_more_ends_it():
    reading, writing = os.pipe()

    async def work():
        os.close(reading)
        await trio.sleep_forever()

    with os.fdopen(writing, "wb"), pytest.raises(BrokenPipeError):
        run(work, written=writing)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_the_work_raises_is_not_put_into_a_group(error):
    reading, writing = os.pipe()

    async def work():
        raise error

    with os.fdopen(reading), os.fdopen(writing, "wb"), pytest.raises(error):
        run(work, written=writing)


def test_a_pipe_that_is_open_both_ways_has_a_reader(tmp_path):
    """What stands in it makes it readable: that is no error."""
    os.mkfifo(tmp_path / "pipe")

    async def work():
        both.write(b"x")
        await trio.testing.wait_all_tasks_blocked(0.01)

    with open(tmp_path / "pipe", "r+b", buffering=0) as both:
        run(work, written=both.fileno())


def test_a_file_is_never_unread(tmp_path):
    async def work():
        return 1

    with open(tmp_path / "out", "wb") as file:
        assert run(work, written=file.fileno()) == 1
