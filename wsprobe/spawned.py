"""Processes of our own that work for this one."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess


def spawned(run: Callable[..., None], *given: object) -> BaseProcess:
    """A process that was started and calls *run* with what is *given*; it ends with this one.

    ^C at a terminal reaches every process of the group, a new one too while it loads, before a line of *run*
    can say what to do about it: a user would get a traceback. SIGINT stays blocked in it."""
    # Spawned, not forked: a child has no thread, lock or connection of ours.
    process = multiprocessing.get_context("spawn").Process(target=run, args=given, daemon=True)
    if not hasattr(signal, "pthread_sigmask"):
        process.start()
        return process
    resource_tracker.ensure_running()  # its start, which the first process would bring, unblocks SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process
