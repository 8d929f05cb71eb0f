"""A second ^C, while a command reports and saves what it recorded until the first."""

from __future__ import annotations

import signal
import threading


def hold_back() -> None:
    """Ignore the next ^C: people press it twice, and the results would be lost. The one after it ends even the
    report, which may wait for a reader."""
    # Python sets handlers only in the main thread. A program that has its own handler keeps it.
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _ignore)


def restore() -> None:
    """Let ^C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _ignore:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _ignore(number: int, frame: object) -> None:
    restore()
