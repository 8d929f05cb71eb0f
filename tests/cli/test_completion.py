"""Completion in the shells themselves: what a person types, a tab, and what comes of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import python
from tests.cli.terminal import Terminal

BIN = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb", "PS1": "$ "}
SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
SETUP = {
    "bash": 'eval "$(_WSPROBE_COMPLETE=bash_source wsprobe)"\n',
    "zsh": 'autoload -Uz compinit; compinit -u -D; eval "$(_WSPROBE_COMPLETE=zsh_source wsprobe)"\n',
}
END = "=end="
TYPED = [
    ("wsprobe connect lab:accept-lowerc", "lab:accept-lowercased-value"),
    ("wsprobe comp", "wsprobe compare"),
    ("wsprobe connect --no-comp", "--no-compression"),
    ("wsprobe compare kept-re", "wsprobe compare kept-recording.json"),
    ("wsprobe explain remedy as", "wsprobe explain remedy asgi"),
    ("wsprobe compare --spec hybi-07..rfc64", "--spec hybi-07..rfc6455"),
    ("wsprobe trace --only get,keepal", "--only get,keepalive-upgrade"),
    ("wsprobe connect --expect sta", "--expect status="),
    ("wsprobe connect --expect finding:accept-mism", "finding:accept-mismatch"),
]


def wanting(shell):
    missing = shutil.which(shell) is None and not os.environ.get("CI")
    return pytest.mark.skipif(missing, reason=f"{shell} is not installed")


@pytest.mark.programs
@pytest.mark.parametrize("shell", [pytest.param(name, marks=wanting(name)) for name in SHELLS])
def test_a_tab_completes(shell, tmp_path):
    (tmp_path / "kept-recording.json").touch()
    with Terminal(SHELLS[shell], ENVIRONMENT | {"HOME": str(tmp_path)}, cwd=tmp_path) as terminal:
        terminal.type(SETUP[shell])
        terminal.type("echo rea''dy\n")
        terminal.sees("ready")
        for typed, completed in TYPED:
            terminal.type(f"{typed}\t")
            # The terminal shows what is typed and then what is added, perhaps with the line drawn anew.
            terminal.sees(completed)
            terminal.type("\x15")


def fish(commands, folder):
    """What fish prints for these commands, with the completion of wsprobe."""
    line = f"_WSPROBE_COMPLETE=fish_source wsprobe | source; {commands}"
    how = {"cwd": folder, "env": ENVIRONMENT | {"HOME": str(folder)}, "text": True, "timeout": 60}
    return subprocess.check_output(["fish", "-N", "-c", line], **how)


@pytest.mark.programs
@wanting("fish")
def test_fish_completes(tmp_path):
    (tmp_path / "kept-recording.json").touch()
    completions = "; ".join(f"complete -C '{typed}'; echo {END}" for typed, _ in TYPED)
    told = fish(completions, tmp_path).split(f"{END}\n")
    for (typed, completed), lines in zip(TYPED, told, strict=False):
        assert any(line.startswith(completed.split()[-1]) for line in lines.splitlines()), f"{typed}: {lines}"
    assert len(told) == len(TYPED) + 1


@pytest.mark.programs
@wanting("fish")
def test_fish_shows_the_whole_of_a_help_with_commas(tmp_path):
    assert "head and body, instead of the report" in fish("complete -C 'wsprobe connect --incl'", tmp_path)


KNOWN = [
    ("wsprobe compare --browser ", {"chromium", "firefox", "webkitgtk", "all"}),
    ("wsprobe compare --browser=we", {"webkitgtk"}),
    ("wsprobe compare --browser chromium,", {"chromium,firefox", "chromium,webkitgtk"}),
    ("wsprobe compare --spec hybi-1", {"hybi-10", "hybi-17"}),
    ("wsprobe compare --spec rfc6455,al", set()),
    ("wsprobe connect --wire ", {"hixie-75", "hybi-13"}),
    ("wsprobe watch --until outcome=re", {"redirected", "refused"}),
    ("wsprobe watch lab:status-40", {"status-400", "status-403"}),
    ("wsprobe connect --expect ", {"status=", "outcome=", "close=", "header:", "finding:", "cause:"}),
    ("wsprobe connect --expect outcome=r", {"redirected", "refused"}),
    ("wsprobe connect --expect finding:limit", {"limit-in-head"}),
    ("wsprobe connect lab:status-40", {"status-400", "status-403"}),
]


@pytest.mark.programs
def test_what_completes_is_told_without_the_network():
    """In one process, in which each line is completed as in one of its own."""
    code = f"""
import os, sys
from wsprobe.cli.main import run
for line in sys.argv[1:]:
    os.environ["COMP_LINE"] = line
    run()
    print({END!r})
    loaded = {{"trio", "ssl", "rich", "h11", "asyncio", "ada_url"}} & set(sys.modules)
    sys.stderr.write(f"{{line}} loads {{loaded}}\\n" if loaded else "")
"""
    variables = {"COMP_WORDBREAKS": "=:", "_WSPROBE_COMPLETE": "bash_complete"}
    done = python(code, *(line for line, _ in KNOWN), env=ENVIRONMENT | variables)
    assert done.stderr == ""
    *told, rest = done.stdout.split(f"{END}\n")
    assert rest == ""
    for (line, some), words in zip(KNOWN, told, strict=True):
        completions = {each.removeprefix("plain,") for each in words.split()}
        assert completions >= some, line
        assert bool(completions) == bool(some), line
