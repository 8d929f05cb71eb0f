"""What changes from one undici to the next: a file in browsers/facts for each version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from wsprobe.browsers.request import Template
from wsprobe.browsers.runtime.constructor import Constructor


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    user_agent: str
    """``undici`` for the package; in Node, which has it built in, the same place says ``node``."""
    accept_encoding: str
    """Over TLS (lib/web/fetch/index.js)."""
    accept_encoding_cleartext: str
    constructor: Constructor
    """Sources: undici lib/web/websocket/websocket.js (constructor), util.js (getURLRecord, isValidSubprotocol),
    lib/web/fetch/util.js (requestBadPort)."""
    request: Template
    """Source: undici lib/web/websocket/connection.js (establishWebSocketConnection), lib/web/fetch/index.js
    (fetching, httpNetworkOrCacheFetch), lib/dispatcher/client-h1.js (writeH1). No Origin, no cookie, no
    credential: undici has no page and no jar."""
    exceptions: Mapping[str, str]
    """Messages of what the constructor, close() and send() throw."""
    llhttp: Literal[8, 9]
    """The major version of llhttp that it is built with."""
    tells_why: bool
    """Up to undici 6: the ErrorEvent has a message, and comes whatever readyState is. A handshake that fails
    has no ``close`` and leaves readyState at 0; an end without a Close has no ``error`` before it."""
    repeated: tuple[int, ...]
    """Statuses after which the request is sent once more, on another connection (lib/web/fetch/index.js)."""
    stays_compressed: bool
    """Up to undici 7: after a compressed message, a continuation frame without a message counts as one."""
    connect_timeout: int
    """Seconds for TCP and TLS (lib/core/connect.js)."""
    headers_timeout: int
    """Seconds for the head of the answer (lib/dispatcher/client.js)."""
    most_payload: int
    """Bytes of one message (lib/dispatcher/dispatcher-base.js)."""
    most_fragments: int
    most_inflated: int
    """Bytes that one frame inflates to (lib/web/websocket/permessage-deflate.js)."""
    unasked_protocol: str = ""
    """The TypeError that nobody catches where a server names a subprotocol and none was offered; "": there is
    none, and the handshake fails (lib/web/websocket/connection.js)."""
