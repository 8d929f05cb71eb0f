"""How far a list has come: one line of a terminal that is written over, with the rate and the time left."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from wsprobe.timing import how_long

if TYPE_CHECKING:
    from wsprobe.show.lines import Look


class Progress:
    """How far it has come, in one line of a terminal that is written over."""

    def __init__(self, look: Look, printed: bool) -> None:
        """*printed*: something of a report goes to the same terminal, and wants the line for itself."""
        self._look = look
        self._printed = printed
        self._shown = False
        self._begun: float | None = None
        self._told = float("-inf")
        self._done = 0

    def done(self) -> None:
        """One more is; its report can be written."""
        self._done += 1
        if self._printed:
            self.clear()

    def show(self, under_way: int, left: int | None, now: float) -> None:
        """*left*: how many are still to be asked; None where that is not known. *now*: seconds."""
        if self._begun is None:
            self._begun = now
        if self._shown and now - self._told < OFTEN:
            return
        self._told = now
        text = progress(self._done, under_way, left, now - self._begun)
        with suppress(OSError):
            sys.stderr.write(f"\r\x1b[K{text[: max(1, self._look.width - 1)]}")
            sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            with suppress(OSError):
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
        self._shown = False


OFTEN = 0.1
"""Seconds between two words about how far it has come, where nothing else is printed."""


def progress(done: int, under_way: int, left: int | None, seconds: float) -> str:
    """How far it has come after *seconds*, how fast, and how long the rest takes at that rate."""
    text = f"{done} done, {under_way} under way" + ("" if left is None else f", {left} to come")
    if not done or seconds < 1:
        return text
    rate = done / seconds
    text += f"; {rate:.0f} a second" if rate >= 10 else f"; {rate:.1f} a second"
    return text if left is None else f"{text}, {how_long((left + under_way) / rate)} left"
