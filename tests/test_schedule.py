from hypothesis import given
from hypothesis import strategies as st

from wsprobe.schedule import HEAVY, Pace, Schedule


def story(schedule, steps):
    """What each step does: ``a1`` adds this job of the host ``a``; ``done 0`` ends the job that came first,
    ``heavy 0`` with a heavy result; ``at 10.5`` lets it be that time. Behind it come the jobs that begin, the
    results that are handed on (``out``), and whether no more is wanted, or nothing is left."""
    now, jobs, told = 0.0, [], []
    for step in steps.split(", "):
        word, _, number = step.partition(" ")
        results = []
        if word == "at":
            now = float(number)
        elif number:
            job = jobs[int(number)]
            heavy = HEAVY + 1 if word == "heavy" else 0
            results = list(schedule.done(int(number), job[0], job.upper(), lambda _, heavy=heavy: heavy))
        else:
            schedule.add(word, word[0])
            jobs.append(word)
        begun = []
        while (each := schedule.take(now)) is not None:
            begun.append(each[1])
        state = ["full"] * (not schedule.wants()) + ["idle"] * schedule.idle
        told.append(" ".join((f"{step}:", *begun, *(f"out {each}" for each in results), *state)))
    return told


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
