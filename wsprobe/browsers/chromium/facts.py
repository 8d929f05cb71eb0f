"""What changes from one Chromium to the next: a file in browsers/facts for each version."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from wsprobe.browsers.request import Template
from wsprobe.exchange import Http2


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """Texts are templates for ``str.format``; net errors are written without their ``net::``."""

    version: str
    user_agent: str
    accept_encoding: str
    """Offered to wss: and to loopback; a cleartext host elsewhere is offered ``accept_encoding_cleartext``."""
    accept_encoding_cleartext: str
    request: Template
    """The opening handshake (net/http/http_network_transaction.cc, net/websockets/websocket_stream.cc,
    websocket_basic_handshake_stream.cc; measured)."""
    connect: Template
    """The same over HTTP/2 (CreateSpdyHeadersFromHttpRequestForWebSocket)."""
    http2: Http2
    """How HTTP/2 is spoken, all but the fields."""
    exceptions: Mapping[str, str]
    """Messages of what the constructor, close() and send() throw."""
    console: Mapping[str, str]
    """Console lines."""
    failures: Mapping[str, str]
    """What stands after "failed: " in the console."""
    opening_timeout: int
    """Seconds (net/websockets/websocket_stream.cc)."""
    closing_timeout: int
    """Seconds the server has to answer a Close (net/websockets/websocket_channel.cc)."""
    tcp_close_timeout: int
    """Seconds the server has to end the connection after both Close frames (the same file)."""
    max_head: int
    """Bytes of a response head (net/http/http_stream_parser.h)."""
    read_size: int
    """Bytes of one read of frames (net/websockets/websocket_basic_stream.cc)."""
    local_network_access: bool = False
    """A public page needs a permission to reach a local address: from 147 on (services/network/public/cpp/
    features.cc, LocalNetworkAccessChecksWebSockets)."""
