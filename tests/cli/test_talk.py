"""`wsprobe talk` in a pipe: as a process, and with large input. What it prints is in printed/talk.txt."""

import json
import os
import re
import signal
import subprocess
from functools import partial

import pytest

from tests.cli.processes import started
from wsprobe.cli.main import run
from wsprobe.exchange import Ended, LeftOut, Received
from wsprobe.recording import archive
from wsprobe.report.report import report


@pytest.fixture
def typed(tmp_path):
    """Makes a text standard input, which is file descriptor 0."""
    before = os.dup(0)

    def text(data):
        (tmp_path / "typed").write_text(data)
        with open(tmp_path / "typed") as file:
            os.dup2(file.fileno(), 0)

    yield text
    os.dup2(before, 0)
    os.close(before)


def test_a_thousand_lines_come_back_raw(typed, capfd):
    lines = [str(number) for number in range(1005)]
    typed("\n".join(lines))
    assert run(["talk", "--count", "1005", "lab:/echo"]) == 0
    out, err = capfd.readouterr()
    assert out == "\n".join(lines) + "\n"
    size = len(out) - len(lines)
    sent, received = (f"{size + count * len(lines) + more}" for count, more in ((6, 8), (2, 4)))  # and a Close
    assert re.sub(r"[\d.]+ m?s$", "N", err.strip()) == (
        "open  lab:/echo: wsprobe closed, the server answered: 1000; "
        f"sent 1,005 messages ({size} bytes, {sent} bytes on the wire), "
        f"received 1,005 messages ({size} bytes, {received} bytes on the wire), in N"
    )


def test_a_saved_session_is_bounded(typed, capfd, tmp_path):
    path = tmp_path / "session.jsonl"
    typed(("y" * 99 + "\n") * 10_000)
    assert run(["talk", "--save", str(path), "--save-max", "10k", "--count", "10000", "-s", "lab:/echo"]) == 0
    assert path.stat().st_size < 900_000
    exchange = archive.load(path.read_text())
    assert sum(event.bytes_received for event in exchange.events if isinstance(event, LeftOut)) > 10_000
    made = report(exchange)
    assert made.outcome == "open"
    assert [each.id for each in made.verdict.findings if each.level == "fail"] == []


program = partial(started, "talk", stdin=subprocess.PIPE, text=False)


@pytest.mark.programs
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_a_close_and_a_report(number, status):
    with program("lab:/echo") as talking:
        talking.stdin.write(b"one\n")
        talking.stdin.flush()
        assert talking.stdout.readline() == b"one\n"
        talking.send_signal(number)
        out, err = talking.communicate(timeout=20)
    assert out == b""
    assert talking.returncode == status
    assert err.startswith(b"open  lab:/echo: wsprobe closed, the server answered: 1000; sent 1 message (3 ")
    assert err.count(b"\n") == 1


@pytest.mark.programs
def test_after_a_signal_jsonl_ends_with_the_close():
    with program("--jsonl", "lab:/echo") as talking:
        assert json.loads(talking.stdout.readline())["event"] == "open"
        talking.send_signal(signal.SIGINT)
        out, _ = talking.communicate(timeout=20)
    assert talking.returncode == 130
    (close,) = map(json.loads, out.splitlines())
    assert (close["event"], close["by"], close["how"]) == ("close", "client", "interrupted")


@pytest.mark.programs
def test_a_reader_that_goes_away_ends_it_quietly(tmp_path):
    """What was recorded until then is saved whole."""
    file = tmp_path / "saved.jsonl"
    with program("-s", "--eof", "keep", "--save", str(file), "lab:/echo") as talking:
        talking.stdin.write(b"one\n")
        talking.stdin.flush()
        assert talking.stdout.readline() == b"one\n"
        talking.stdout.close()
        talking.stdin.write(b"two\n")
        talking.stdin.flush()
        assert talking.wait(20) == 141
        assert talking.stderr.read() == b""
    (saved,) = file.read_text().splitlines()
    exchange = archive.load(saved)
    assert exchange.events[-1] == Ended(exchange.events[-2].at, "interrupted")
    assert b"one" in b"".join(event.data for event in exchange.events if isinstance(event, Received))
