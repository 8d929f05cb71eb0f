"""Runs wsprobe and writes what it took: the measuring half of ``tests.hostile.sweep``.

The process loads the program once and makes one run, which is not measured. Then it starts a copy of itself for
each line of standard input, a JSON list of a file and of wsprobe's arguments, and prints its process id. The
copy writes FILE.out and FILE.err, and at its end, as JSON, what it took into FILE. So no time of start-up is
measured.
"""

import atexit
import gc
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import trio

from wsprobe.exchange import Ended
from wsprobe.net.stream import Tape

SECONDS = 2.0
"""-m, for each exchange."""


class Costs(trio.abc.Instrument):
    """What the exchanges took, and the longest stretch of work without a checkpoint. Seconds."""

    def __init__(self):
        self.walls = []
        """From the start of each exchange to its end."""
        self.late = []
        """CPU of each exchange beyond -m, in all tasks."""
        self.behind = []
        """CPU from the moment when no exchange was under way until the next one began, or the program ended."""
        self.step = self.step_behind = 0.0
        """CPU of the longest step of a task with an exchange under way before and after it; of the longest that
        ended the last exchange, or came behind it."""
        self.task = self.task_behind = ""
        """Whose it was."""
        self._under_way = self._was_under_way = 0
        self._over = None
        self._began = 0.0
        self._tapes = {}
        self._late = {}
        """The CPU when each exchange that has reached -m did."""

    def exchange_began(self, tape):
        self._tapes[tape] = time.perf_counter()
        if self._over is not None:
            self.behind.append(time.process_time() - self._over)
            self._over = None
        self._under_way += 1

    def exchange_ended(self, tape):
        self.walls.append(time.perf_counter() - self._tapes.pop(tape))
        self.late.append(time.process_time() - self._late.pop(tape, time.process_time()))
        self._under_way -= 1
        if not self._under_way:
            self._over = time.process_time()

    def before_task_step(self, task):
        self._was_under_way = self._under_way
        now = time.perf_counter()
        for tape, began in self._tapes.items():
            if now > began + SECONDS and tape not in self._late:
                self._late[tape] = time.process_time()
        self._began = time.thread_time()

    def after_task_step(self, task):
        took = time.thread_time() - self._began
        if self._was_under_way and self._under_way and took > self.step:
            self.step, self.task = took, task.name
        elif self.walls and not self._under_way and took > self.step_behind:
            self.step_behind, self.task_behind = took, task.name

    def write(self, path):
        if self._over is not None:
            self.behind.append(time.process_time() - self._over)
        value = {
            "peak": peak(),
            "walls": self.walls,
            "late": self.late,
            "behind": self.behind,
            "step": self.step,
            "task": self.task,
            "step_behind": self.step_behind,
            "task_behind": self.task_behind,
        }
        path.write_text(json.dumps(value))


def peak(pid="self"):
    """The most memory that a process had, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def watch(costs):
    """Let *costs* see every exchange and every step of trio."""
    begin, add, run = Tape.__init__, Tape.add, trio.run

    def begun(tape, *arguments):
        begin(tape, *arguments)
        costs.exchange_began(tape)

    def added(tape, event):
        add(tape, event)
        if isinstance(event, Ended):
            costs.exchange_ended(tape)

    def ran(*arguments, **more):
        return run(*arguments, **more, instruments=[costs])

    Tape.__init__, Tape.add, trio.run = begun, added, ran


def main():
    from wsprobe.__main__ import main as wsprobe  # it takes signals to itself

    own = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    sys.argv = ["wsprobe", *sys.argv[1:]]
    with suppress(SystemExit):
        wsprobe()
    os.write(own, b"ready\n")
    while line := os.read(0, 1 << 16):
        # Not before the next line: until then the reader may open one that has already ended.
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        file, *arguments = json.loads(line)
        pid = os.fork()
        if not pid:
            break
        os.write(own, b"%d\n" % pid)
    else:
        return
    # The first run left these as they are to be at the end of a process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    gc.unfreeze()
    for descriptor, name in ((1, f"{file}.out"), (2, f"{file}.err")):
        os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY), descriptor)
    os.dup2(null, 0)
    costs = Costs()
    watch(costs)
    atexit.register(costs.write, Path(file))
    sys.argv[1:] = arguments
    wsprobe()


if __name__ == "__main__":
    main()
