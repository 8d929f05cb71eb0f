"""Chromium's opening handshake, byte for byte, and its repetition with credentials after a 401.

Sources: those of the template (``Facts``); net/http/http_auth.cc (ChooseBestChallenge),
http_auth_controller.cc, http_auth_handler_basic.cc, http_auth_handler_digest.cc. For cross-site pages Chromium
156 sends no credentials (measured). NTLM and Negotiate are left out: they need more than one round trip, or the
system's own account.
"""

from __future__ import annotations

from wsprobe.browsers.chromium.http import Headers, split_list
from wsprobe.browsers.engine import EngineFacts
from wsprobe.browsers.request import credentials, digest, unquoted
from wsprobe.exchange import Http2, Target
from wsprobe.request.opening import basic


class Facts(EngineFacts, frozen=True, kw_only=True):
    """``request``: net/http/http_network_transaction.cc, net/websockets/websocket_stream.cc,
    websocket_basic_handshake_stream.cc (measured); ``connect``: CreateSpdyHeadersFromHttpRequestForWebSocket.
    ``failures`` are the texts after "failed: " in the console; net errors have no ``net::``."""

    http2: Http2
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


def authorization(headers: Headers, to: Target, key: str) -> str:
    """The value of Authorization for the best of the challenges, "" if Chromium can answer none.

    *key* replaces the random number in a Digest's cnonce.
    """
    own = credentials(to)
    if own is None:
        return ""
    offered = [_challenge(value) for value in headers.values(b"www-authenticate")]
    for scheme, parameters in offered:
        if scheme == "digest" and (answer := digest(own, to.resource, parameters, key)):
            return answer
    if any(scheme == "basic" for scheme, _ in offered):
        return basic(own.pair)
    return ""


def _challenge(value: bytes) -> tuple[str, dict[str, bytes]]:
    """(scheme in lower case, parameters by name in lower case): one field is one challenge."""
    scheme, _, rest = value.partition(b" ")
    parameters = {}
    for element in split_list(rest):
        name, _, content = element.partition(b"=")
        parameters[name.strip(b" \t").decode("latin-1").lower()] = unquoted(content.strip(b" \t"))
    return scheme.strip(b",").decode("latin-1").lower() if b"," not in scheme else "", parameters
