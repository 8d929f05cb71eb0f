"""The edge of the process: streams that are closed or full, signals, a shell that hands over nothing."""

import errno
import os
import re
import signal
import socket
import subprocess
from contextlib import suppress

import click
import pytest

from tests.cli.processes import COMMAND, python, started
from tests.cli.test_files import full_disk
from wsprobe.cli.environment import Environment
from wsprobe.cli.files import write
from wsprobe.cli.main import failed, listen, run
from wsprobe.cli.recordings import recordings
from wsprobe.exchange import Ended, Exchange, Plan
from wsprobe.recording.archive import dump, load
from wsprobe.request.target import parse

EXCHANGE = Exchange(Plan(parse("ws://192.0.2.1/"), b"GET / HTTP/1.1\r\n\r\n"), (Ended(2, "fin"),))
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")


def shell(line, **environment):
    """Run *line* in a shell, in which $W is the program."""
    words = {"W": " ".join(COMMAND), "PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, timeout=60, env=words | environment, check=False
    )


@pytest.mark.programs
@FULL
@pytest.mark.parametrize("command", ["$W --help", "$W explain 1006", "$W connect lab:status-403", "$W"])
def test_a_full_disk_under_standard_output_is_one_line(command):
    done = shell(f"{command} >/dev/full")
    assert done.stderr == "wsprobe: the output could not be written: No space left on device\n"
    assert done.returncode == 2


@pytest.mark.programs
@pytest.mark.parametrize("command", ["$W explain 1006", "$W connect lab:status-403"])
def test_a_closed_standard_output_is_one_line(command):
    done = shell(f"{command} >&-")
    assert done.stderr == "wsprobe: the output could not be written: Bad file descriptor\n"
    assert done.returncode == 2


@pytest.mark.programs
@pytest.mark.parametrize("to", ["2>&-", pytest.param("2>/dev/full", marks=FULL)])
def test_without_standard_error_the_report_comes_all_the_same(to):
    done = shell(f"$W connect --expect status=200 lab:status-403 {to}")
    assert done.stdout.startswith("refused 403  lab:status-403\n\nHTTP/1.1 403 Forbidden\n")
    assert done.returncode == 20


@pytest.mark.programs
@FULL
def test_what_cannot_be_saved_is_said_after_the_report():
    done = shell("$W connect --save /dev/full lab:status-403")
    assert done.stdout.startswith("refused 403  lab:status-403\n\nHTTP/1.1 403 Forbidden\n")
    assert done.stderr.startswith("wsprobe connect: --save: /dev/full: No space left on device")
    assert done.returncode == 2


def save(file):
    """As --save does."""
    write(str(file), dump(EXCHANGE).encode() + b"\n", "save", append=True)


def test_a_full_disk_cuts_no_line_of_save(tmp_path):
    file = tmp_path / "kept"
    save(file)
    one = file.stat().st_size
    with full_disk(one + one // 2), pytest.raises(click.UsageError, match=r"--save: .*kept: File too large"):
        save(file)
    assert recordings(str(file)) == [EXCHANGE]


def test_what_is_saved_behind_a_line_that_was_cut_is_a_line_of_its_own(tmp_path):
    file = tmp_path / "kept"
    file.write_text('{"format":2,"plan":')
    save(file)
    first, second, rest = file.read_text().split("\n")
    assert (first, rest) == ('{"format":2,"plan":', "")
    assert load(second) == EXCHANGE
    file.write_text(first)
    with pytest.raises(click.UsageError, match=r"line 1: not a recording: .*; it has no line end"):
        recordings(str(file))


def test_the_bare_word_prints_its_help_as_help(capsys):
    assert run([]) == 2
    bare = capsys.readouterr()
    assert run(["--help"]) == 0
    assert (bare.out, bare.err) == (capsys.readouterr().out, "")


COMMANDS = ("connect", "compare", "page", "trace", "watch", "talk", "explain", "relay", "serve")


@pytest.mark.programs
def test_completion_of_nothing_is_the_commands():
    done = shell("$W", _WSPROBE_COMPLETE="bash_complete")
    assert done.stdout == "".join(f"plain,{name}\n" for name in COMMANDS)
    for kind in ("zsh", "fish"):
        assert shell("$W", _WSPROBE_COMPLETE=f"{kind}_complete").stderr == ""


@pytest.mark.programs
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_signal_is_as_an_interrupt(number, status, tmp_path):
    """The server is another's: one of the lab would fall with the process, perhaps before the probe does."""
    file = tmp_path / "kept"
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        started("connect", "-v", "--save", str(file), f"ws://127.0.0.1:{silent.getsockname()[1]}/") as process,
    ):
        for each in process.stderr:
            if "User-Agent" in each:
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert re.match(r"dropped  ws://127\.0\.0\.1:\d+/: interrupted after", out)
    assert "Traceback" not in err
    assert len(file.read_text().splitlines()) == 1


@pytest.mark.programs
def test_an_interrupt_while_loading_leaves_no_traceback():
    code = (
        "import os, signal, sys\n"
        "class Late:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'wsprobe.cli.main': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Late())\n"
        "import runpy; runpy.run_module('wsprobe', run_name='__main__')\n"
    )
    done = python(code)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_a_fault_of_ours_is_still_a_bug(capsys, tmp_path):
    assert failed(OSError(22, "Invalid argument")) == 70
    assert "a bug in wsprobe (OSError)" in capsys.readouterr().err


def test_a_terminal_that_has_gone_ends_it_as_its_signal_does(own_signals, own_output):
    class Gone(Environment):
        def run(self, *work, **how):
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGHUP)
            raise OSError(errno.EIO, "Input/output error")

    listen()
    assert run(["connect", "ws://h/"], Gone()) == 128 + signal.SIGHUP
