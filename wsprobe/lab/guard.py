"""Runs one command and cleans up after it, even if the parent process is killed.

``guard.py SECONDS DIRECTORY COMMAND...``: standard input is the lifeline. It ends when the parent ends or is
killed. Then, or after SECONDS, or when the command ends, the guard kills every descendant of the command and
removes *DIRECTORY* (a profile). On Linux it is a subreaper (prctl(2)), so it also finds processes that left the
command's process group; elsewhere it kills the group.

It runs as a script, by its path, and imports nothing from wsprobe.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
POLL = 0.25


def main(arguments: list[str]) -> int:
    """Run the command, and clean up after it; returns 1 if it failed or was killed by others, otherwise 0."""
    deadline = time.monotonic() + float(arguments[0])
    directory, command = Path(arguments[1]), arguments[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False, start_new_session=True)
    while child.poll() is None and time.monotonic() < deadline:
        readable, _, _ = select.select([0], [], [], POLL)
        if readable and not os.read(0, 1024):
            break
    failed = bool(child.returncode)  # None: it runs
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    end_children()
    shutil.rmtree(directory, ignore_errors=True)
    return int(failed)


def end_children() -> None:
    """Kill all descendants: orphans become our children, so repeat until there are no children."""
    while True:
        for pid in children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def children() -> list[int]:
    """Process ids of our children, from /proc; none without /proc."""
    own = os.getpid()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "stat").read_text()
        except OSError:
            continue
        if int(status.rpartition(")")[2].split()[1]) == own:
            found.append(int(entry.name))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
