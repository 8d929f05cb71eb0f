"""Firefox's opening handshake, byte for byte, and its repetition with credentials after a 401.

Sources: those of the template (``Facts``); netwerk/protocol/http/nsHttpChannelAuthProvider.cpp
(GetCredentials), nsHttpBasicAuth.cpp, nsHttpDigestAuth.cpp. NTLM and Negotiate are left out: without the
system's own account Firefox answers neither (measured).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.page import fetch_site
from wsprobe.browsers.request import Template, block, credentials, digest, head, target_of, unquoted, values
from wsprobe.browsers.url import parse, trustworthy_host
from wsprobe.exchange import Http2, Target
from wsprobe.request.opening import basic


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


def request_head(made: Construction, page: Page, key: str, facts: Facts, authorization: str = "") -> bytes:
    """The whole request head. *authorization*: the value of Authorization, "" to send none."""
    return head(facts.request, {**_values(made, page, facts), "key": key, "authorization": authorization})


def asks(made: Construction, page: Page, facts: Facts, authorization: str = "") -> Http2:
    """The extended CONNECT, with the settings of its stream."""
    fields = block(facts.connect, {**_values(made, page, facts), "authorization": authorization})
    return replace(facts.http2, fields=fields)


def _values(made: Construction, page: Page, facts: Facts) -> dict[str, str]:
    """The values for the template. Only potentially trustworthy URLs get Fetch Metadata and all content
    codings."""
    to = target_of(made)
    near = to.secure or trustworthy_host(to.host)
    at = _site(page, to) if near else ""
    return {
        **values(to, page, made.protocols, facts.user_agent),
        "accept_encoding": facts.accept_encoding if near else facts.accept_encoding_cleartext,
        "storage_access": "none" if at == "cross-site" else "",
        "dest": "empty" if near else "",
        "mode": "websocket" if near else "",
        "site": at,
    }


def _site(page: Page, to: Target) -> str:
    """The value of Sec-Fetch-Site: http: and https: of one host are the same site (measured)."""
    address = parse(to.url)
    return fetch_site(page, address, schemeful=False) if address is not None else "cross-site"
