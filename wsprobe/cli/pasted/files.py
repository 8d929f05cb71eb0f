"""Files of other programs on the command line, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterable

from wsprobe.cli.evidence import Kind
from wsprobe.cli.pasted import har, logs
from wsprobe.cli.pasted.devtools import Copied
from wsprobe.cli.section import Given
from wsprobe.exchange import Exchange


def request_in(name: str, kind: Kind, number: int | None, given: Given) -> Copied:
    """The request of WebSocket *number* in the file *name*, or of its only one. Raises click.UsageError."""
    if kind == "har":
        return har.request_in(name, number, given)
    return logs.request_in(name, kind, number, given)


def recordings_of(name: str, kind: Kind, number: int | None) -> Iterable[Exchange]:
    """The WebSockets in the file *name* as recordings, or only the one with *number*. Raises
    click.UsageError."""
    if kind == "har":
        return har.recordings_of(name, number)
    return logs.recordings_of(name, kind, number)
