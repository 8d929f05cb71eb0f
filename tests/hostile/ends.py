"""How long each command takes to end after ^C, after SIGTERM, and once nobody reads its output.

    python -m tests.hostile.ends [--command REGEX] [--only REGEX] [--times N] [--latest SECONDS]

Each run is ended at a random moment. For each command, server and way to end it, this prints the longest time
and what was wrong: another exit status, a traceback, a file that is not whole. The time in which other programs
had the processor does not count (on Linux). A figure never makes it fail.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

from tests.hostile.servers import OPEN, SERVERS, Hostile, serving
from tests.hostile.sweep import FAULTS, LONGEST, visit
from wsprobe.report.outcome import Exit

URLS = 30
"""Lines of a list."""
CLIENTS = 2
"""Clients of a relay."""
LINGER = ("--linger", "60")
SAVE = ("--save", "{folder}/lines", "--har", "{folder}/har")
LIST = "@{folder}/list"
COMMANDS = {
    "connect": ("connect", *LINGER, *SAVE, "{url}"),
    "connect, a list": ("connect", *LINGER, *SAVE, LIST),
    "connect, standard input": ("connect", *LINGER, "--json", "-"),
    "connect --resume": ("connect", *LINGER, "--resume", "{folder}/lines", LIST),
    "connect --workers": ("connect", *LINGER, "--workers", "2", LIST),
    "compare": ("compare", "--browser-mode", "{url}", "{url}"),
    "trace": ("trace", "--save", "{folder}/lines", "{url}"),
    "watch": ("watch", "--every", "200ms", "{url}"),
    "watch --hold": ("watch", "--every", "200ms", "--hold", "60", "{url}"),
    "talk": ("talk", "--eof", "keep", "{url}"),
    "talk --jsonl": ("talk", "--eof", "keep", "--jsonl", "--save", "{folder}/lines", "{url}"),
    "relay": ("relay", "--json", *SAVE, "{url}"),
    "serve": ("serve", "--json"),
}
FLOODS = ("small frames", "messages that inflate", "texts of escapes", "a body of numbers")
TARGETS = {
    **{name: SERVERS[name] for name in FLOODS},
    "no answer": Hostile(b""),
    "a silent session": Hostile(OPEN),
}
WAYS = {
    # A signal that comes before the program has begun kills it.
    "SIGINT": (Exit.INTERRUPTED, -signal.SIGINT),
    "SIGTERM": (Exit.TERMINATED, -signal.SIGTERM),
    "no reader": (Exit.PIPE,),
}
"""How a run is ended, and the statuses that it may have then."""
NO_OUTPUT = ("connect --resume",)
"""Commands that write to no standard output, and go on without a reader."""
EARLIEST = 0.2
"""Seconds after the start. Before, ^C ends the interpreter in the middle of its own start, with a traceback."""


def run(words, way, moment, folder):
    """Run *words*, and end it in this *way*, *moment* seconds after its start: the seconds until it ended, None
    if it had ended before, and what was wrong."""
    out = folder / "out" if words[0] == "relay" else Path(os.devnull)
    with (folder / "list").open() as lines, (folder / "err").open("wb") as err, out.open("wb") as read:
        command = [sys.executable, "-m", "wsprobe", *words]
        process = subprocess.Popen(command, stdin=lines, stdout=subprocess.PIPE, stderr=err)
        reader = subprocess.Popen(["cat"], stdin=process.stdout, stdout=read)
    process.stdout.close()
    handle = os.pidfd_open(process.pid)
    number = CLIENTS if words[0] == "relay" else 0
    clients = [threading.Thread(target=visit, args=(out, handle)) for _ in range(number)]
    for client in clients:
        client.start()
    time.sleep(moment)
    early = process.poll() is not None
    before = delayed = waited(process.pid)
    began = time.monotonic()
    if way == "no reader":
        reader.kill()
    else:
        process.send_signal(signal.Signals[way])
    while process.poll() is None and time.monotonic() < began + LONGEST:
        time.sleep(0.01)
        delayed = max(delayed, waited(process.pid))
    seconds = time.monotonic() - began - (delayed - before)
    late = process.poll() is None
    process.kill()
    status = process.wait()
    reader.wait()
    for client in clients:
        client.join()
    os.close(handle)
    if early:
        return None, ""
    found = ["it did not end"] if late else [] if status in WAYS[way] else [f"status {status}"]
    return seconds, ", ".join([*found, *faults(folder)])


def waited(pid):
    """Seconds that the threads of a process have waited for a processor; 0 if it is gone."""
    total = 0
    with suppress(OSError, IndexError):
        for each in Path(f"/proc/{pid}/task").iterdir():
            total += int((each / "schedstat").read_text().split()[1])
    return total / 1e9


def faults(folder):
    """What is wrong in the files of a run."""
    said = (folder / "err").read_text("utf-8", "replace")
    yield from (each for each in FAULTS if each in said)
    for name in ("lines", "har"):
        data = (folder / name).read_bytes() if (folder / name).exists() else b""
        try:
            for line in data.splitlines() if name == "lines" else [data] if data else []:
                json.loads(line)
        except ValueError:
            yield f"--{'save or --resume' if name == 'lines' else name}: not whole"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", default="", help="a regular expression for the names of commands")
    parser.add_argument("--only", default="", help="a regular expression for the names of servers")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--latest", type=float, default=2.0, help="seconds after the start")
    given = parser.parse_args()
    random = Random(1)
    with ExitStack() as stack:
        for server, hostile in TARGETS.items():
            if not re.search(given.only, server):
                continue
            url = f"ws://127.0.0.1:{stack.enter_context(serving(hostile))}/"
            for name, words in COMMANDS.items():
                if not re.search(given.command, name):
                    continue
                for way in WAYS:
                    if way == "no reader" and name in NO_OUTPUT:
                        continue
                    moments = [random.uniform(EARLIEST, given.latest) for _ in range(given.times)]
                    show(f"{name}; {server}; {way}", [one(words, url, way, moment) for moment in moments])


def one(words, url, way, moment):
    """A run in a new folder."""
    with tempfile.TemporaryDirectory(prefix="wsprobe-ends-") as folder:
        Path(folder, "list").write_text(f"{url}\n" * URLS)
        filled = [word.replace("{url}", url).replace("{folder}", folder) for word in words]
        return run(filled, way, moment, Path(folder))


def show(title, every):
    """Print one line for *every* run of the same kind."""
    times = [seconds for seconds, _ in every if seconds is not None]
    wrong = sorted({wrong for _, wrong in every if wrong})
    print(f"{max(times, default=0.0):6.2f}  {title} ({len(times)})", *wrong, sep="  ", flush=True)


if __name__ == "__main__":
    main()
