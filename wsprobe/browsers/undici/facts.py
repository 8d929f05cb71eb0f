"""What changes from one undici to the next: a value a version, in a file a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec


class Facts(msgspec.Struct, frozen=True):
    version: str
    user_agent: str
    """``undici`` for the package; in Node, which has it built in, the same place says ``node``."""
    extensions: str
    """The value of Sec-WebSocket-Extensions offered (lib/web/websocket/connection.js)."""
    accept_encoding: Mapping[bool, str]
    """By whether the connection is over TLS (lib/web/fetch/index.js)."""
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
    """Up to undici 7: behind a compressed message a continuation of nothing is taken for a message."""
    connect_timeout: int
    """Seconds for TCP and TLS (lib/core/connect.js)."""
    headers_timeout: int
    """Seconds for the head of the answer (lib/dispatcher/client.js)."""
    most_payload: int
    """Bytes of one message (lib/dispatcher/dispatcher-base.js)."""
    most_fragments: int
