"""``wsprobe trace``: what it sends, prints and keeps."""

import json
import signal
import subprocess
import sys

import pytest

from wsprobe.cli.main import run
from wsprobe.exchange import Sent
from wsprobe.recording import archive
from wsprobe.report.outcome import Exit

QUICK = ("--pause", "0", "--hold", "0.05", "--linger", "0.02")


def traced(capsys, *words):
    status = run(["trace", "--json", *QUICK, *words])
    out, complaints = capsys.readouterr()
    assert complaints == ""
    (line,) = out.splitlines()
    value = json.loads(line)
    return status, value


def changes(value):
    return [each["change"] for each in value["changes"]]


def test_recordings_are_kept_and_compare_reads_both(capsys, refused, tmp_path):
    saved, printed = tmp_path / "kept.jsonl", tmp_path / "printed.json"
    _, value = traced(capsys, "lab:status-403", "--save", str(saved))
    printed.write_text(json.dumps(value, separators=(",", ":")) + "\n")
    kept = [archive.load(line) for line in saved.read_text().splitlines()]
    assert len(kept) == len(value["changes"])
    for file in (saved, printed):
        assert run(["compare", "--json", str(file)]) in (Exit.OPEN, Exit.DIFFERENT)
        lines = capsys.readouterr().out.splitlines()
        assert [json.loads(line)["exchange"] for line in lines] == [
            each["report"]["exchange"] for each in value["changes"]
        ]
    printed.write_text('{"url":"ws://h/","changes":[{"change":"base"}]}\n')
    assert "line 1: not a recording" in refused("compare", str(printed))


@pytest.mark.programs
def test_interrupted():
    """^C while a request is under way: what was recorded until then is told, and the status is 130."""
    words = ["trace", "-m", "60", "lab:silence", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr.readline() == "sent\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (Exit.INTERRUPTED, "")
    value = json.loads(out)
    assert changes(value) == ["base"]
    assert value["changes"][0]["report"]["exit_status"] == Exit.INTERRUPTED
    assert value["conclusions"] == []


STARTED = f"""
import sys
from wsprobe.cli.main import main
from wsprobe.net.stream import Tape
add = Tape.add
def told(self, event):
    add(self, event)
    if type(event).__name__ == {Sent.__name__!r}:
        print("sent", file=sys.stderr, flush=True)
Tape.add = told
main(sys.argv[1:])
"""
