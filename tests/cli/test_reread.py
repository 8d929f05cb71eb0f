"""`compare --json` over many recordings: as they are read, by one process or several; and the processes."""

from __future__ import annotations

import errno
import io
import json
import math
import operator
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wsprobe.cli import compare, workers
from wsprobe.cli.main import run
from wsprobe.cli.workers import WorkerLost, in_order
from wsprobe.outcome import Exit

Capture = pytest.CaptureFixture[str]
SCENARIOS = ("status-403", "accept-wrong", "close-4403")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A line each, of a few scenarios."""
    file = tmp_path_factory.mktemp("recorded") / "file"
    run(["connect", "-s", "--save", str(file), *(f"lab:{name}" for name in SCENARIOS)])
    return file.read_text().splitlines(keepends=True)


@pytest.fixture
def many(recorded: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes a file of lines that are more than can be held: two."""
    monkeypatch.setattr(compare, "HELD", 2)

    def file(*lines: str) -> str:
        path = tmp_path / "many"
        path.write_text("".join(lines or recorded * 3))
        return str(path)

    return file


def output(capsys: Capture, *words: str) -> tuple[int, str, str]:
    status = run(["compare", "--browser", "chromium,firefox", "--json", *words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_they_are_what_each_is_by_itself(
    recorded: list[str], many: Callable[..., str], capsys: Capture, tmp_path: Path
) -> None:
    status, out, _ = output(capsys, many())
    assert status == Exit.DIFFERENT
    alone = []
    for number, line in enumerate(recorded):
        one = tmp_path / str(number)
        one.write_text(line)
        alone.append(output(capsys, str(one))[1])
    assert out == "".join(alone) * 3


def test_all_the_same_is_no_difference(recorded: list[str], many: Callable[..., str], capsys: Capture) -> None:
    assert output(capsys, many(*[recorded[0]] * 5))[0] == Exit.OPEN


def test_processes_print_the_same_in_the_same_order(many: Callable[..., str], capsys: Capture) -> None:
    file = many()
    assert output(capsys, "--workers", "2", file) == output(capsys, file)


def test_a_line_that_is_none_is_named_and_the_rest_goes_on(
    recorded: list[str], many: Callable[..., str], capsys: Capture
) -> None:
    file = many(recorded[0], "{}\n", recorded[1], "\n", recorded[2])
    status, out, err = output(capsys, file)
    assert status == Exit.USAGE
    assert len(out.splitlines()) == 3
    assert err.count("\n") == 1
    assert f"{file}, line 2: not a recording" in err


def test_standard_input_and_files_are_one_list(
    recorded: list[str], many: Callable[..., str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(recorded[0].encode())))
    assert len(output(capsys, many(*recorded[:2]), "-")[1].splitlines()) == 3


def test_what_is_expected_decides_the_status(
    recorded: list[str], many: Callable[..., str], capsys: Capture
) -> None:
    file = many()
    assert output(capsys, "--expect", "view:chromium=failed", file)[0] == Exit.UNEXPECTED
    status, _, err = output(capsys, "--redact", "--expect", "outcome=refused", file)
    assert (status, err) == (Exit.UNEXPECTED, "wsprobe: an --expect is not met\n")
    alike = many(*recorded[:2], recorded[0])
    assert output(capsys, "--expect", "view:chromium=1006", alike)[0] == Exit.OPEN


def test_saved_masked_brief_and_by_revisions(many: Callable[..., str], capsys: Capture, tmp_path: Path) -> None:
    to = tmp_path / "saved"
    file = many()
    status, out, _ = output(capsys, "--save", str(to), "--redact", "--brief", "--spec", "rfc6455", file)
    assert status == Exit.DIFFERENT
    for line in out.splitlines():
        value = json.loads(line)
        assert value["verdicts"]
        assert "exchange" not in value
    assert len(to.read_text().splitlines()) == 9


def test_the_schema_holds_without_tellable(many: Callable[..., str], capsys: Capture) -> None:
    assert not any("tellable" in json.loads(line) for line in output(capsys, many())[1].splitlines())


# The processes ------------------------------------------------------------------------------------------


def test_results_keep_the_order_of_the_pieces() -> None:
    assert list(in_order(operator.neg, range(20), 3)) == [-each for each in range(20)]


def test_pieces_are_taken_as_they_are_needed() -> None:
    taken = []

    def pieces() -> Iterator[int]:
        for each in range(1000):
            taken.append(each)
            yield each

    results = in_order(operator.neg, pieces(), 1)
    assert next(results) == 0
    assert len(taken) <= 4
    results.close()  # type: ignore[attr-defined]


def test_what_the_work_raises_is_raised_here() -> None:
    results = in_order(math.sqrt, [4.0, -1.0], 1)
    assert next(results) == 2
    with pytest.raises(ValueError, match=r"math|nonnegative"):
        next(results)


def test_a_process_that_ends_is_noticed() -> None:
    with pytest.raises(WorkerLost, match="a worker process ended with status 3 before its work was done"):
        list(in_order(os._exit, [3], 2))


def test_a_process_that_cannot_be_started_is_named(
    many: Callable[..., str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_process(*given: object, alone: bool) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(workers, "spawned", no_process)
    assert output(capsys, "--workers", "2", many())[::2] == (
        Exit.USAGE,
        "wsprobe compare: a worker process could not be started (Resource temporarily unavailable); what is "
        "printed is whole; --workers 1 needs no other process (see wsprobe compare --help)\n",
    )


LEFT_ALONE = """
import multiprocessing, os, time
from wsprobe.cli.workers import in_order

if __name__ == "__main__":
    results = in_order(os.getpgid, [0, 0], 1)
    next(results)
    print(*(each.pid for each in multiprocessing.active_children()), flush=True)
    os.kill(os.getpid(), 9)
"""


def test_nothing_is_left_when_the_program_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(LEFT_ALONE)
    # The processes share its standard output, which ends only when the last of them has: else this runs out.
    ended = subprocess.run(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60
    )
    assert ended.returncode == -9
    assert int(ended.stdout)
