"""Bytes that are not UTF-8 in any option: one line of complaint, or they are used as they are."""

import click
import pytest

from wsprobe.cli.main import program, run
from wsprobe.report.outcome import Exit

COMMANDS = {
    "connect": ["wss://127.0.0.1:1/"],
    "talk": ["wss://127.0.0.1:1/"],
    "trace": ["wss://127.0.0.1:1/"],
    "watch": ["--count", "1", "wss://127.0.0.1:1/"],
    "compare": ["--browser", "chromium", "wss://127.0.0.1:1/"],
    "explain": ["1006"],
}


def options(command):
    """Those that take a value."""
    context = click.Context(program)
    found = program.get_command(context, command)
    each = (option for option in found.get_params(context) if isinstance(option, click.Option))
    return [option.opts[0] for option in each if not option.is_flag and option.nargs == 1]


@pytest.mark.programs
@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_takes_any_bytes(command, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    bugs = []
    for option in options(command):
        for value in ("\udcff", "a:\udcff", "http://h\udcff:1/"):
            status = run([command, option, value, *COMMANDS[command]])
            err = capfd.readouterr().err
            if status == Exit.BUG or "Traceback" in err:
                bugs.append((option, value, err))
    assert bugs == []
