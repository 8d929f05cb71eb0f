"""Child processes that work for this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from typing import Protocol

DESCRIPTORS = "/proc/self/fd"
"""Where Linux lists the open files of a process."""
THREADS = "/proc/self/task"
"""Where it lists its threads."""
STANDARD = 2
"""Descriptors up to this one are standard streams."""


class Pipe(Protocol):
    """One end of a connection between two processes."""

    def fileno(self) -> int: ...


def spawned(run: Callable[..., None], pipe: Pipe, *given: object, alone: bool = False) -> BaseProcess:
    """A started process that calls *run* with *pipe* and *given*; it ends with this one.

    It shares no thread, lock or connection with this one except *pipe*. *alone*: nothing else runs in this
    process yet, in particular no event loop; then, on Linux, it starts as a copy of this one, with all modules
    loaded.

    Raises OSError if the system cannot start a process.
    """
    # Of several threads the others would be missing in a copy, with whatever they hold.
    copied = alone and os.path.isdir(THREADS) and len(os.listdir(THREADS)) == 1
    context = multiprocessing.get_context("fork") if copied else multiprocessing.get_context("spawn")
    process: BaseProcess = context.Process(target=_began, args=(copied, run, pipe, given), daemon=True)
    if not hasattr(signal, "pthread_sigmask"):
        process.start()
        return process
    if not copied:
        resource_tracker.ensure_running()  # its start, which the first process would bring, unblocks SIGINT
    # ^C at a terminal reaches every process of the group, a new one too, before a line of _began can say what
    # to do about it: a user would get a traceback. SIGINT stays blocked in it. A copy has our handlers besides.
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} if copied else {signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def _began(copied: bool, run: Callable[..., None], pipe: Pipe, given: tuple[object, ...]) -> None:
    """The main function of a child process."""
    # ^C at a terminal, and its end, reach every process of the group: the one that gives out the work decides.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if copied:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGHUP})
        _close_all_but(pipe.fileno())
    run(pipe, *given)


def _close_all_but(kept: int) -> None:
    """Otherwise a lock, and the pipe of another process, would stay open as long as this one holds them too."""
    for each in map(int, os.listdir(DESCRIPTORS)):
        if each > STANDARD and each != kept:
            with suppress(OSError):  # the one that the list was read from
                os.close(each)
