"""What --run-browser leaves behind, and what others of this machine can see of it: with a command in place of a
browser, that starts and then does nothing."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import trio

from wsprobe.lab import installed
from wsprobe.lab.installed import Installed, NoBrowser

pytestmark = pytest.mark.programs

FAKE = """#!/bin/sh
case "$1" in --version) echo 153.0; exit;; esac
sleep 600 & sleep 600
"""
SECRET = "sesame"


@pytest.fixture
def browser(tmp_path):
    """The path of the fake browser."""
    file = tmp_path / "browser"
    file.write_text(FAKE)
    file.chmod(0o755)
    return str(file)


def started(process):
    """The processes below *process*, once the browser's own child is among them."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        below = psutil.Process(process.pid).children(recursive=True)
        if sum("sleep" in each.name() for each in below) == 2:
            return below
        time.sleep(0.05)
    raise AssertionError("the browser does not start")


@pytest.mark.parametrize("engine", ["firefox", "webkitgtk"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_and_nothing_is_seen(engine, number, browser, tmp_path):
    """Chromium is spoken to over a pipe, and a command that does not answer there is given up by itself."""
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    url = f"ws://someone:{SECRET}@127.0.0.1:1/?token={SECRET}"
    command = [sys.executable, "-m", "wsprobe", "compare", "--run-browser", f"{engine}={browser}", "--", url]
    environment = {**os.environ, "TMPDIR": str(profiles), "DISPLAY": ":0", "WSPROBE_TEST": SECRET}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        below = started(process)
        (home,) = profiles.iterdir()
        mode = stat.S_IMODE(home.stat().st_mode)
        words = [word for each in below for word in (*each.cmdline(), *each.environ().values())]
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert mode == 0o700
    assert [word for word in words if SECRET in word or "/visit/" in word] == []
    assert process.returncode == (-number if number is signal.SIGKILL else 128 + number)
    assert said == b""
    psutil.wait_procs(below, timeout=60)
    assert [each for each in below if each.is_running()] == []
    assert list(profiles.iterdir()) == []


def test_nothing_is_left_of_a_browser_that_cannot_be_started(tmp_path, monkeypatch):
    async def run():
        async with installed.opened(
            Installed("firefox", "/bin/false"), "http://127.0.0.1/", authority=tmp_path
        ):
            pass

    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NoBrowser, match="certutil"):
        trio.run(run)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["chromium", "firefox", "webkitgtk"])
@pytest.mark.parametrize("ending", ["exit 3", "kill -SEGV $$", "sleep 600 & exit 0"])
def test_a_browser_that_crashes_ends_the_run_and_leaves_nothing(engine, ending, tmp_path):
    file, profiles = tmp_path / "browser", tmp_path / "profiles"
    profiles.mkdir()
    file.write_text(f'#!/bin/sh\ncase "$1" in --version) echo 153.0; exit;; esac\n{ending}\n')
    file.chmod(0o755)
    command = [sys.executable, "-m", "wsprobe", "compare", "--run-browser", f"{engine}={file}", "lab:ok"]
    environment = {**os.environ, "TMPDIR": str(profiles), "DISPLAY": ":0"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50)
    why = "does not start: " if engine == "chromium" else "ended before it reported anything"
    assert f"--run-browser: {engine}: {file} {why}" in ended.stderr
    assert ended.returncode == 2
    assert list(profiles.iterdir()) == []


@pytest.mark.parametrize("folder", ["/tmp/wsprobe-x", "/tmp/" + "x" * 90])
def test_temporary_files_of_a_browser_are_in_its_home(folder, monkeypatch):
    """Unless the path of a socket there would be too long for the system."""
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    assert installed.variables(Path(folder))["TMPDIR"] == (folder if len(folder) < 50 else "/elsewhere")
