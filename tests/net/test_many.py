import threading
from contextlib import aclosing
from itertools import pairwise

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from wsprobe.net.descriptors import pieces
from wsprobe.net.run import LONGEST_LINE, in_only_thread, in_order, lines
from wsprobe.schedule import HEAVY, WINDOW, Pace


async def sleep(job):
    """A job is a number of seconds."""
    await trio.sleep(job)
    return job


@pytest.mark.parametrize("parallel", [1, 2, 3, 100])
async def test_results_come_in_the_order_of_the_jobs(parallel, autojump_clock):
    seconds = [5, 1, 4, 1, 3, 1, 2]
    got, running, most = [], 0, 0

    async def work(job):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await trio.sleep(job)
        running -= 1
        return job

    await in_order(work, seconds, Pace(parallel), got.append)
    assert got == seconds
    assert most == min(parallel, len(seconds))


@pytest.mark.parametrize(
    ("weight", "least", "most"),
    [pytest.param(0, WINDOW + 1, WINDOW + 10, id="many"), pytest.param(HEAVY // 4, 1, 19, id="heavy")],
)
async def test_a_slow_first_job_holds_back_an_endless_iterable(weight, least, most, autojump_clock):
    taken = 0

    def jobs():
        nonlocal taken
        while True:
            taken += 1
            yield taken

    async def work(job):
        if job == 1:
            await trio.sleep_forever()

    with trio.move_on_after(10):
        await in_order(work, jobs(), Pace(4), lambda result: None, lambda result: weight)
    assert least <= taken <= most


async def test_a_slow_first_job_does_not_stop_those_behind_it(autojump_clock):
    """93 jobs, three of which take 3 seconds and stand at the head: 3 seconds in all, with 8 at a time."""
    await in_order(sleep, [3] * 3 + [0.01] * 90, Pace(8), lambda result: None)
    assert trio.current_time() == pytest.approx(3)


async def test_a_result_is_handed_on_at_once(autojump_clock):
    times = []
    await in_order(sleep, [1, 2, 3], Pace(3), lambda result: times.append(trio.current_time()))
    assert times == [1, 2, 3]


async def test_a_busy_host_is_asked_no_more_at_once_and_others_overtake(autojump_clock):
    begun, running = [], 0

    async def work(job):
        nonlocal running
        running += job[0] == "a"
        assert running <= 2
        begun.append(job)
        await trio.sleep(5 if job[0] == "a" else 1)
        running -= job[0] == "a"

    jobs = ["a1", "a2", "a3", "b1", "b2"]
    pace = Pace(parallel=8, per_host=2)
    await in_order(work, jobs, pace, lambda result: None, host=lambda job: job[0])
    assert sorted(begun[:4]) == ["a1", "a2", "b1", "b2"]
    assert begun[4] == "a3"


async def test_jobs_begin_evenly_spaced(autojump_clock):
    times = []

    async def work(job):
        times.append(trio.current_time())
        await trio.sleep(2.5)

    await in_order(work, range(8), Pace(parallel=4, interval=0.5), lambda result: None)
    assert [round(at - times[0], 3) for at in times[:5]] == [0, 0.5, 1.0, 1.5, 2.5]
    assert min(later - earlier for earlier, later in pairwise(times)) == pytest.approx(0.5)


async def test_results_that_need_no_order_come_at_once(autojump_clock):
    got = []
    await in_order(sleep, [3, 1, 2], Pace(3), got.append, ordered=False)
    assert got == [1, 2, 3]


async def test_a_job_that_is_slow_to_come_does_not_hold_up_those_that_run(autojump_clock):
    got = []

    async def jobs():
        yield 1
        await trio.sleep(100)
        yield 2

    await in_order(sleep, jobs(), Pace(3), lambda result: got.append((result, trio.current_time())))
    assert got == [(1, 1), (2, 102)]


async def test_lines_are_read_whole_and_one_without_end_is_cut(tmp_path):
    file = tmp_path / "lines"
    long = b"x" * (LONGEST_LINE * 2)
    file.write_bytes(b"a\r\n\n" + long + b"\nb\n" + b"y" * 70_000 + b"\nlast")
    with file.open("rb") as opened:
        async with aclosing(lines(pieces(opened.fileno(), 65536))) as every:
            found = [line async for line in every]
    assert found == [b"a\r\n", b"\n", long[:LONGEST_LINE], b"b\n", b"y" * 70_000 + b"\n", b"last"]


async def test_a_result_that_takes_long_holds_back_the_next_and_what_has_not_begun(autojump_clock):
    """Of seven jobs, two at a time, the first result takes until 10 s. The second job ends at 2 s, no other
    begins before 10 s."""
    began, handed = [], []

    async def work(job):
        began.append((job, trio.current_time()))
        return await sleep(job)

    async def rest(result):
        await trio.sleep(9)
        handed.append((result, trio.current_time()))

    def each(result):
        if result == 1:
            return rest(result)
        handed.append((result, trio.current_time()))
        return None

    await in_order(work, range(1, 8), Pace(2), each)
    assert [result for result, _ in handed] == list(range(1, 8))
    assert [at for _, at in handed[:3]] == [10, 10, 13]
    assert [at for _, at in began[:4]] == [0, 0, 10, 10]


async def test_the_last_result_may_take_long(autojump_clock):
    handed = []

    async def rest(result):
        await trio.sleep(9)
        handed.append(result)

    await in_order(sleep, [1, 2], Pace(2), rest)
    assert handed == [1, 2]


async def test_large_work_is_done_one_after_the_other_and_no_loop_waits():
    """The work waits for the loop, so a loop that waited for the work would never end."""
    running, most = 0, 0
    go_on = threading.Event()

    def work():
        nonlocal running, most
        running += 1
        most = max(most, running)
        assert go_on.wait(60)
        running -= 1
        return threading.get_ident()

    threads = []

    async def one():
        threads.append(await in_only_thread(work))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        nursery.start_soon(one)
        await wait_all_tasks_blocked()
        go_on.set()
    assert threading.get_ident() not in threads
    assert most == 1
