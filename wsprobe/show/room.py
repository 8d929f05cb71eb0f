"""How much of a flood a person is shown: the beginning, what matters in it, and how much was left out.

A report is to be read; what a peer sends without end is kept for programs. Every list of lines whose length the
peer decides goes through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from wsprobe.show.piece import Line, Look, Piece, line, width_of

CHARACTERS = 20_000
"""In one list of lines, whatever their number: lines are as long as the peer likes."""
VERBOSE = 10
"""With -v there is room for so many times as much."""
KEPT = "--json has all"
LAST = 3
"""Rows of the end that are shown too, where the end says how it ended."""

Item = TypeVar("Item")


class Room:
    """What one list may still take up."""

    def __init__(self, lines: int, look: Look) -> None:
        """*lines*: how many without -v."""
        more = VERBOSE if look.verbose else 1
        self._lines = lines * more
        self._characters = CHARACTERS * more

    @property
    def full(self) -> bool:
        return self._lines <= 0 or self._characters <= 0

    def take(self, row: Line) -> Line:
        """Count *row*, and return it."""
        self._lines -= 1
        self._characters -= width_of(row)
        return row


def ends(items: Sequence[Item], most: int, look: Look) -> tuple[Sequence[Item], int, Sequence[Item]]:
    """The first of *items*, how many are left out, and the last ones; *most* in all, without -v."""
    most *= VERBOSE if look.verbose else 1
    if len(items) <= most:
        return items, 0, ()
    return items[: most - LAST], len(items) - most, items[-LAST:]


def left_out(count: int, what: str, look: Look, kept: str = KEPT) -> Line:
    """The line that stands for *count* of *what*, and says how to see them.

    *what* is in the plural. *kept*: where `connect` keeps all of it.
    """
    how = kept if look.verbosity else KEPT
    if look.verbosity and not look.verbose:
        how = f"-v shows more, {how}"
    return line(Piece(f"... {count} more {what if count > 1 else what[:-1]} ({how})", "dim"))
