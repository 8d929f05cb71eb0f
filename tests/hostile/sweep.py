"""What each command takes on every scenario of the lab and before every hostile server, a process for each run.

    python -m tests.hostile.sweep [--command NAME] [--only REGEX] [--part K/N] [--worst N] [--save FILE]
                                  [--words WORDS] [--options WORDS]

Prints for each command how many servers are over a limit, and the worst, by each measure of LIMITS. A run that
took too long is repeated alone, and its least figures count: another program may have had the processor. A
figure never makes it fail.
"""

import argparse
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tests.hostile.servers import SERVERS, serving
from tests.hostile.timed import SECONDS
from wsprobe.lab import background, load

LONGEST = 60.0
"""Seconds after which a process is ended."""
SIDE_BY_SIDE = 2
ALONE = 3
"""Runs of what took too long, one at a time."""
LIMITS = {"peak": 100.0, "behind": 0.5, "over": 1.0, "CPU over": 0.5, "step": 0.05, "step behind": 0.05}
"""Peak of memory in MiB; in seconds: CPU behind an exchange, time and CPU of an exchange beyond -m, CPU of the
longest step without a checkpoint, while an exchange is under way and behind it."""
REPEATED = ("behind", "over")
"""A run over one of these limits is repeated alone."""
FAULTS = ("Traceback", "a bug in wsprobe")
"""Words on standard error that no run may print."""
COMMANDS = {
    "connect": ("connect", "--json"),
    "compare": ("compare", "--browser-mode"),
    "trace": ("trace",),
    "watch": ("watch", "--every", "100ms", "--count", "2"),
    "talk": ("talk", "--eof", "keep", "--jsonl"),
    "relay": ("relay", "--json"),
}
OVER_HTTP2 = ("connect", "talk")
"""The commands that can be told to speak it."""
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Server(Struct, frozen=True):
    """A server to run commands on."""

    name: str
    url: str
    options: tuple[str, ...] = ()
    http2: bool = False


class Costs(Struct, frozen=True):
    """What one run took."""

    server: str
    figures: Mapping[str, float]
    """By the names of LIMITS; empty for a run that went wrong."""
    note: str
    """Exchanges, and the tasks of the longest steps; or what went wrong."""


