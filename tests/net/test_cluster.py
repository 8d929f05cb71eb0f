"""What is said of a scheduler that cannot be used, without one."""

import socket
import sys
import threading
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
import trio
from trio.testing import MockClock

from tests.cases import every
from wsprobe.net.cluster import (
    Cluster,
    ClusterError,
    Worker,
    WorkersLost,
    cluster,
    name_here,
    speaks_tls,
    while_wanted,
)

ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
SERVER_HELLO = b"\x16\x03\x03\x00\x7a"


@contextmanager
def answering(answer):
    """The address of one who answers whatever comes first, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one():
            with suppress(OSError):
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(answer)

        thread = threading.Thread(target=one)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


@pytest.mark.parametrize(
    ("answer", "tls"), [(ALERT, True), (SERVER_HELLO, True), (b"", False), (b"HTTP/1.1 400 Bad\r\n\r\n", False)]
)
def test_who_speaks_tls_is_known_by_the_first_byte(answer, tls):
    with answering(answer) as address:
        assert speaks_tls(address, 60) is tls


def test_where_nobody_listens_nobody_speaks_tls():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert not speaks_tls(f"tcp://127.0.0.1:{port}", 60)
    assert not speaks_tls(f"tls://127.0.0.1:{port}", 60)


def raising(error):
    """A function that does nothing else."""

    def called(*given, **named):
        raise error

    return called


class Killed(Exception):
    pass


class Cancelled(Exception):
    pass


@pytest.fixture
def dask(monkeypatch):
    """Dask's packages, for a test to fill."""
    there = SimpleNamespace(KilledWorker=Killed, CancelledError=Cancelled)
    monkeypatch.setitem(sys.modules, "dask", SimpleNamespace(config=SimpleNamespace(set=lambda _: None)))
    monkeypatch.setitem(sys.modules, "distributed", there)
    return there


async def test_a_scheduler_that_speaks_tls_is_named_with_its_address(dask):
    """Dask's own client says no more than that nobody answered in time."""
    dask.Client = raising(OSError("Timed out trying to connect"))
    with answering(ALERT) as address, pytest.raises(ClusterError) as raised:
        async with cluster(address, 60, print):
            raise AssertionError
    assert str(raised.value) == (
        f"the program at {address} speaks TLS; if it is a scheduler, its address is tls{address[3:]}"
    )


GARBAGE = (None, 1, [], {}, {"workers": None}, {"workers": []}, {"workers": {"a": None}})
WORKER = {"name": "a", "nthreads": 2}


def scheduled(client):
    """A cluster that *client* is connected to."""

    async def made():
        return Cluster(client, "tcp://127.0.0.1:1", 1.0, print, print)

    return trio.run(made)


def answering_all(answer):
    """A client of Dask, each call of which is answered by *answer*."""
    calls = dict.fromkeys(("sync", "get_versions", "run", "run_on_scheduler"), answer)
    return SimpleNamespace(status="running", scheduler=SimpleNamespace(identity=None), **calls)


ODD = ({"nthreads": -1}, {"nthreads": 1 << 70}, {"nthreads": "2"}, {"name": []}, {"status": 5})
RETURNED = [
    *(("_workers", each) for each in GARBAGE),
    *(("_workers", {"workers": {"tcp://127.0.0.1:2": WORKER | each}}) for each in ODD),
    *(("_versions", each) for each in GARBAGE),
    ("_versions", {"client": {"packages": {}}, "scheduler": {}, "workers": {}}),
]


@pytest.mark.parametrize(("look_up", "returned"), RETURNED, ids=str)
def test_a_scheduler_that_returns_garbage_is_named_in_a_line(look_up, returned):
    there = scheduled(answering_all(lambda *given, **named: returned))
    with pytest.raises(
        ClusterError, match=r"^the scheduler at tcp://127\.0\.0\.1:1 returned something that no"
    ):
        getattr(there, look_up)()


