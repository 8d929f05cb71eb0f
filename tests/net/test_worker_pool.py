"""Processes that share work."""

import errno
import os
import signal
import socket
import threading
from collections import defaultdict
from contextlib import suppress
from functools import partial

import pytest
import trio
from trio.testing import MockClock

from wsprobe.net import worker_pool as module
from wsprobe.net.worker_pool import Called, Lost, WorkerPool, spawned


class Thread(threading.Thread):
    """Stands for a process: takes no time to start."""

    exitcode = 0

    def __init__(self, run, pipe, *given, alone):
        super().__init__(target=self._began, args=(run, *given), daemon=True)
        self._pipe = pipe.dup()
        self.start()

    def _began(self, run, *given):
        with self._pipe, suppress(BaseExceptionGroup):
            run(self._pipe, *given)

    def end(self, status):
        self.exitcode = status
        self._pipe.shutdown(socket.SHUT_RDWR)
        raise SystemExit

    def kill(self):
        """It ends by itself when its pipe is closed."""


@pytest.fixture(params=["threads", pytest.param("processes", marks=pytest.mark.programs)])
def start(request, monkeypatch):
    """What starts a member of the pool."""
    made = spawned if request.param == "processes" else Thread
    monkeypatch.setattr(module, "spawned", made)
    return made


pytestmark = pytest.mark.usefixtures("start")


async def work(item, keep):
    """Ends its process with a status, or by a signal; waits for ever; or returns what it was given, with the
    process that did."""
    if isinstance(item, str) and item.startswith("end "):
        status, here = int(item[4:]), threading.current_thread()
        if isinstance(here, Thread):
            here.end(status)
        if status < 0:
            os.kill(os.getpid(), -status)
        os._exit(status)
    if item == "wait":
        keep(partial(str, "cut long"))
        keep(partial(str, "cut short"))
        await trio.sleep_forever()
    if item == "raise":
        raise ValueError("no")
    return item, threading.get_native_id()


def make():
    return work


def done(pool, *items, left=0):
    """What comes of *items*, in the order in which it comes. The pool is left when that many are."""
    came = []

    async def all_of_it():
        over = trio.Event()

        def take(result):
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


def test_the_least_busy_one_gets_the_next():
    said = []
    came = done(WorkerPool(make, 3, said.append), "wait", 1, 2, 3, 4, left=1)
    *came, cut = came
    by_process = defaultdict[int, list[int]](list)
    for item, process in came:
        by_process[process].append(item)
    assert sorted(map(sorted, by_process.values())) == [[1, 4], [2], [3]]
    assert (cut, said) == ("cut short", [])


def test_what_was_begun_is_handed_back_cut_short():
    (first, _), second = done(WorkerPool(make, 1, print), "wait", 1, left=1)
    assert (first, second) == (1, "cut short")


def test_what_the_work_raises_is_raised_here():
    with pytest.raises(ExceptionGroup) as raised:
        done(WorkerPool(make, 1, print), "raise")
    assert raised.group_contains(ValueError, match="no")


@pytest.mark.programs
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no process")
@pytest.mark.parametrize("start", ["processes"], indirect=True)
def test_a_process_that_is_stopped_is_not_waited_for():
    """It takes no signal but SIGKILL, and at its end Python waits for all that it has started."""
    pool = WorkerPool(make, 1, print)
    (member,) = pool._members

    async def stopped():
        async with pool.at_work():
            await pool.up()
            os.kill(member.process.pid, signal.SIGSTOP)
            pool.give(1, print)

    trio.run(stopped, clock=MockClock(autojump_threshold=0))
    member.process.join(60)
    assert member.process.exitcode == -signal.SIGKILL


LOST = {
    "a status": (
        ["end 3"],
        [Lost()],
        [
            "worker process 1 ended with status 3 while working on 1 URL; tried again",
            "worker process 2 ended with status 3 while working on 1 URL",
        ],
    ),
    "a signal, with another item at hand": (
        ["end -9", "wait"],
        [Lost(), Lost()],
        [
            "worker process 1 was killed by SIGKILL while working on 2 URLs; tried again",
            "worker process 2 was killed by SIGKILL while working on 2 URLs",
        ],
    ),
    "a signal without a name, and an item that was given after the first was lost": (
        ["end -63", "later"],
        [Lost(), "later"],
        [
            "worker process 1 was killed by signal 63 while working on 1 URL; tried again",
            "worker process 2 was killed by signal 63 while working on 2 URLs; 1 tried again",
        ],
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_an_item_on_which_two_were_lost_is_given_to_no_third(case):
    (first, *others), results, sentences = LOST[case]
    said = []
    came = []

    def say(sentence):
        said.append(sentence)
        if "later" in others and len(said) == 1:
            pool.give("later", take)

    def take(result):
        came.append(result[0] if isinstance(result, tuple) else result)
        if len(came) == len(results):
            over.set()

    pool, over = WorkerPool(make, 1, say), trio.Event()

    async def all_of_it():
        async with pool.at_work():
            pool.give(first, take)
            for each in set(others) - {"later"}:
                pool.give(each, take)
            await over.wait()

    trio.run(all_of_it)
    assert (came, said) == (results, sentences)


def test_the_words_for_the_items_are_the_callers():
    said = []
    words = Called("part", "parts", "read")
    assert done(WorkerPool(make, 1, said.append, words), "end 3") == [Lost()]
    assert said[0] == "worker process 1 ended with status 3 while working on 1 part; read again"


@pytest.fixture
def only(monkeypatch, start):
    """The system has so many processes to give, and no more."""

    def limit(most):
        def one_of_them(*given, alone):
            nonlocal most
            most -= 1
            if most < 0:
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            return start(*given, alone=alone)

        monkeypatch.setattr(module, "spawned", one_of_them)

    return limit


def test_with_fewer_processes_than_were_wanted_it_goes_on(only):
    only(1)
    said = []
    pool = WorkerPool(make, 3, said.append)
    assert len(pool) == 1
    assert sorted(item for item, _ in done(pool, 1, 2)) == [1, 2]
    assert said == [
        "worker process 2 could not be started (Resource temporarily unavailable); going on with 1 of 3"
    ]


def test_when_the_last_is_lost_and_there_is_no_other_nothing_is_waited_for(only):
    only(1)
    said = []
    assert done(WorkerPool(make, 1, said.append), "end 3") == [Lost(nobody_left=True)]
    assert said[1:] == ["worker process 2 could not be started (Resource temporarily unavailable)"]
