"""README.md: every command line parses, what needs no network runs, and prints what is shown."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.browsers.driver import store
from tests.manual.command_lines import calls, parse
from wsprobe.browsers import title
from wsprobe.report.outcome import TABLE, Exit

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
CONSOLE = re.findall(r"```console\n\$ (.*?)\n(.*?)```", README, re.DOTALL)
LINES = [line for block in SHELL for line in block.splitlines()]
SET_UP = [line for line in LINES if line.startswith("python3 -m venv")]
COMPLETION = [line for line in LINES if "_WSPROBE_COMPLETE" in line]
OURS = [line for line in LINES if line not in SET_UP and line not in COMPLETION]
OFFLINE = [
    line
    for line in OURS
    if re.search(r"lab:| explain |--list\b", line) and "@urls" not in line and " relay " not in line
]
"""What needs no network, and ends by itself."""
STATUS = {
    "wsprobe connect -s -w": Exit.REFUSED,
    "wsprobe connect --save": Exit.INVALID,
    "wsprobe connect --report": Exit.REFUSED,
    "wsprobe connect 'lab:/close": Exit.CLOSED,
    "wsprobe connect 'lab:/status": Exit.REFUSED,
    "wsprobe compare --browser-mode lab:status-403 lab:refused": Exit.DIFFERENT,
    "wsprobe compare --browser clients": Exit.DIFFERENT,
    "wsprobe compare --browser node22,node24": Exit.DIFFERENT,
    "wsprobe compare --spec": Exit.DIFFERENT,
}
"""How a line begins -> the status it ends with, where that is not 0."""


def run(line, directory):
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"] if "|" not in line else ["bash", "-c", line],
        cwd=directory,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )


def steady(printed):
    """*printed* without what differs from one run to the next: ports and times."""
    return re.sub(r"\b\d+\.\d\b|(?<=:)\d{4,5}\b|\b\d+ ms", "N", printed)


def test_there_is_something_to_try():
    assert len(SET_UP) == 2
    assert len(OURS) > 20
    assert len(OFFLINE) > 12
    assert CONSOLE


@pytest.mark.parametrize("line", OURS)
def test_every_line_parses(line):
    assert parse(line)


@pytest.mark.programs
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("line", OFFLINE)
def test_lines_that_need_no_network_run(line, tmp_path):
    done = run(line, tmp_path)
    wanted = next((status for start, status in STATUS.items() if line.startswith(start)), Exit.OPEN)
    assert done.returncode == wanted, done.stderr
    assert done.stdout


@pytest.mark.programs
@pytest.mark.parametrize(("line", "shown"), CONSOLE)
def test_what_is_shown_is_what_is_printed(line, shown, tmp_path):
    assert steady(run(line, tmp_path).stdout) == steady(shown)


def test_the_set_up_is_what_ci_runs():
    ci = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    for line in SET_UP:
        assert line in ci
    assert all(parse(" ".join(words)) for line in SET_UP for words in calls(line))


def test_outcomes_and_statuses_are_those_of_the_table():
    rows = re.findall(r"\| (\d+) \| ([a-z-]+) ", README)
    assert sorted((int(status), outcome) for status, outcome in rows) == sorted(
        (int(row.status), row.outcome) for row in TABLE if row.outcome
    )


def test_versions_and_dates_are_those_of_the_recordings():
    """Each version that has facts, with the release that was measured, and when."""
    rows = [
        f"| {title(*name.split('@'))} | `{name}` | {store.load(name)[0]} | {store.measured_on(name)} |"
        for name in store.names()
    ]
    section = README.partition("## Which versions, measured when\n")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| ")][1:] == rows, "\n".join(
        ("README.md must have the version and day of each recording:", *rows)
    )


def test_links_lead_to_files():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not link.startswith("#") and not (ROOT / link).exists()] == []


def test_links_within_the_page_lead_to_headings():
    headings = {
        re.sub(r"[^a-z -]", "", line.lower()).replace(" ", "-") for line in re.findall("(?m)^#+ (.*)", README)
    }
    assert {link[1:] for link in re.findall(r"\]\((#[^)]+)\)", README)} <= headings


@pytest.mark.parametrize("page", ["README.md", "wsprobe/README.md", "tests/README.md"])
def test_paths_that_are_named_exist(page):
    text = (ROOT / page).read_text("utf-8")
    for name in re.findall(r"`([a-z_]+(?:/[\w.]*)+)`|`([a-z_]+\.\w+)`", text):
        path = "".join(name)
        assert any((ROOT / place / path).exists() for place in (".", "wsprobe", "tests")), path
    modules = re.findall(r"python -m (tests(?:\.\w+)+)", text)
    assert [each for each in modules if not find_spec(each)] == []


def test_it_is_short_enough_to_read():
    over = len(README) - 24_000
    assert over < 0, f"README.md is too long: shorten another place by {over + 1} characters"


def test_it_is_plain():
    assert README.isascii()
    assert "!" not in README.replace("![", "")