async def test_a_scheduler_that_says_nothing_is_given_up_in_time(dask):
    """Dask's own limits do not cover it: without this one the command did not end."""
    over = threading.Event()
    dask.Client = lambda *_, **__: over.wait()
    try:
        with pytest.raises(ClusterError, match=r"no scheduler answered at tcp://127.0.0.1:1 within 0.01 s"):
            async with cluster("tcp://127.0.0.1:1", 0.01, str):
                raise AssertionError("there is no cluster")
    finally:
        over.set()


async def test_a_scheduler_that_dask_cannot_read_is_named_in_a_line(dask):
    dask.Client = raising(KeyError("op"))
    with pytest.raises(ClusterError, match="is no scheduler that Dask can use: KeyError: 'op'"):
        async with cluster("tcp://127.0.0.1:1", 60, print):
            raise AssertionError


class Dask:
    """A client of Dask: *looks* has the names of the workers each time that it is asked for them."""

    status = "running"
    scheduler = SimpleNamespace(identity=None)

    def __init__(self, looks=("a",), future=None):
        self._looks = list(looks)
        self._future = future
        self.calls = []

    def sync(self, *_, **__):
        names = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return {"workers": {f"tcp://{name}.example:1": {"name": name, "nthreads": 2} for name in names}}

    def submit(self, work, *arguments, **settings):
        self.calls.append(("submit", work, *arguments, settings))
        return self._future

    def close(self, timeout):
        self.calls.append(("close", timeout))


class Future:
    """What Dask promises: *made* returns or raises, once it is done. Never, without."""

    def __init__(self, made=None):
        self._made = made
        self.cancelled = False

    def add_done_callback(self, told):
        if self._made is not None:
            told(self)

    def result(self):
        return self._made()

    def cancel(self):
        self.cancelled = True


SCHEDULER = "tcp://127.0.0.1:1"


@pytest.fixture
def within(dask, monkeypatch):
    """Runs a function with a cluster that a client is connected to, in virtual time."""
    monkeypatch.setattr(trio.to_thread, "run_sync", at_once)

    def run(client, use, say):
        dask.Client = lambda *_, **__: client

        async def inside():
            async with cluster(SCHEDULER, 2, say) as there:
                return await use(there)

        return trio.run(inside, clock=MockClock(autojump_threshold=0))

    return run


async def at_once(work, *given, abandon_on_cancel):
    await trio.lowlevel.checkpoint()
    return work(*given)


GONE, BACK = "worker {} is gone; waiting 2 s for it to come back", "worker {} is back"
JOINED = "worker b joined after the start, and is not used"
LOOKS = {
    "all stay": ("ab ab ab", "ab", []),
    "one leaves, and comes back": ("ab a a ab", "ab", [GONE.format("b"), BACK.format("b")]),
    "one joins": ("a ab ab", "a", [JOINED]),
    "nobody asked for their names": ("ab a a ab b", "", []),
    "the last leaves, and comes back": (
        "a - - a",
        "a",
        [f"no worker is connected to {SCHEDULER}; waiting 2 s for one", BACK.format("a")],
    ),
    "one for another, twice": (
        "a b a b a",
        "a",
        [GONE.format("a"), JOINED, BACK.format("a"), GONE.format("a"), BACK.format("a")],
    ),
}


@every(LOOKS)
def test_what_is_said_of_workers_that_come_and_go(case, within):
    looks, kept, sentences = case
    said = []

    async def use(there):
        there.keep(kept)
        await trio.sleep(3)

    within(Dask(looks.replace("-", "").split(" ")), use, said.append)
    assert said == sentences


def test_a_first_worker_is_waited_for(within):
    said = []

    async def use(there):
        return trio.current_time(), there.threads, there.room.total_tokens

    client = Dask(["", "", "", "ab"])
    assert within(client, use, said.append) == (1.5, 4, 8)
    assert said == [f"no worker is connected to {SCHEDULER}; waiting 2 s for one"]
    assert client.calls == [("close", 2.5)]


