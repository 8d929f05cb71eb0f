from hypothesis import given
from hypothesis import strategies as st

from wsprobe.schedule import HEAVY, WINDOW, Pace, Schedule


def taken(schedule, now=0.0):
    found = []
    while (each := schedule.take(now)) is not None:
        found.append(each[1])
    return found


def test_a_busy_host_is_overtaken_and_its_jobs_follow_in_their_order():
    schedule = Schedule(Pace(parallel=4, per_host=1))
    begun = []
    for job in ("a1", "a2", "a3", "b1"):
        assert schedule.wants()
        schedule.add(job, job[0])
        begun += taken(schedule)
    assert begun == ["a1", "b1"]
    assert list(schedule.done(3, "b", "B1")) == []
    assert taken(schedule) == []
    assert list(schedule.done(0, "a", "A1")) == ["A1"]
    assert taken(schedule) == ["a2"]
    assert list(schedule.done(1, "a", "A2")) == ["A2"]
    assert taken(schedule) == ["a3"]
    assert not schedule.idle
    assert list(schedule.done(2, "a", "A3")) == ["A3", "B1"]
    assert schedule.idle


def test_no_more_is_read_than_can_be_begun():
    schedule = Schedule(Pace(parallel=1))
    schedule.add(1)
    assert not schedule.wants()
    assert schedule.take(0.0) is not None
    assert not schedule.wants()
    list(schedule.done(0, "", 1))
    assert schedule.wants()


def test_whoever_is_done_finds_jobs_that_were_read_ahead():
    schedule = Schedule(Pace(parallel=4))
    added = 0
    begun = []
    while schedule.wants():
        schedule.add(added)
        added += 1
        begun += taken(schedule)
    assert (begun, added) == ([0, 1, 2, 3], 6)
    list(schedule.done(2, "", 2))
    assert taken(schedule) == [4]


def test_with_a_rate_nothing_is_read_ahead():
    schedule = Schedule(Pace(parallel=2, interval=1.0))
    for job in range(2):
        assert schedule.wants()
        schedule.add(job)
    assert taken(schedule, 0.0) == [0]
    assert not schedule.wants()


def test_jobs_of_one_busy_host_are_read_up_to_the_window():
    schedule = Schedule(Pace(parallel=8, per_host=1), ordered=False)
    added = 0
    while schedule.wants():
        schedule.add(added, "busy")
        added += 1
        taken(schedule)
    assert added == WINDOW + 1


def test_beginnings_are_evenly_spaced_and_a_pause_is_not_made_up_for():
    schedule = Schedule(Pace(parallel=9, interval=1.0))
    for job in "abcdef":
        schedule.add(job)
    assert taken(schedule, 10.0) == ["a"]
    assert schedule.planned == 11.0
    assert taken(schedule, 10.99) == []
    assert taken(schedule, 11.004) == ["b"]
    assert schedule.planned == 12.0  # so late a timer may be: the plan is kept
    assert taken(schedule, 20.0) == ["c"]
    assert schedule.planned == 21.0


def test_heavy_results_that_wait_let_only_the_first_one_begin():
    schedule = Schedule(Pace(parallel=2, per_host=1))
    schedule.add("a1", "a")
    schedule.add("a2", "a")
    schedule.add("b1", "b")
    assert taken(schedule) == ["a1", "b1"]
    list(schedule.done(2, "b", "B1", HEAVY + 1))
    assert not schedule.wants()
    assert list(schedule.done(0, "a", "A1")) == ["A1"]
    assert taken(schedule) == ["a2"]
    assert list(schedule.done(1, "a", "A2")) == ["A2", "B1"]
    assert schedule.wants()


@given(
    hosts=st.lists(st.sampled_from("abc"), max_size=40),
    parallel=st.integers(1, 6),
    per_host=st.integers(0, 3),
    ordered=st.booleans(),
    choose=st.randoms(use_true_random=False),
)
def test_every_job_is_begun_once_and_every_result_handed_on(hosts, parallel, per_host, ordered, choose):
    schedule = Schedule(Pace(parallel, per_host), ordered)
    coming = list(enumerate(hosts))
    running = []
    out = []
    while coming or not schedule.idle:
        while coming and schedule.wants():
            schedule.add(*coming.pop(0))
            while (each := schedule.take(0.0)) is not None:
                running.append(each)
        assert 0 < len(running) <= parallel
        assert all(not per_host or sum(h == host for _, _, h in running) <= per_host for host in "abc")
        number, job, host = running.pop(choose.randrange(len(running)))
        out += schedule.done(number, host, job)
        while (each := schedule.take(0.0)) is not None:
            running.append(each)
    assert (out if ordered else sorted(out)) == list(range(len(hosts)))
