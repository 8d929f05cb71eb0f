"""What changes from one Deno to the next: a value a version, in a file a version."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Facts(msgspec.Struct, frozen=True):
    version: str
    user_agent: str
    exceptions: Mapping[str, str]
    """Messages of what the constructor, close() and send() throw (ext/websocket/01_websocket.js)."""
    failures: Mapping[str, str]
    """What stands in the message behind "failed to connect to WebSocket: "."""
    most_head: int
    """Bytes at which a head that has not ended is too large (hyper src/proto/h1/io.rs)."""
    most_fields: int
    """Header fields of one head (hyper src/proto/h1/role.rs)."""
    most_payload: int
    """Bytes of one frame, from which on it is too large (fastwebsockets src/lib.rs)."""
