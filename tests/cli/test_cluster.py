"""``connect --cluster``: what is refused before anything is sent. What a cluster does is in tests/peers."""

from __future__ import annotations

import sys
from contextlib import closing
from types import SimpleNamespace

import pytest
import trio

from tests.cli.site import Site
from wsprobe.cli.cluster import asked_by, checked, secluded, sent
from wsprobe.cli.commands.connect import command
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.lists import Came, WorkerResult
from wsprobe.cli.main import run
from wsprobe.cli.section import given
from wsprobe.cli.settings import settings_of
from wsprobe.exchange import Exchange
from wsprobe.net.cluster import ClusterError
from wsprobe.report.outcome import Exit

Capture = pytest.CaptureFixture[str]
ELSEWHERE = "tcp://scheduler.example:8786"


def said(capsys, *words):
    """The one line of a call that is refused."""
    assert run(["connect", *words, "ws://127.0.0.1:1/"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    "given",
    [
        ["-u", "user:password"],
        ["-b", "sid=1"],
        ["--bearer", "abc"],
        ["-H", "X-Api-Key: 1234"],
        ["-x", "http://user:password@127.0.0.1:1"],
        ["--proxy-user", "user:password", "-x", "http://127.0.0.1:1"],
        ["--netrc-file", "NETRC"],
        ["-b", "COOKIES"],
        ["--raw-request", "RAW"],
    ],
    ids=" ".join,
)
def test_secrets_do_not_go_to_a_scheduler_in_clear(given, capsys, tmp_path):
    (tmp_path / "NETRC").write_text("machine h login user password secret\n")
    (tmp_path / "COOKIES").write_text("127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tsecret\n")
    (tmp_path / "RAW").write_text("GET / HTTP/1.1\r\n\r\n")
    words = [str(tmp_path / each) if each.isupper() and each.isalpha() else each for each in given]
    err = said(capsys, "--cluster", ELSEWHERE, *words)
    assert "is not encrypted, and would expose" in err
    assert "secret" not in err.replace("a header that is a secret", "")
    assert "password" not in err.replace("a proxy's password", "")


@pytest.mark.parametrize("option", ["--cacert", "--cert", "--unix-socket", "--interface"])
def test_what_is_of_this_machine_is_not_sent(option, capsys, tmp_path):
    (tmp_path / "x").write_text("")
    err = said(capsys, "--cluster", ELSEWHERE, option, str(tmp_path / "x"))
    assert f"--cluster and {option} cannot be used together" in err


def test_an_address_that_is_this_machine():
    here = ["tcp://127.0.0.1:8786", "tcp://[::1]:8786", "localhost:8786", "tls://h:8786"]
    away = ["tcp://127.example:8786", "tcp://h:8786", "tcp://[2001:db8::1]:8786"]
    assert [secluded(each) for each in here + away] == [True] * len(here) + [False] * len(away)


def test_dask_is_named_where_it_is_missing(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    err = said(capsys, "--cluster", "tcp://127.0.0.1:1", "-u", "user:password")
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
def test_what_dask_makes_of_something_else_is_one_line(raised, told, capsys, monkeypatch):
    """A server of HTTP says "HTTP/1.1", which Dask takes for a length."""

    def client(*arguments, **named):
        raise raised

    pytest.importorskip("dask")
    monkeypatch.setattr("wsprobe.net.cluster._distributed", lambda: SimpleNamespace(Client=client))
    assert told in said(capsys, "--cluster", "tcp://127.0.0.1:1")


@pytest.mark.parametrize(
    "address", ["", "host", "udp://host:1", "tcp://host", "tcp://host:port", "http://h:1/"]
)
def test_what_is_no_address(address, capsys):
    assert "is not a scheduler's address" in said(capsys, "--cluster", address)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--workers", "2"], "--cluster and --workers cannot be used together"),
        (["-v"], "--cluster uses several processes"),
        (["-c", "-"], "--cluster uses several processes"),
    ],
)
def test_options_of_one_process(words, told, capsys):
    assert told in said(capsys, "--cluster", ELSEWHERE, *words)


@pytest.mark.parametrize("option", ["--cluster-trusted", "--from-each"])
def test_what_is_about_a_cluster(option, capsys):
    assert f"{option} needs --cluster tcp://host:8786" in said(capsys, option)


