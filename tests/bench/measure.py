"""Time and memory of programs, side by side: each round runs every one of them once, so that whatever else the
machine does falls on all alike. Medians, and ratios to one of them."""

import math
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


def begin(command, **streams):
    """Start *command* in a group of its own; what is not among the *streams* is thrown away."""
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    return subprocess.Popen(command, **quiet | streams, env=ENVIRONMENT, start_new_session=True)


def run(command, longest=LONGEST, **streams):
    """Run *command* to its end; its run, or why there is none."""
    started = time.perf_counter()
    try:
        process = begin(command, **streams)
    except OSError as error:
        return f"it does not start: {error.strerror}"
    return ended(process, started, longest)


def ended(process, started, longest):
    """Wait for the end of *process*, which began at *started*; its run, or that it was ended for being late."""
    # The process is waited for through a handle, and by wait4 alone: that is what tells its memory.
    handle = os.pidfd_open(process.pid)
    parts, over, last = {}, False, time.perf_counter() + longest
    try:
        while not over and time.perf_counter() < last:
            over = bool(select.select([handle], [], [], OFTEN)[0])
            parts.update(_started_by(process.pid))
        if not over:
            os.killpg(process.pid, 9)
    finally:
        os.close(handle)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss / 1024
    processor = usage.ru_utime + usage.ru_stime
    if not over:
        return f"it did not end within {longest:g} s"
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


def side_by_side(works, *, against, rounds, seconds=math.inf, slow=math.inf):
    """Rows for *works*, with ratios to the one *against*: name -> a command, what returns a run or why there is
    none, or why it is missing.

    At most *rounds* rounds, and no new round once *seconds* have passed; what takes longer than *slow* has one.
    The first is not counted where there is another, because it fills the caches. SHORT: one.
    """
    missing = {name: work for name, work in works.items() if isinstance(work, str)}
    runs = {name: [] for name in works}
    end = time.perf_counter() + seconds
    for number in range(rounds + 1):
        if number > 0 and (SHORT or time.perf_counter() > end):
            break
        for name, work in works.items():
            if name not in missing and all(each.seconds <= slow for each in runs[name]):
                done = work() if callable(work) else run(work)
                if isinstance(done, str):
                    missing[name] = done
                else:
                    runs[name].append(done)
    counted = {name: found[1:] or found for name, found in runs.items() if name not in missing}
    return [row(name, counted.get(name, []), counted.get(against, []), missing.get(name, "")) for name in works]


def compare(title, works, *, spread=False, **how):
    """Print the table of *works*, measured ``side_by_side``; returns its rows."""
    rows = side_by_side(works, **how)
    show(title, rows, spread)
    return rows


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


def per_one(of, count, beside=None):
    """The row of work on *count* things, for one of them; with ratios to the row *beside*, if there is one."""
    of = replace(of, milliseconds=of.milliseconds / count, processor=(of.processor or 0) / count)
    if beside is None or beside.why:
        return of
    of_processor = of.processor / beside.processor if beside.processor else None
    return replace(of, ratio=of.milliseconds / beside.milliseconds, processor_ratio=of_processor)


def show(title, rows, spread=False):
    """Print the table of *rows*: medians, of time and of processor, each with its ratio to the row that is 1;
    highest peak of memory. *spread*: the least and the greatest ratio of one round, too."""
    print(f"\n{title}\n{'':44}{'ms':>10}{'ratio':>9}{'cpu ms':>10}{'ratio':>9}{'peak MiB':>10}{'rounds':>8}")
    for row in rows:
        if row.why:
            print(f"  {row.name:42}  missing: {row.why}")
            continue
        of_time, of_processor = _ratio(row.ratio), _ratio(row.processor_ratio)
        processor = "" if row.processor is None else f"{row.processor:.2f}"
        peak = "" if row.processor is None else f"< {own_peak():.0f}" if row.peak is None else f"{row.peak:.0f}"
        print(
            f"  {row.name:42}{row.milliseconds:>10.2f}{of_time:>9}{processor:>10}{of_processor:>9}"
            f"{peak:>10}{row.rounds:>8}"
        )
        if spread and row.rounds > 1:
            of_time, of_processor = (f"{least:.2f} to {most:.2f}" for least, most in row.spread)
            print(f"    ratio in one round: of time {of_time}, of processor {of_processor}")
    sys.stdout.flush()


def _ratio(ratio):
    return "" if ratio is None else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.4f}"
