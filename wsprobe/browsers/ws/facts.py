"""What changes from one ws to the next: a value a version, in a file a version."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Facts(msgspec.Struct, frozen=True):
    version: str
    extensions: str
    """The value of Sec-WebSocket-Extensions offered (lib/permessage-deflate.js)."""
    exceptions: Mapping[str, str]
    """Messages of what the constructor, close() and send() throw."""
    close_timeout: int
    """Seconds from the first Close to the end of the connection (lib/constants.js)."""
    most_payload: int
    """Bytes of one message (lib/websocket.js, maxPayload)."""
    most_fragments: int
    most_pongs: int
    """Pongs that wait to be written (maxPendingAutoPongs)."""