def test_a_file_to_resume_from_does_not_know_places(capsys, tmp_path):
    err = said(capsys, "--cluster", ELSEWHERE, "--from-each", "--resume", str(tmp_path / "kept"))
    assert "--from-each and --resume cannot be used together" in err
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--cluster", ELSEWHERE, "ws://127.0.0.1:1/"], "to try a URL from every place: --from-each"),
        (["--cluster", ELSEWHERE, "kept.json"], "compare shares only recordings, and only with --json"),
        (["--cluster", ELSEWHERE, "--from-each", "kept.json"], "is a recording, which is the same everywhere"),
        (["--from-each", "ws://127.0.0.1:1/"], "--from-each needs --cluster"),
        (
            ["--cluster", ELSEWHERE, "--run-browser", "chromium", "ws://h/"],
            "browsers run on this machine only; leave --cluster out",
        ),
        (["--cluster", ELSEWHERE, "--workers", "2", "--json", "kept.json"], "cannot be used together"),
        (["--cluster", ELSEWHERE, "--from-each", "-b", "sid=1", "ws://h/"], "would expose --cookie"),
        (
            ["--cluster", ELSEWHERE, "--from-each", "--page", "http://u:p@h/", "ws://h/"],
            "a page's URL with a password",
        ),
    ],
    ids=lambda each: " ".join(each)[-40:] if isinstance(each, list) else "",
)
def test_what_compare_refuses(words, told, capsys):
    assert run(["compare", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err


def test_recordings_do_not_go_to_a_scheduler_in_clear(capsys, tmp_path):
    (tmp_path / "kept.json").write_text("{}\n" * 1001)
    assert run(["compare", "--json", "--cluster", ELSEWHERE, str(tmp_path / "kept.json")]) == 2
    assert "and would expose recordings (with all that was sent)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "made", [None, 5, [], [None], ["x"], (WorkerResult(),), [WorkerResult(), WorkerResult()]]
)
def test_what_a_worker_returns_is_checked_before_it_is_used(made):
    with pytest.raises(ClusterError, match="something other than wsprobe's results"):
        checked(made, 1, Came)


def test_results_of_a_worker_are_used_as_they_are():
    made = [WorkerResult(complaint="not usable")]
    assert checked(made, 1, Came) is made


def settings(*words):
    context = command.make_context("connect", [*words, "ws://h/"])
    return settings_of(given(command.params, context.params))


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ([], False),
        (["--json"], True),
        (["--resume", "FILE"], True),
        (["--from-each", "--cluster", ELSEWHERE], True),
        (["--json", "--har", "-"], False),
        (["--json", "--junit", "FILE"], False),
        (["--json", "--report", "A.HTML"], False),
        (["--resume", "FILE", "--har", "OTHER"], False),
    ],
)
def test_workers_print_where_nothing_here_needs_the_recordings(words, printed, tmp_path):
    named = [str(tmp_path / each) if each.isupper() else each for each in words]
    assert sent(settings(*named), 1).printed is printed


def test_a_worker_has_its_part_of_the_pace():
    pace = sent(settings("--per-host", "7", "--rate", "4/s"), 3).pace
    assert (pace.per_host, pace.interval) == (2, 0.75)
    assert sent(settings("--per-host", "2"), 3).pace.per_host == 1


def test_no_file_of_this_machine_goes_to_a_worker():
    there = sent(settings("--save", "kept.jsonl"), 1).settings
    assert there.output.save == "-"
    assert sent(settings("--resume", "kept"), 1).settings.lists.resume is None
    assert sent(settings(), 1).settings.output.save is None


@pytest.mark.parametrize(("words", "printed"), [(("--json",), True), ((), False)])
def test_a_worker_probes_its_urls(words, printed):
    with closing(Site()) as site:
        site.refuse()
        (came,) = trio.run(asked_by, sent(settings(*words), 1), [f"ws://127.0.0.1:{site.port}/"], "there")
    if printed:
        assert isinstance(came, WorkerResult)
        assert came.exit_status == Exit.REFUSED
        assert b'"worker":"there"' in came.out
    else:
        assert isinstance(came, Exchange)
        assert came.worker == "there"


def test_the_line_of_json_is_for_json_and_not_for_a_row():
    with closing(Site()) as site:
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
