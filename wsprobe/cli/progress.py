"""The progress of a list: one terminal line, redrawn in place, with the rate and the time left."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from wsprobe.report.timing import how_long

if TYPE_CHECKING:
    from wsprobe.show.lines import Look


class Progress:
    """Shows the progress of a list in one terminal line, redrawn in place."""

    def __init__(self, look: Look, printed: bool) -> None:
        """*printed*: reports go to the same terminal, so the progress line is cleared before each one."""
        self._look = look
        self._printed = printed
        self._shown = False
        self._begun: float | None = None
        self._told = float("-inf")
        self._done = 0

    def done(self) -> None:
        """Count one finished URL, and clear the line if a report follows."""
        self._done += 1
        if self._printed:
            self.clear()

    def show(self, under_way: int, left: int | None, now: float) -> None:
        """Draw the line. *under_way*: running probes; *left*: probes not yet begun, None if unknown; *now*:
        seconds."""
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
        """Remove the line of progress from the terminal, if it is shown."""
        if self._shown:
            with suppress(OSError):
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
        self._shown = False


OFTEN = 0.1
"""The least seconds between two drawings of the line."""


def progress(done: int, under_way: int, left: int | None, seconds: float) -> str:
    """The text of the line after *seconds*: probes done, their rate, and the time left at that rate."""
    text = f"{done} done, {under_way} under way" + ("" if left is None else f", {left} to come")
    if not done or seconds < 1:
        return text
    rate = done / seconds
    text += f"; {rate:.0f} a second" if rate >= 10 else f"; {rate:.1f} a second"
    return text if left is None else f"{text}, {how_long((left + under_way) / rate)} left"
