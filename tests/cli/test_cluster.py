"""``connect --cluster``: what is refused before anything is sent. What a cluster does is in tests/peers."""

import sys
from types import SimpleNamespace

import pytest
import trio
from trio.testing import MockClock

from wsprobe.cli.cluster import AnyWorker, EveryPlace, asked_by, sent
from wsprobe.cli.commands.connect import command
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.lists import Came, WorkerResult
from wsprobe.cli.option import given
from wsprobe.cli.settings import settings_of
from wsprobe.exchange import Exchange
from wsprobe.net.cluster import Worker
from wsprobe.report.outcome import Exit

ELSEWHERE = "tcp://scheduler.example:8786"


def test_dask_is_named_where_it_is_missing(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    err = refused("connect", "--cluster", "tcp://127.0.0.1:1", "-u", "user:password", "ws://127.0.0.1:1/")
    assert "Dask is not installed" in err
    assert "pip install '.[cluster]'" in err


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (MemoryError(), "the program at tcp://127.0.0.1:1 is not a Dask scheduler"),
        (
            TypeError("TLS expects a `ssl_context` argument"),
            "Dask's configuration names no certificates for tls://",
        ),
        (ValueError("odd\nand long"), "the scheduler at tcp://127.0.0.1:1 cannot be used: odd (see"),
    ],
)
def test_what_dask_makes_of_something_else_is_one_line(raised, told, refused, monkeypatch):
    """A server of HTTP says "HTTP/1.1", which Dask takes for a length."""

    def client(*arguments, **named):
        raise raised

    pytest.importorskip("dask")
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=client))
    assert told in refused("connect", "--cluster", "tcp://127.0.0.1:1", "ws://127.0.0.1:1/")


def settings(*words):
    context = command.make_context("connect", [*words, "ws://h/"])
    return settings_of(given(command.params, context.params))


@pytest.mark.parametrize(("words", "printed"), [(("--json",), True), ((), False)])
def test_a_worker_probes_its_urls(words, printed, site):
    site.refuse()
    (came,) = trio.run(asked_by, sent(settings(*words), 1), [f"ws://127.0.0.1:{site.port}/"], "there")
    if printed:
        assert isinstance(came, WorkerResult)
        assert came.exit_status == Exit.REFUSED
        assert b'"worker":"there"' in came.out
    else:
        assert isinstance(came, Exchange)
        assert came.worker == "there"


def test_the_line_of_json_is_for_json_and_not_for_a_row(site):
    site.refuse()
    words = ("--from-each", "--cluster", ELSEWHERE)
    (came,) = trio.run(asked_by, sent(settings(*words), 1), [f"ws://127.0.0.1:{site.port}/"], "there")
    assert isinstance(came, WorkerResult)
    assert (came.out, came.exit_status) == (b"", Exit.REFUSED)


# What is shown of --from-each ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "tabled"),
    [
        ((), True),
        (("--json",), False),
        (("-i",), False),
        (("-s",), False),
        (("-w", "%{url}"), False),
        (("-w", ""), False),
        (("--output", "-"), False),
    ],
)
def test_rows_are_printed_unless_something_else_is(words, tabled, capsys):
    output = ConnectOutput(settings(*words), several=True)
    output.places(["here", "there"])
    output.row({"here": None, "there": None})
    assert bool(capsys.readouterr().out) is tabled


@pytest.mark.parametrize(("interrupted", "kept"), [(False, "a line\n"), (True, "")])
def test_what_was_interrupted_is_tried_again_by_the_next_run(interrupted, kept, tmp_path):
    file = tmp_path / "kept"
    output = ConnectOutput(settings("--resume", str(file)), several=True)
    with output:
        output.worker_result(WorkerResult(out=b"a line\n", exit_status=Exit.OPEN, interrupted=interrupted))
    assert file.read_text() == kept


@pytest.mark.parametrize(
    "executor",
    [lambda there: EveryPlace(there, settings()), lambda there: AnyWorker(there, None, None, Came)],
    ids=["every place", "any worker"],
)
def test_the_first_chunks_are_small_so_that_a_short_list_finds_all_workers(executor):
    worker = Worker("tcp://127.0.0.1:1", "a", 4)
    there = SimpleNamespace(workers={"a": worker}, threads=2, keep=list)

    async def jobs():
        for each in range(200):
            yield each

    async def lengths():
        async with executor(there).together(jobs()) as chunks:
            return [len(each) async for each in chunks]

    assert trio.run(lengths, clock=MockClock(autojump_threshold=0)) == [*[8] * 8, 50, 50, 36]
