"""Every finding there is, by its id, and the one way to make one.

Ids are stable and never reused. Adding a finding touches two places: its row in a table, and the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsprobe.judge.entry import Entry
from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import accept, message, reach, refusal, selection, session, status, tls
from wsprobe.visible import visible

if TYPE_CHECKING:
    from wsprobe.read.reading import Span

__all__ = ["FINDINGS", "OF_HANDSHAKE", "TABLES", "Entry", "counted", "found", "shown", "times"]

TABLES: tuple[tuple[Entry, ...], ...] = (
    reach.TABLE,
    tls.TABLE,
    status.TABLE,
    accept.TABLE,
    selection.TABLE,
    message.TABLE,
    refusal.TABLE,
    session.TABLE,
)

OF_HANDSHAKE = frozenset(entry.id for table in (status.TABLE, accept.TABLE, selection.TABLE) for entry in table)
"""The findings that can undo a 101."""

FINDINGS: dict[str, Entry] = {entry.id: entry for table in TABLES for entry in table}

_SHOWN = 200
"""Bytes of a wire value that a finding repeats; its span has them all."""


def found(
    id: str,
    text: str,
    span: Span | None = None,
    *,
    expected: bytes | None = None,
    received: bytes | None = None,
    usual: str | None = None,
    spec: str | None = None,
) -> Finding:
    """The finding *id*, its level and section from the table.

    *expected* and *received* are wire values; they are made visible here. *usual* and *spec* stand in for the
    table's own words where more is known. Raises KeyError for an id that is not in the table.
    """
    entry = FINDINGS[id]
    return Finding(
        id,
        entry.level,
        entry.spec if spec is None else spec,
        text,
        entry.usual if usual is None else usual,
        span,
        None if expected is None else shown(expected),
        None if received is None else shown(received),
    )


def times(count: int) -> str:
    """How often, in words."""
    return {0: "not once", 1: "once", 2: "twice"}.get(count, f"{count} times")


def counted(count: int, what: str) -> str:
    """``1 byte``, ``2 bytes``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def shown(value: bytes) -> str:
    """A wire value for a text: visible, and cut where it is very long."""
    cut = len(value) - _SHOWN
    return visible(value) if cut <= 0 else f"{visible(value[:_SHOWN])} ... {cut} more bytes"
