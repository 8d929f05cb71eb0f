"""What changes from one Bun to the next: a value a version, in a file a version."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Facts(msgspec.Struct, frozen=True):
    version: str
    extensions: str
    """The value of Sec-WebSocket-Extensions offered."""
    exceptions: Mapping[str, str]
    """Messages of what the constructor, close() and send() throw."""
    failed: str
    """The message of the ErrorEvent, ``{url}`` and ``{failure}`` to be filled in."""
    failures: Mapping[str, tuple[str, str]]
    """(what stands in the message behind "failed: ", the error's code)."""
    most_head: int
    """Bytes at which a head that has not ended is too large."""
    most_fields: int
    most_message: int
    """Bytes of one message."""
    close_timeout: int
    """Seconds from the script's close() to the server's Close."""
