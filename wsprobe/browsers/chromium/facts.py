"""The facts that differ between versions of Chromium: one file in browsers/facts for each version."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from wsprobe.browsers.request import Template
from wsprobe.exchange import Http2


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """The facts of one version. Texts are templates for ``str.format``; net errors have no ``net::``."""

    version: str
    user_agent: str
    accept_encoding: str
    """Accept-Encoding for wss: and for loopback. Other cleartext hosts get ``accept_encoding_cleartext``."""
    accept_encoding_cleartext: str
    request: Template
    """The opening handshake (net/http/http_network_transaction.cc, net/websockets/websocket_stream.cc,
    websocket_basic_handshake_stream.cc; measured)."""
    connect: Template
    """The same over HTTP/2 (CreateSpdyHeadersFromHttpRequestForWebSocket)."""
    http2: Http2
    """The settings and frames of HTTP/2, without the fields of the request."""
    exceptions: Mapping[str, str]
    """Messages of the exceptions that the constructor, close() and send() throw."""
    console: Mapping[str, str]
    """Console lines."""
    failures: Mapping[str, str]
    """The texts after "failed: " in the console."""
    opening_timeout: int
    """The most seconds for the handshake (net/websockets/websocket_stream.cc)."""
    closing_timeout: int
    """Seconds for the server to answer a Close (net/websockets/websocket_channel.cc)."""
    tcp_close_timeout: int
    """Seconds for the server to end the connection after both Close frames (the same file)."""
    max_head: int
    """The most bytes of a response head (net/http/http_stream_parser.h)."""
    read_size: int
    """Bytes of one read of frames (net/websockets/websocket_basic_stream.cc)."""
    local_network_access: bool = False
    """True if a public page needs a permission to reach a local address: from Chromium 147 on
    (services/network/public/cpp/features.cc, LocalNetworkAccessChecksWebSockets)."""
