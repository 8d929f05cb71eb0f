"""What changes from one WebKitGTK, with its libsoup, to the next: a file in browsers/facts for each version."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from wsprobe.browsers.request import Template


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """Texts are templates for ``str.format``."""

    version: str
    user_agent: str
    accept_encoding: str
    """Offered over TLS; in cleartext ``accept_encoding_cleartext`` is."""
    accept_encoding_cleartext: str
    request: Template
    """The opening handshake (Source/WebCore/Modules/websockets/ThreadableWebSocketChannel.cpp,
    webSocketConnectRequest; libsoup/websocket/soup-websocket.c, soup_websocket_client_prepare_handshake;
    measured). libsoup writes the fields that it knows before those that it does not: Sec-Fetch-* stand last."""
    exceptions: Mapping[str, str]
    """Messages of what the constructor, close() and send() throw."""
    console: Mapping[str, str]
    """Console lines."""
    failures: Mapping[str, str]
    """What stands after "failed: " in the console."""
    closing_timeout: int
    """Seconds the server has to end the connection once a Close frame is sent
    (libsoup/websocket/soup-websocket-connection.c)."""
    max_head: int
    """Bytes of a response head (libsoup/http1/soup-message-io-data.c)."""
    max_resends: int
    """Redirects and retries of one handshake (libsoup/soup-session.c)."""
    subprotocol_case: bool
    """Whether letter case counts in the subprotocol that the server selects."""
