"""Processes that end with us, and the directories they may write to."""

import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from os import environ
from pathlib import Path

import trio

from wsprobe.lab import guard

GUARD = Path(guard.__file__)
LONGEST = 1200.0
"""Seconds after which a process is killed even if nobody asked for it."""
KEPT = ("PATH", "TMPDIR", "TZ")
"""What the engines inherit of our environment: no locale, no proxy, no display."""


def directory(purpose):
    """A new directory of its own for one process; its guard removes it."""
    return Path(tempfile.mkdtemp(prefix=f"wsprobe-{purpose}-"))


def environment(home, **more):
    kept = {name: environ[name] for name in KEPT if name in environ}
    return {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LANG": "C", **more}


@asynccontextmanager
async def guarded(command, home, env, *, stderr=subprocess.DEVNULL, pass_fds=()):
    """Run *command*; at the end of the block, or of this process, it and its children are gone."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-I", str(GUARD), str(LONGEST), str(home), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env=dict(env),
        pass_fds=pass_fds,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        with trio.CancelScope(shield=True):
            await process.stdin.aclose()
            await process.wait()
