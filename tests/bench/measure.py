"""Time and memory of programs, side by side: each round runs every one of them once, so that whatever else the
machine does falls on all alike. Medians, and ratios to one of them."""

import os
import resource
import select
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

SHORT = "--short" in sys.argv[1:]
"""Whether it is only to be seen that all of it works: each program runs once, most with a fifth of the work."""
LONGEST = 30.0
"""Seconds for one run of one program; then it is ended and counted as missing."""

NOT_USUAL = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in NOT_USUAL}
"""A package that pip has installed is compiled: a checkout is to be so too, after the first round. And what
goes to no terminal is written in blocks."""

OFTEN = 0.05
"""Seconds between two looks at the processes that a program has started."""


@dataclass(frozen=True)
class Run:
    """One run, by wait4(2): seconds on the clock and of processor, and the peak resident memory in MiB of its
    largest process. Linux counts memory from the fork on: what is below our own peak cannot be told."""

    seconds: float
    processor: float
    peak: float | None
    busiest: float
    """Seconds of processor of the process that took the most: with a processor for each, the program would have
    taken hardly less than that."""
    status: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the table; *why* is set where there is nothing to show."""

    name: str
    milliseconds: float = 0.0
    ratio: float | None = None
    processor: float | None = None
    """Milliseconds of processor, user and system: what a busy machine changes least."""
    processor_ratio: float | None = None
    peak: float | None = None
    rounds: int = 0
    busiest: float | None = None
    """Milliseconds of processor of the busiest process."""
    spread: tuple[tuple[float, float], ...] = ()
    """The least and the greatest ratio of one round: of time, and of processor."""
    why: str = ""


def run(command, longest=LONGEST):
    """Run *command* to its end, its output thrown away; None if it did not end in time."""
    started = time.perf_counter()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdin=quiet, stdout=quiet, stderr=quiet, env=ENVIRONMENT, start_new_session=True
    )
    return ended(process, started, longest)


def ended(process, started, longest):
    """Wait for the end of *process*, which began at *started*; None if it is ended for being late."""
    # The process is waited for through a handle, and by wait4 alone: that is what tells its memory.
    handle = os.pidfd_open(process.pid)
    parts, over, last = {}, False, time.perf_counter() + longest
    try:
        while not over and time.perf_counter() < last:
            over = bool(select.select([handle], [], [], OFTEN)[0])
            parts.update(_started_by(process.pid))
        if not over:
            process.kill()
            with suppress(ProcessLookupError):  # no group of its own
                os.killpg(process.pid, 9)
    finally:
        os.close(handle)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss / 1024
    processor = usage.ru_utime + usage.ru_stime
    if not over:
        return None
    busiest = max(processor - sum(parts.values()), *parts.values(), 0.0)
    seconds = time.perf_counter() - started
    return Run(seconds, processor, peak if peak > own_peak() else None, busiest, process.returncode)


def taken(work, loops=1):
    """What *work* takes in this process, once."""
    started, processor = time.perf_counter(), time.process_time()
    for _ in range(loops):
        work()
    processor = (time.process_time() - processor) / loops
    return Run((time.perf_counter() - started) / loops, processor, None, processor)


def _started_by(pid):
    """The processes that process *pid* has started and not waited for yet, with their seconds of processor."""
    found = {}
    with suppress(OSError):  # it has ended
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with suppress(OSError):
                found[int(child)] = processor_of(int(child))
    return found


def processor_of(pid):
    """Seconds of processor, user and system, of a process until now. Raises OSError if it has ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_peak():
    """MiB of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def side_by_side(programs, *, against, rounds, seconds):
    """Rows for *programs* (name -> command, or why it is missing), with ratios to the program *against*.

    At most *rounds* rounds, and no new round once *seconds* have passed; the first is not counted where there
    is another, because it fills the caches. SHORT: one.
    """
    commands = {name: what for name, what in programs.items() if not isinstance(what, str)}
    missing = {name: what for name, what in programs.items() if isinstance(what, str)}
    runs = {name: [] for name in commands}
    end = time.perf_counter() + seconds
    for number in range(rounds + 1):
        if number > 0 and (SHORT or time.perf_counter() > end):
            break
        for name, command in commands.items():
            if name in missing:
                continue
            try:
                done = run(command)
            except OSError as error:
                missing[name] = f"it does not start: {error.strerror}"
                continue
            if done is None:
                missing[name] = f"it did not end within {LONGEST:g} s"
            else:
                runs[name].append(done)
    counted = {name: found[1:] or found for name, found in runs.items() if name not in missing}
    return [
        row(name, counted.get(name, []), counted.get(against, []), missing.get(name, "")) for name in programs
    ]


def in_turn(works, against, rounds, loops=1):
    """Rows for *works*, which are done in this process, with ratios to the one *against*. The first round fills
    the caches, and is not counted."""
    runs = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            runs[name].append(taken(work, loops))
    return [row(name, found[1:], runs[against][1:]) for name, found in runs.items()]


def row(name, runs, beside, why=""):
    """The row of *runs*, with ratios to the runs *beside*, of their medians and round by round; or of *why*
    there are none."""
    if why:
        return Row(name, why=why)
    base = median(each.seconds for each in beside) if beside else None
    seconds = median(each.seconds for each in runs)
    processor = median(each.processor for each in runs)
    peaks = [each.peak for each in runs if each.peak is not None]
    pairs = list(zip(runs, beside, strict=False))
    ratios = (
        [a.seconds / b.seconds for a, b in pairs],
        [a.processor / b.processor for a, b in pairs if b.processor],
    )
    of_processor = median(each.processor for each in beside) if beside else 0.0
    return Row(
        name,
        milliseconds=seconds * 1000,
        ratio=seconds / base if base else None,
        processor=processor * 1000,
        processor_ratio=processor / of_processor if of_processor else None,
        peak=max(peaks, default=None),
        rounds=len(runs),
        busiest=median(each.busiest for each in runs) * 1000,
        spread=tuple((min(each), max(each)) for each in ratios if each),
    )


def per_one(of, count):
    """The row of work on *count* things, for one of them."""
    return replace(of, milliseconds=of.milliseconds / count, processor=(of.processor or 0) / count)
