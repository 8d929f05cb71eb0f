"""Firefox's opening handshake, byte for byte, and its repetition with credentials after a 401.

Sources: those of the template (``Facts``); netwerk/protocol/http/nsHttpChannelAuthProvider.cpp
(GetCredentials), nsHttpBasicAuth.cpp, nsHttpDigestAuth.cpp. NTLM and Negotiate are left out: without the
system's own account Firefox answers neither (measured).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.browsers.engine import EngineFacts
from wsprobe.browsers.request import credentials, digest, unquoted
from wsprobe.exchange import Target
from wsprobe.request.opening import basic


class Facts(EngineFacts, frozen=True, kw_only=True):
    """``request``: netwerk/protocol/http/nsHttpHandler.cpp, nsHttpChannel.cpp, dom/security/SecFetch.cpp,
    netwerk/protocol/websocket/WebSocketChannel.cpp (measured); ``connect``:
    Http2StreamWebSocket::GenerateHeaders."""

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


_ELEMENTS = rb'(?:[^,\n"]|"(?:[^"\\\n]|\\.)*"?)+'
_SCHEME = rb"(?s)[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]+(?!=)(.*))?[ \t]*"

Challenge = tuple[str, dict[str, bytes]]


def authorizations(asked: bytes, to: Target, key: str) -> Iterator[str]:
    """Yield the values of Authorization to try, in the order of *asked* (the WWW-Authenticate fields, joined by
    line feeds).

    *key* replaces the random number in a Digest's cnonce.
    """
    own = credentials(to)
    if own is None:
        return
    for scheme, parameters in challenges(asked):
        if scheme == "basic":
            yield basic(own.pair)
        elif scheme == "digest" and (answer := digest(own, to.resource, parameters, key)):
            yield answer


def challenges(challenges: bytes) -> list[Challenge]:
    """(scheme in lower case, parameters by name in lower case) of each challenge; one field can contain
    several."""
    found: list[Challenge] = []
    for element in re.findall(_ELEMENTS, challenges):
        parameter = element
        scheme = re.fullmatch(_SCHEME, element)
        if scheme is not None:
            found.append((scheme[1].decode("ascii").lower(), {}))
            parameter = scheme[2] or b""
        name, equals, content = parameter.partition(b"=")
        if equals and found:
            found[-1][1][name.strip(b" \t").decode("latin-1").lower()] = unquoted(content.strip(b" \t"))
    return found
