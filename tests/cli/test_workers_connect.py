"""``connect --workers N``: the same results in the same order, by several processes."""

import json
import os
import signal
import subprocess
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import trio

from tests.cli.processes import no_process, started
from wsprobe.cli.environment import Environment
from wsprobe.cli.main import run
from wsprobe.cli.output import WorkerResult
from wsprobe.net.worker_pool import WorkerPool

pytestmark = pytest.mark.programs

WORDS = ["lab:status-403", "lab:404", "lab:nginx-502", "lab:401-basic"]


def test_what_is_printed_saved_and_said_is_that_of_one_process(capsys, tmp_path):
    said = []
    for workers in ("1", "2"):
        file = tmp_path / f"saved-{workers}"
        status = run(
            ["connect", "-i", "--summary", "--save", str(file), "--workers", workers, "--rate", "500/s", *WORDS]
        )
        assert len(file.read_text().splitlines()) == len(WORDS)
        said.append((status, *capsys.readouterr()))
    (status, out, err), (status_2, out_2, err_2) = said
    assert (status, err) == (status_2, err_2)
    assert out.count("HTTP/1.1") == out_2.count("HTTP/1.1") == len(WORDS)
    assert [line for line in out.splitlines() if line.startswith("HTTP/1.1")] == [
        line for line in out_2.splitlines() if line.startswith("HTTP/1.1")
    ]


def workers_of(process):
    """The worker processes, not the one in which Python keeps count of what they share."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(each) for each in children if b"resource_tracker" not in Path(f"/proc/{each}/cmdline").read_bytes()
    ]


def test_a_worker_that_is_killed_is_named_and_its_urls_are_asked_again(tmp_path):
    """Two workers, each with a URL in hand; one is killed."""
    file = tmp_path / "kept"
    words = ("connect", "--workers", "2", "--resume", str(file), "-m", "60", "-")
    with started(*words, stdin=subprocess.PIPE) as process:
        process.stdin.write("lab:ok\nftp://h/\nlab:silence\nlab:silence-long\n")
        process.stdin.flush()
        assert "line 2: scheme 'ftp'" in process.stderr.readline()
        while not file.read_bytes().endswith(b"\n") or len(workers_of(process)) < 2:
            os.sched_yield()
        for each in workers_of(process):
            os.kill(each, signal.SIGKILL)
        assert "was killed by SIGKILL while working on " in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert [json.loads(line)["name"] for line in file.read_text().splitlines()] == ["lab:ok"]


def test_what_was_under_way_is_reported_when_it_is_interrupted():
    words = ("connect", "--workers", "2", "-w", r"%{url} %{outcome}\n", "-")
    with started(*words, stdin=subprocess.PIPE) as process:
        process.stdin.write("lab:ok\nlab:silence\n")
        process.stdin.flush()
        assert process.stdout.readline() == "lab:ok open\n"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert out in ("lab:silence dropped\n", "")
    assert process.returncode == 143


@pytest.mark.parametrize(
    ("more", "calls"), [((), ["give", "give"]), (("--rate", "100/s"), ["up", "give", "give"])]
)
def test_with_a_rate_nothing_is_given_out_before_all_processes_can_work(more, calls):
    """What waited for one to start would be begun in a burst."""
    seen = []

    class Pool(WorkerPool):
        async def up(self):
            seen.append("up")

        def give(self, item, over):
            seen.append("give")
            trio.lowlevel.current_trio_token().run_sync_soon(over, [WorkerResult()])

    class Seen(Environment):
        pool = Pool

    assert run(["connect", "--workers", "2", *more, "ws://127.0.0.1:1/", "ws://127.0.0.1:1/2"], Seen()) == 0
    assert seen == calls


def test_without_other_processes_this_one_does_the_work(capsys, monkeypatch):
    monkeypatch.setattr(BaseProcess, "start", no_process)
    assert run(["connect", "--workers", "2", "-w", r"%{outcome}\n", *WORDS]) == 12
    out, err = capsys.readouterr()
    assert out.split() == ["refused", "refused", "server-error", "unauthorized"]
    assert err == (
        "wsprobe: worker process 1 could not be started (Resource temporarily unavailable)\n"
        "wsprobe: this process does the work alone\n"
    )