@pytest.mark.parametrize("looks", [["", ""], ["a", ""]])
def test_without_a_worker_for_longer_than_that_it_is_given_up(looks, within):
    times = []

    async def use(there):
        await trio.sleep_forever()

    def say(sentence):
        times.append(trio.current_time())

    with pytest.raises((ClusterError, ExceptionGroup)) as raised:
        within(Dask(looks), use, say)
    (error,) = raised.value.exceptions if isinstance(raised.value, ExceptionGroup) else [raised.value]
    assert str(error) == f"no worker is connected to {SCHEDULER}; dask worker {SCHEDULER} starts one"
    assert times == [0.5]


@pytest.mark.parametrize(("looks", "found", "at"), [("ab", "b", 0), ("ab a a ab", "b", 1.5), ("ab a", None, 3)])
def test_a_worker_of_a_name_is_waited_for(looks, found, at, within):
    async def use(there):
        there.keep("ab")
        await trio.sleep(0.75 if at else 0)
        worker = await there.named("b")
        return worker and worker.name, trio.current_time()

    assert within(Dask(looks.split(" ")), use, print) == (found, at)


PIECES = {
    "a result": (lambda: 5, "a", 5, False),
    "an exception of the work": (raising(ValueError("no")), "a", ValueError("no"), True),
    "its workers were killed": (raising(Killed()), "a", WorkersLost(), True),
    "the scheduler is gone": (
        raising(Cancelled()),
        "a",
        ClusterError(f"the connection to the scheduler at {SCHEDULER} was lost"),
        True,
    ),
    "its only worker leaves meanwhile": (None, "ab b", WorkersLost(), True),
}


@every(PIECES)
def test_what_comes_of_a_piece(case, within):
    made, looks, result, revoked = case
    future = Future(made)
    client = Dask(looks.split(" "), future)

    async def use(there):
        try:
            return await there.do(len, "xyz", by=there.workers["a"])
        except Exception as error:
            return error

    came = within(client, use, print)
    assert (type(came), str(came), future.cancelled) == (type(result), str(result), revoked)
    only = {"pure": False, "workers": ["tcp://a.example:1"], "allow_other_workers": False}
    assert client.calls == [("submit", len, "xyz", only), ("close", 2.5)]


def test_a_piece_for_a_worker_that_has_left_is_not_sent(within):
    client = Dask()

    async def use(there):
        with pytest.raises(WorkersLost):
            await there.do(len, "xyz", by=Worker("tcp://b.example:1", "b", 2))

    within(client, use, print)
    assert client.calls == [("close", 2.5)]


def test_a_piece_that_nobody_waits_for_is_revoked(within):
    future = Future()
    client = Dask(future=future)

    async def use(there):
        with trio.move_on_after(1):
            await there.do(len, "xyz")

    within(client, use, print)
    assert future.cancelled
    assert client.calls == [("submit", len, "xyz", {"pure": False}), ("close", 2.5)]


WANTED = {
    "to its end": (["executing"] * 9, "done", 2),
    "until the sender is gone": (["executing", "executing", None], None, 1.5),
    "until it is cancelled": (["executing", "cancelled"], None, 1),
}


@every(WANTED)
def test_work_goes_on_while_it_is_wanted(case, dask):
    states, result, seconds = case
    looks = iter(states)

    def get(key):
        assert key == "ours"
        state = next(looks)
        return None if state is None else SimpleNamespace(state=state)

    dask.get_worker = lambda: SimpleNamespace(name=7, state=SimpleNamespace(tasks=SimpleNamespace(get=get)))
    dask.worker = SimpleNamespace(thread_state=SimpleNamespace(key="ours"))

    async def work():
        await trio.sleep(2)
        return "done"

    async def timed():
        return await while_wanted(work), trio.current_time()

    assert trio.run(timed, clock=MockClock(autojump_threshold=0)) == (result, seconds)
    assert name_here() == "7"