class Program:
    """A ``tests.hostile.timed``, which starts copies of itself."""

    def __init__(self, process):
        self._process = process
        self._lock = threading.Lock()

    def start(self, file, words):
        """The descriptor of a new copy's process."""
        with self._lock:
            self._process.stdin.write(json.dumps([str(file), *words]).encode() + b"\n")
            self._process.stdin.flush()
            return os.pidfd_open(int(self._process.stdout.readline()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", action="append", choices=[*COMMANDS])
    parser.add_argument("--only", default="", help="a regular expression for the names of servers")
    parser.add_argument("--part", default="1/1", help="K/N: every Nth server, from the Kth on")
    parser.add_argument(
        "--words", default="", help="the command line, instead of that in COMMANDS: 'connect -vv'"
    )
    parser.add_argument("--options", default="", help="further options; {folder} is a new folder of each run")
    parser.add_argument("--worst", type=int, default=10)
    parser.add_argument("--save", help="append every figure to this file, as JSON lines")
    given = parser.parse_args()
    first, step = map(int, given.part.split("/"))
    with servers(given.only) as found:
        for command in given.command or COMMANDS:
            chosen = [each for each in found if command in OVER_HTTP2 or not each.http2][first - 1 :: step]
            words = shlex.split(given.words) or COMMANDS[command]
            with program(words) as started, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
                measure = partial(run, started, words, shlex.split(given.options))
                every = list(pool.map(measure, chosen))
                every = [alone(measure, *each) for each in zip(chosen, every, strict=True)]
            show(command, every, given.worst)
            if given.save:
                save(Path(given.save), command, every)


@contextmanager
def servers(only):
    """Those whose name matches *only*, as long as the block lasts."""
    with ExitStack() as stack:
        found = []
        for name, server in SERVERS.items():
            if re.search(only, name):
                port = stack.enter_context(serving(server))
                options = ("--http2-prior-knowledge",) if server.http2 else ()
                found.append(Server(name, f"ws://127.0.0.1:{port}/", options, server.http2))
        lab = stack.enter_context(background.running())
        for name, scenario in load().items():
            if re.search(only, name):
                url = lab.url(name)
                trusted = ("--cacert", lab.authority) if url.startswith("wss:") else ()
                http2 = scenario.http2 is not None
                found.append(Server(name, url, (*trusted, "--http2") if http2 else trusted, http2))
        yield found


@contextmanager
def program(words):
    """What starts the runs of a command. It makes its own first run on a port where nothing listens."""
    words = COMMANDS["connect"] if words[0] == "relay" else words
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.timed", *words, "ws://127.0.0.1:1/"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        process.stdout.readline()
        yield Program(process)


def alone(measure, server, costs):
    """The least figures of *costs* and of further runs, if it was over a limit of time."""
    for _ in range(ALONE):
        if not any(costs.figures.get(name, 0.0) > LIMITS[name] for name in REPEATED):
            break
        figures = measure(server).figures
        if figures:
            costs = replace(costs, figures={name: min(costs.figures[name], figures[name]) for name in LIMITS})
    return costs


def run(started, command, options, server):
    """One run of *command* with further *options*."""
    with tempfile.TemporaryDirectory(prefix="wsprobe-sweep-") as folder:
        file = Path(folder, "costs")
        further = [word.replace("{folder}", folder) for word in options]
        words = [*command, *further, *server.options, "-m", f"{SECONDS:g}", server.url]
        process = started.start(file, words)
        try:
            if command[0] == "relay":
                out = file.with_suffix(".out")
                visit(out, process)
                line(out, 1, process)  # its report
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(process, signal.SIGINT)
            late = not select.select([process], [], [], LONGEST)[0]
            if late:
                signal.pidfd_send_signal(process, signal.SIGKILL)
        finally:
            os.close(process)
        printed = file.with_suffix(".err").read_text("utf-8", "replace")
        if late or any(each in printed for each in FAULTS) or not file.exists():
            return Costs(server.name, {}, "it did not end" if late else printed[-300:])
        value = json.loads(file.read_text())
    if not value["walls"]:
        return Costs(server.name, {}, f"no exchange: {printed[-300:]}")
    figures = {
        "peak": value["peak"],
        "behind": max(value["behind"], default=0.0),
        "over": max(value["walls"], default=0.0) - SECONDS,
        "CPU over": max(value["late"], default=0.0),
        "step": value["step"],
        "step behind": value["step_behind"],
    }
    tasks = [name.rpartition(".")[2] for name in (value["task"], value["task_behind"])]
    return Costs(server.name, figures, f"{len(value['walls'])} exchanges; {tasks[0]}; {tasks[1]}")


def visit(out, relay):
    """Be a client of the relay that prints to *out* and read all that comes."""
    if first := line(out, 0, relay):
        port = int(json.loads(first)["ready"]["ws"].rstrip("/").rpartition(":")[2])
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as stream:
            stream.sendall(REQUEST)
            while stream.recv(1 << 18):
                pass


def line(out, number, process):
    """Wait for a line of *out*; "" if *process* ends before it, or takes too long."""
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        lines = out.read_text().split("\n") if out.exists() else []
        if len(lines) > number + 1:
            return lines[number]
        if select.select([process], [], [], 0.02)[0]:
            break
    return ""


def show(command, every, worst):
    """Print the table of *command*."""
    print(f"\n{command}: {len(every)} servers")
    for each in every:
        if not each.figures:
            print(f"  {each.server}: {each.note}")
    for measure, limit in LIMITS.items():
        most = sorted((each for each in every if each.figures), key=lambda each: -each.figures[measure])
        over = sum(each.figures[measure] > limit for each in most)
        print(f"  {measure}: {over} of {len(most)} over {limit:g}; the worst")
        for each in most[:worst]:
            print(f"    {each.figures[measure]:8.3f}  {each.server}  ({each.note})")
    sys.stdout.flush()


def save(file, command, every):
    with file.open("a") as lines:
        for each in every:
            value = {"command": command, "server": each.server, **each.figures, "note": each.note}
            lines.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
