"""What changes from one Deno to the next: a file in browsers/facts for each version."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wsprobe.browsers.request import Template
from wsprobe.browsers.runtime.constructor import Constructor


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    user_agent: str
    constructor: Constructor
    """Sources: deno ext/websocket/01_websocket.js (constructor), run without --location."""
    request: Template
    """Source: deno ext/websocket/lib.rs (handshake_http1). No Origin and no extension; the URL's credentials
    are sent at once."""
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
