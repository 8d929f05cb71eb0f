"""``connect --resume FILE`` and ``--summary``: what is kept of a list, and what is said of it."""

import json
import resource
import signal
import subprocess

import pytest

from tests.cli.processes import python, started
from wsprobe.cli.main import run
from wsprobe.report.outcome import Exit

NAMES = ["lab:status-403", "lab:ok", "lab:status-404"]


def resumed(file, *words):
    return run(["connect", "--linger", "0", "--resume", str(file), *words])


def kept(file):
    return [json.loads(line)["name"] for line in file.read_text().splitlines()]


def test_a_line_that_was_cut_is_asked_again(tmp_path):
    file = tmp_path / "kept"
    resumed(file, *NAMES[:2])
    whole = file.read_bytes()
    for begun in (whole[:-1], whole[:5], whole[: whole.index(b"\n") + 1] + bytes(500)):
        file.write_bytes(begun)
        assert resumed(file, *NAMES[:2]) == 12
        assert kept(file) == NAMES[:2]


@pytest.mark.parametrize("end", [b"\n", b"", b" "])
def test_a_blank_line_is_nothing(end, tmp_path):
    file = tmp_path / "kept"
    resumed(file, *NAMES[:2])
    first, second = file.read_bytes().splitlines(keepends=True)
    whole = b"\n" + first + b" \t\r\n" + second
    file.write_bytes(whole + end)
    assert resumed(file, *NAMES) == 12
    assert file.read_bytes().startswith(whole)
    assert [json.loads(line)["name"] for line in file.read_text().splitlines() if line.strip()] == NAMES


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\n" + bytes(512), "line 2 is not a report of connect --json; the file is unchanged"),
        (b"\nws://a/\n", "line 2 is not a report of connect --json; the file is unchanged"),
        (b"ws://a/\nws://b/\n", "line 1 is not a report of connect --json; the file is unchanged"),
        (b"ws://a/", "line 1 is not a report of connect --json; the file is unchanged"),
        (bytes(512), "line 1 is not a report of connect --json; the file is unchanged"),
        (b"{}\n", "line 1 is not a report of connect --json; the file is unchanged"),
        (b"[" * 100_000 + b"\n", "line 1 is not a report of connect --json; the file is unchanged"),
        (b'{"url":"ws://a/","outcome":"fine","exit_status":0}\n', "line 1 is not a report"),
    ],
)
def test_a_file_that_is_no_list_of_reports_is_left_alone(data, says, refused, tmp_path):
    file = tmp_path / "kept"
    file.write_bytes(data)
    assert f"--resume: {file}: {says}" in refused("connect", "--resume", str(file), "lab:ok")
    assert file.read_bytes() == data


@pytest.mark.programs
def test_a_full_disk_is_one_line_and_what_was_recorded_is_whole(tmp_path):
    """A limit to the size of files stands for the disk."""
    file = tmp_path / "kept"
    done = python(
        "from wsprobe.cli.main import main; main()",
        *("connect", "--linger", "0", "--resume", str(file), *NAMES),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)),
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert (
        "File too large; the results in it are complete; the same command continues from there" in done.stderr
    )
    assert kept(file) == NAMES[: len(kept(file))]
    assert 0 < len(kept(file)) < len(NAMES)
    assert resumed(file, *NAMES) == 12
    assert kept(file) == NAMES


@pytest.mark.programs
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_run_at_a_time_and_what_is_interrupted_is_asked_again(number, status, capsys, tmp_path):
    file = tmp_path / "kept"
    with started("connect", "--resume", str(file), "-", stdin=subprocess.PIPE) as process:
        process.stdin.write("lab:ok\nlab:silence\n")
        process.stdin.flush()
        while not file.exists() or not file.read_bytes().endswith(b"\n"):
            pass
        assert resumed(file, *NAMES) == Exit.USAGE
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "another run of wsprobe has it open" in err
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert err.splitlines()[0] == "1 URL: 1 open"
    assert kept(file) == ["lab:ok"]
