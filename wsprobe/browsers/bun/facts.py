"""What changes from one Bun to the next: a file in browsers/facts for each version."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wsprobe.browsers.request import Template
from wsprobe.browsers.runtime.constructor import Constructor


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    constructor: Constructor
    """Sources: bun src/bun.js/bindings/webcore/WebSocket.cpp (WebSocket::connect), which began as WebKit's."""
    request: Template
    """Source: bun src/http/websocket_client/WebSocketUpgradeClient.zig. No Origin, no User-Agent unless
    the script sets one; the URL's credentials are sent at once."""
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
