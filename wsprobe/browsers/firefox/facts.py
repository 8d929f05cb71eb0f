"""The facts that differ between versions of Firefox: one file in browsers/facts for each version."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from wsprobe.browsers.request import Template
from wsprobe.exchange import Http2


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """The facts of one version. Texts are templates for ``str.format``."""

    version: str
    user_agent: str
    accept_encoding: str
    """Accept-Encoding for wss: and for loopback. Other cleartext hosts get ``accept_encoding_cleartext``."""
    accept_encoding_cleartext: str
    request: Template
    """The opening handshake (netwerk/protocol/http/nsHttpHandler.cpp, nsHttpChannel.cpp,
    dom/security/SecFetch.cpp, netwerk/protocol/websocket/WebSocketChannel.cpp; measured)."""
    connect: Template
    """The same over HTTP/2 (Http2StreamWebSocket::GenerateHeaders)."""
    http2: Http2
    """The settings and frames of HTTP/2, without the fields of the request."""
    exceptions: Mapping[str, str]
    """Messages of the exceptions that the constructor, close() and send() throw."""
    console: Mapping[str, str]
    """Console lines."""
    opening_timeout: int
    """The most seconds for the handshake (network.websocket.timeout.open)."""
    closing_timeout: int
    """Seconds for the server to answer a Close (network.websocket.timeout.close)."""
    max_message: int
    """The most bytes of a message, before it is inflated (network.websocket.max-message-size)."""
    max_head: int
    """The most bytes of a response head, with interim ones (network.http.max_response_header_size)."""
    hop: int
    """Microseconds from one thread's message to another. Firefox takes longer, but a server's reaction to our
    Close comes before that, and would have been its reaction to Firefox's Close."""
    together: int
    """Microseconds: an end that comes so soon after the server's Close, unasked, is mostly seen together with
    it. Measured by delay (0, 1, 3, 5, 10 and 30 ms), 30 runs each at a load of 13 on two cores. Clean: 5, 22,
    25, 24, 28 and 28; with the handshake in the segment of the Close 3, 17, 23, 23, 28 and 29, and without
    ``open`` 25, 6, 3, 4, 1 and 0."""
    race: int
    """Microseconds after the handshake, or after the server's Close, in which it is chance what a script hears
    of an end. Measured: of an end with the handshake every second open is lost, of one 25 ms later every
    seventh on a busy machine (nine processes for two cores); a Close and an end within 12 ms of it are unclean
    in one of three runs there, within 25 ms in one of 30, and never at 50 ms."""
    max_junk: int
    """Bytes skipped between an interim answer and the next (netwerk/protocol/http/nsHttpTransaction.cpp)."""
