"""The facts that differ between versions of WebKitGTK and its libsoup: one file in browsers/facts for each
version."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from wsprobe.browsers.request import Template


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """Texts are templates for ``str.format``."""

    version: str
    user_agent: str
    accept_encoding: str
    """Value of Accept-Encoding over TLS; in clear text it is ``accept_encoding_cleartext``."""
    accept_encoding_cleartext: str
    request: Template
    """The opening handshake (Source/WebCore/Modules/websockets/ThreadableWebSocketChannel.cpp,
    webSocketConnectRequest; libsoup/websocket/soup-websocket.c, soup_websocket_client_prepare_handshake;
    measured). libsoup writes the fields that it knows first, so Sec-Fetch-* come last."""
    exceptions: Mapping[str, str]
    """Messages of the exceptions that the constructor, close() and send() throw."""
    console: Mapping[str, str]
    """Console lines."""
    failures: Mapping[str, str]
    """The text after "failed: " in the console."""
    closing_timeout: int
    """Seconds from our Close until libsoup ends the connection itself
    (libsoup/websocket/soup-websocket-connection.c)."""
    max_head: int
    """The most bytes of a response head (libsoup/http1/soup-message-io-data.c)."""
    max_resends: int
    """The most redirects and repetitions of one handshake (libsoup/soup-session.c)."""
    subprotocol_case: bool
    """True if the selected subprotocol must match in letter case."""
