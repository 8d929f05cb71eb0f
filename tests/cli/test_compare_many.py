"""`compare --json` over many recordings: as they are read, by one process or several; and the processes."""

import io
import json
import os
import signal
from functools import partial
from multiprocessing.process import BaseProcess
from tracemalloc import get_traced_memory

import pytest

from tests.cli.processes import no_process
from tests.traced import traced
from wsprobe.cli import compare_shared
from wsprobe.cli.compare_many import NOT_APART
from wsprobe.cli.environment import Environment
from wsprobe.cli.main import run
from wsprobe.net.worker_pool import WorkerPool
from wsprobe.report.outcome import Exit

SCENARIOS = ("status-403", "accept-wrong", "close-4403")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A line each, of a few scenarios."""
    file = tmp_path_factory.mktemp("recorded") / "file"
    run(["connect", "-s", "--save", str(file), *(f"lab:{name}" for name in SCENARIOS)])
    return file.read_text().splitlines(keepends=True)


@pytest.fixture
def many(recorded, tmp_path):
    """Makes a file of lines that are more than TWO holds."""

    def file(*lines):
        path = tmp_path / "many"
        path.write_text("".join(lines or recorded * 3))
        return str(path)

    return file


class Holding(Environment):
    """With memory for *held* recordings and bytes of them."""

    def __init__(self, *held):
        self.held = held


TWO = Holding(2, 1 << 23)


def output(capsys, *words, environment=TWO):
    status = run(["compare", "--browser", "chromium,firefox", "--json", *words], environment)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_they_are_what_each_is_by_itself(recorded, many, capsys, tmp_path):
    status, out, _ = output(capsys, many())
    assert status == Exit.DIFFERENT
    alone = []
    for number, line in enumerate(recorded):
        one = tmp_path / str(number)
        one.write_text(line)
        alone.append(output(capsys, str(one))[1])
    assert out == "".join(alone) * 3


@pytest.mark.parametrize("most", [(2, 1 << 23), (1000, 10)])
@pytest.mark.parametrize("how", [("--browser", "chromium"), ("--spec", "rfc6455"), ("--browser-mode", "-v")])
def test_for_a_person_each_is_printed_before_the_next_is_read(
    how, most, recorded, monkeypatch, capsys, tmp_path
):
    size = 1 << 19
    printed, memory, unread = [], [], [line[:-1].encode().ljust(size) + b"\n" for line in recorded * 2]

    class Lines(io.RawIOBase):
        """A line at a time, once what was printed is taken."""

        def readable(self):
            return True

        def readinto(self, room):
            printed.append(capsys.readouterr().out)
            memory.append(get_traced_memory()[0])
            line = unread.pop(0) if unread else b""
            room[: len(line)] = line
            return len(line)

    alone = []
    for number, line in enumerate(recorded):
        one = tmp_path / str(number)
        one.write_text(line)
        run(["compare", *how, "-v", str(one)])  # not in a list, whatever its size
        alone.append(capsys.readouterr().out + "\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Lines(), 1 << 20)))
    with traced():
        assert run(["compare", *how, "-v", "-"], Holding(*most)) == Exit.DIFFERENT
    assert "".join(printed) == "".join(alone * 2)
    assert printed[-3:] == alone
    assert max(memory[-3:]) < 2 * size  # those that were held to see how many there are have gone
    assert capsys.readouterr() == ("", f"wsprobe: {NOT_APART}\n" if how[0] != "--spec" else "")


def test_files_have_each_of_them_too(recorded, many, tmp_path):
    har, page, junit = (tmp_path / name for name in ("har.json", "page.html", "junit.xml"))
    written = []
    for more in ((), ("--junit", str(junit))):  # for which all are held
        files = ("--har", str(har), "--report", str(page), *more)
        run(["compare", "-s", "--browser-mode", *files, many(*recorded)], TWO)
        shown = page.read_text()
        written.append((har.read_bytes(), [shown.count(f"lab:{name}</h2>") for name in SCENARIOS]))
    assert written[0] == written[1]
    assert written[0][1] == [1, 1, 1]


def test_all_the_same_is_no_difference(recorded, many, capsys):
    assert output(capsys, many(*[recorded[0]] * 5))[0] == Exit.OPEN


@pytest.mark.programs
def test_processes_print_the_same_in_the_same_order(many, capsys):
    file = many()
    assert output(capsys, "--workers", "2", file) == output(capsys, file)


def test_a_line_that_is_none_is_named_and_the_rest_goes_on(recorded, many, capsys):
    file = many(recorded[0], "{}\n", recorded[1], "\n", recorded[2])
    status, out, err = output(capsys, file)
    assert status == Exit.USAGE
    assert len(out.splitlines()) == 3
    assert err.count("\n") == 1
    assert f"{file}, line 2: not a recording" in err


def test_standard_input_and_files_are_one_list(recorded, many, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(recorded[0].encode())))
    assert len(output(capsys, many(*recorded[:2]), "-")[1].splitlines()) == 3


def test_what_is_expected_decides_the_status(recorded, many, capsys):
    file = many()
    assert output(capsys, "--expect", "view:chromium=failed", file)[0] == Exit.UNEXPECTED
    status, _, err = output(capsys, "--redact", "--expect", "outcome=refused", file)
    assert (status, err) == (Exit.UNEXPECTED, "wsprobe: an --expect is not met\n")
    alike = many(*recorded[:2], recorded[0])
    assert output(capsys, "--expect", "view:chromium=1006", alike)[0] == Exit.OPEN


def test_saved_masked_brief_and_by_revisions(many, capsys, tmp_path):
    to = tmp_path / "saved"
    file = many()
    status, out, _ = output(capsys, "--save", str(to), "--redact", "--brief", "--spec", "rfc6455", file)
    assert status == Exit.DIFFERENT
    for line in out.splitlines():
        value = json.loads(line)
        assert value["verdicts"]
        assert "exchange" not in value
    assert len(to.read_text().splitlines()) == 9


def test_the_schema_holds_without_tellable(many, capsys):
    assert not any("tellable" in json.loads(line) for line in output(capsys, many())[1].splitlines())


# The processes ------------------------------------------------------------------------------------------


class Deadly(WorkerPool):
    """A piece with this close code in it ends the process."""

    def __init__(self, make, *more):
        super().__init__(partial(deadly, make), *more)


def deadly(make):
    work = make()

    async def read(lines, keep):
        if any(b"close-4403" in line.data for line in lines):
            os.kill(os.getpid(), signal.SIGKILL)
        return await work(lines, keep)

    return read


class Dying(Holding):
    pool = Deadly


DYING = Dying(2, 1 << 23)


@pytest.mark.programs
def test_a_line_that_ends_processes_takes_no_other_with_it(recorded, many, capsys):
    """It ends two with its piece, and two by itself; the pieces before and behind it are there, in order."""
    # Two of these are a piece.
    first, second, third = (line[:-1] + " " * (compare_shared.PIECE_BYTES // 2) + "\n" for line in recorded)
    others = output(capsys, many(first, first, second, second, first))[1]
    file = many(first, first, second, third, second, first)
    status, out, err = output(capsys, "--workers", "2", file, environment=DYING)
    assert (status, out) == (Exit.USAGE, others)
    lost = "was killed by SIGKILL while working on 1 part of the list"
    *said, last = err.splitlines()
    assert [each.partition(lost)[2] for each in said] == ["; read again", ""] * 2
    assert last == (f"wsprobe: {file}, line 4: not read: two worker processes ended while reading it")


@pytest.mark.programs
def test_where_no_process_can_be_started_this_one_reads(many, capsys, monkeypatch):
    file = many()
    alone = output(capsys, file)
    monkeypatch.setattr(BaseProcess, "start", no_process)
    *same, err = output(capsys, "--workers", "2", file)
    assert same == list(alone[:2])
    assert err == (
        "wsprobe: worker process 1 could not be started (Resource temporarily unavailable)\n"
        "wsprobe: this process does the work alone\n"
    )


@pytest.mark.programs
def test_when_the_last_process_is_lost_and_there_is_no_other_one_line_says_so(
    recorded, many, capsys, monkeypatch
):
    starts = iter([BaseProcess.start])
    monkeypatch.setattr(BaseProcess, "start", lambda process: next(starts, no_process)(process))
    status, out, err = output(capsys, "--workers", "2", many(*[recorded[2]] * 3), environment=DYING)
    assert (status, out) == (Exit.USAGE, "")
    assert err.endswith("--workers 1 needs no other process (see wsprobe compare --help)\n")
