"""Where a peer runs: free ports of loopback, a folder that its workers may read, a process that is ended by its
own handle. Nothing here waits without an end."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds for a server to be ready, or for a line of its log to be there: Daphne takes 20 on a busy machine."""
UNTIL_ENDED = ("--linger", "50", "--max-time", "60")
"""Options of wsprobe for a session that the peer ends, however slow the machine is."""
SERVERS = Path(__file__).parent / "servers"
"""Configurations, and small servers, each in its own language."""
ATTEMPTS = 3
"""Another program may take a free port before the server does."""


def needs(program):
    """Return the path of *program*. Without it the test is skipped, in CI it fails: CI installs it."""
    # Programs of Python packages (hypercorn) are beside the interpreter, which need not be on PATH. Servers are
    # often on the administrator's path alone.
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join((beside, os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"))
    found = shutil.which(program, path=path)
    if found is not None:
        return found
    missing(f"{program} is not installed")


def needs_module(name):
    """The same for a Python package."""
    if find_spec(name) is None:
        missing(f"Python has no {name}")


def needs_gems(*names):
    """The same for packages of Ruby."""
    code = "".join(f"require '{name}';" for name in names)
    if subprocess.run([needs("ruby"), "-e", code], capture_output=True).returncode != 0:
        missing(f"Ruby has no {', '.join(names)}")


def missing(what):
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true")
    pytest.skip(what)


def free_ports(count):
    """Return *count* different ports of loopback that nobody listened on a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return tuple(each.getsockname()[1] for each in sockets)


@contextmanager
def nobody():
    """Hold a port on which nobody listens, so that connecting to it is refused."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        yield held.getsockname()[1]


@contextmanager
def open_folder():
    """Return a temporary folder that a server's workers can read when they run as another user."""
    with tempfile.TemporaryDirectory(prefix="wsprobe-peer-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


def until(found, what, patience=PATIENCE):
    """Return the first value of *found* that is not None; asks again and again, but not for ever."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = found()
        if value is not None:
            return value
        time.sleep(0.01)
    raise TimeoutError(f"waited {patience:g} s for {what}")


@contextmanager
def running(command, folder, ports=1):
    """Run the server that *command* starts on the ports it is given; they are returned once all can be
    connected to. What it prints is in *folder*/``printed``."""
    for _ in range(ATTEMPTS):
        numbers = free_ports(ports)
        with open(folder / "printed", "wb") as printed:
            process = subprocess.Popen(
                command(numbers), cwd=folder, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
            )
        try:
            if all(_listens(process, number) for number in numbers):
                yield numbers
                return
        finally:
            _end(process)
    raise RuntimeError(f"the server does not start:\n{(folder / 'printed').read_text()}")


@contextmanager
def started(line, *files, ports=1, folder=None, **values):
    """The ports of the program that the command *line* starts, once all can be connected to. *files*: which of
    servers/ are in its folder. Both have the names of values in braces: ``host``, ``folder``, ``servers``,
    ``port`` (then ``port1``), ``ports``, and *values*, some of which may be made of the ports."""
    with open_folder() if folder is None else nullcontext(folder) as own:

        def command(numbers):
            at = {"host": HOST, "folder": own, "servers": SERVERS, "port": numbers[0], **values}
            at |= {f"port{number}": port for number, port in enumerate(numbers)}
            at["ports"] = " ".join(map(str, numbers))
            at |= {name: value(numbers) for name, value in values.items() if callable(value)}
            for name in files:
                (own / name).write_text(filled((SERVERS / name).read_text("utf-8"), at))
            return words(line, at)

        with running(command, own, ports) as numbers:
            yield numbers


def words(line, values):
    """The words of a command, the path of its program in place of the name; ``python`` is the one that runs."""
    found = shlex.split(filled(line, values))
    first = next(number for number, word in enumerate(found) if word != "env" and "=" not in word)
    program = sys.executable if found[first] == "python" else needs(found[first])
    return [*found[:first], program, *found[first + 1 :]]


def filled(text, values):
    """*text* with the values in place of their names in braces; other braces stay."""
    return re.sub(r"\{(\w+)\}", lambda name: str(values.get(name[1], name[0])), text)


@contextmanager
def in_thread(server, *arguments):
    """Run a server of this process that has ``serve_forever`` and ``shutdown``."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=arguments)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(PATIENCE)


def _listens(process, port):
    """False if *process* ended before it listened. A listener of another program at *port* does not count."""

    def ready():
        if process.poll() is not None:
            return False
        with socket.socket() as probe:
            probe.settimeout(PATIENCE)
            return True if probe.connect_ex((HOST, port)) == 0 and _owns(process.pid, port) else None

    return until(ready, f"a server on port {port}")


def _owns(pid, port):
    """Whether the process *pid*, or one that it started, listens at *port*."""
    with suppress(psutil.Error):
        server = psutil.Process(pid)
        for each in (server, *server.children(recursive=True)):
            with suppress(psutil.Error):
                for connection in each.net_connections("tcp"):
                    if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                        return True
    return False


def _end(process):
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)
