"""A regular expression of the user on what a peer sent, with a limit of time.

A pattern such as ``(a+)+b`` may take years for forty characters. ``re`` looks for signals while it searches, so
a timer ends it. Signals reach the main thread only: in another one, and on Windows, there is no limit.
"""

from __future__ import annotations

import re
import signal
import threading
from typing import AnyStr, Generic

QUICK = 1.0
"""Seconds for all texts of a session together."""
PER_CHARACTER = 1e-6
"""Seconds more for each character. A pattern without nested repeats needs a tenth of it."""


LEAST = 0.001
"""Seconds; a timer of 0 would never ring."""


class Search(Generic[AnyStr]):
    """Looks for *pattern* in one text after the other, until the time is used up."""

    def __init__(self, pattern: re.Pattern[AnyStr], seconds: float = QUICK) -> None:
        """*seconds*: for all texts together, with ``PER_CHARACTER`` on top."""
        self._pattern: re.Pattern[AnyStr] = pattern
        self._left = seconds
        self.gave_up = False
        """True once the time was used up; nothing is found from then on."""

    @property
    def slow(self) -> str:
        """Why nothing more is found, in words."""
        return f"the search for {repr(self._pattern.pattern).removeprefix('b')} took too long"

    def found(self, text: AnyStr) -> bool:
        """Whether the pattern matches somewhere in *text*."""
        if self.gave_up:
            return False
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
            return self._pattern.search(text) is not None
        self._left += len(text) * PER_CHARACTER
        before = signal.signal(signal.SIGALRM, _give_up)
        left = max(self._left, LEAST)
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, left)
                return self._pattern.search(text) is not None
            finally:
                # The timer itself says how much it had left.
                self._left -= left - signal.setitimer(signal.ITIMER_REAL, 0)[0]
        except TimeoutError:
            self.gave_up = True
            return False
        finally:
            signal.signal(signal.SIGALRM, before)


def _give_up(number: int, frame: object) -> None:
    raise TimeoutError
