"""The edge: exit statuses, one clear line, and nothing that a user must not see."""

import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cases import every
from tests.cli.processes import started
from wsprobe.cli.environment import Environment
from wsprobe.cli.main import COMMANDS, listen, program, run
from wsprobe.cli.option import Formatter
from wsprobe.report.outcome import TABLE, Exit


@every(
    [
        (["connect", "lab:\x1b[1m\u202e"], "lab:\\x1b[1m\\u202e: there is no scenario"),
        (["connect", "\udcff\ud800"], "\\udcff\\ud800"),
        (["compare", "\udcff.json", "lab:ok"], "No such file"),
        (["connect", "--expect", f"cert-days={'9' * 5000}", "wss://h/"], "no cert-days is above 999999"),
    ],
)
def test_bad_input_is_one_line_of_ascii_and_status_2(case, refused):
    words, says = case
    err = refused(*words)
    assert says in err
    assert err.isascii()


class Broken(Environment):
    """Running any work raises this."""

    def __init__(self, error):
        self.error = error

    def run(self, *work, **how):
        raise self.error


def test_a_bug_is_one_line_and_a_file(capsys):
    """The file is posted: no argument is in it, nor what a message quotes, and nobody else can read it."""
    secret = "sesame"
    inner = ValueError(f"at ws://someone:{secret}@h/ 7 of 8"), ZeroDivisionError("inner detail")
    broken = ExceptionGroup("several", inner)
    broken.__cause__ = KeyError(secret)
    words = [f"ws://someone:{secret}@h/", "-H", f"Authorization: Bearer {secret}", f"--user=name:{secret}"]
    assert run(words, Broken(broken)) == Exit.BUG
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "ExceptionGroup" in err
    report = Path(next(word for word in err.replace(";", " ").split() if word.endswith(".txt")))
    text, mode = report.read_text(), stat.S_IMODE(report.stat().st_mode)
    report.unlink()
    for kept in (
        "KeyError: '***'",
        "ValueError: at *** 7 of 8",
        "ZeroDivisionError: inner detail",
        "raise self.error",
    ):
        assert kept in text
    assert secret not in text
    assert mode == 0o600


@pytest.mark.parametrize(
    "raised", [KeyboardInterrupt(), EOFError(), BaseExceptionGroup("", [KeyboardInterrupt()])]
)
def test_interrupted_is_130(raised):
    assert run(["connect", "ws://h/"], Broken(raised)) == Exit.INTERRUPTED


def test_an_end_of_input_within_a_group_is_a_bug(capsys):
    """It is no ^D: a prompt raises that by itself."""
    assert run(["connect", "ws://h/"], Broken(ExceptionGroup("", [EOFError()]))) == Exit.BUG
    Path(
        next(word for word in capsys.readouterr().err.replace(";", " ").split() if word.endswith(".txt"))
    ).unlink()


@pytest.mark.programs
@pytest.mark.parametrize("words", [["serve", "--list"], ["--version"]])
def test_closed_pipe_is_141_and_silent(words):
    end, pipe = os.pipe()
    os.close(end)  # before it begins: a reader that goes later may be later than all that is written
    process = started(*words, stdout=pipe)
    os.close(pipe)
    assert (process.communicate(timeout=60)[1], process.returncode) == ("", 141)


@pytest.mark.programs
def test_closed_pipe_is_141_with_no_buffer_between():
    command = f"({sys.executable} -m wsprobe connect -i lab:403-long-body; echo $? >&2) | head -c 4"
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("HTTP", "141\n")


@pytest.mark.programs
def test_interrupt_ends_serve_with_130():
    process = started("serve")
    assert process.stdout.readline().startswith("ws://127.0.0.1:")
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize("command", [[], ["connect"], ["compare"], ["talk"], ["watch"], ["serve"]])
def test_help_never_breaks_a_word(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert run([*command, "--help", *(["all"] if command else [])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if re.search(r"[a-z]-$", line)] == []


@every((command, columns) for command in COMMANDS for columns in (40, 80))
def test_help_is_no_wider_than_the_terminal(case, capsys, monkeypatch):
    """But for what is not broken: single words, and the rows of a table that is laid out by hand."""
    command, columns = case
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run([command, "--help", "all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    wide = [line for line in lines if len(line) > columns and not line.startswith(("    /", "    http"))]
    assert all(len(shlex.split(line.rstrip("\\"))) == 1 for line in wide), wide


@every((command, columns) for command in COMMANDS for columns in (40, 80))
def test_an_example_that_is_broken_is_still_the_command(case, monkeypatch):
    command, columns = case
    monkeypatch.setenv("COLUMNS", str(columns))
    for example, _ in program.get_command(click.Context(program), command).examples:
        formatter = Formatter(max_width=columns)
        formatter.write_command(example)
        assert shlex.split(formatter.getvalue().replace("\\\n", "")) == shlex.split(example)


@pytest.mark.parametrize(
    "rare", ["--wire", "--ws-key", "--ciphers", "--netrc", "--haproxy-protocol", "--per-host"]
)
def test_help_leaves_rare_options_to_help_all(rare, capsys):
    assert run(["connect", "--help"]) == 0
    out = capsys.readouterr().out
    assert rare not in out
    assert out.index("Examples:") < out.index("Send:")
    assert run(["connect", "--help", "all"]) == 0
    assert rare in capsys.readouterr().out


@every(list(COMMANDS))
def test_the_short_help_has_some_twenty_options(command, capsys):
    assert run([command, "--help"]) == 0
    options = [row for row in capsys.readouterr().out.splitlines() if row.startswith("  -")]
    assert 1 <= len(options) <= 24


def test_options_are_grouped_by_what_people_want_to_do(capsys):
    assert run(["connect", "--help"]) == 0
    rows = capsys.readouterr().out.splitlines()
    groups = [row[:-1] for row in rows if row.endswith(":") and not row.startswith(" ")]
    tasks = ["Send", "Reach the server", "Trust", "Print and save", "Check in scripts", "Many URLs"]
    assert groups == ["Examples", *tasks, "General"]


def test_help_fits_a_screen_and_names_the_exit_table(capsys):
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) <= 36, "the commands stay in sight"
    assert "wsprobe explain exit" in out.replace("\n ", "")
    assert run(["explain", "exit"]) == 0
    words = capsys.readouterr().out.split()
    for row in TABLE:
        assert f"{int(row.status)}:" in words


@pytest.mark.parametrize(
    ("handler", "blocked"),
    [(signal.SIG_IGN, True), (signal.SIG_DFL, False), (signal.default_int_handler, False)],
)
def test_an_ignored_interrupt_is_held_back(handler, blocked, own_signals):
    signal.signal(signal.SIGINT, handler)
    listen()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert (signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())) is blocked


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_other_signals_do_what_an_interrupt_does_unless_they_are_ignored(number, own_signals):
    signal.signal(number, signal.SIG_IGN)
    listen()
    assert signal.getsignal(number) is signal.SIG_IGN
    signal.signal(number, signal.SIG_DFL)
    listen()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
