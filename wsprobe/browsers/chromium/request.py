"""The opening handshake, byte for byte as Chromium sends it, and the same again with credentials after a 401.

Sources: net/http/http_network_transaction.cc, net/websockets/websocket_stream.cc,
websocket_basic_handshake_stream.cc (measured); net/http/http_auth.cc (ChooseBestChallenge),
http_auth_controller.cc, http_auth_handler_basic.cc, http_auth_handler_digest.cc; that cross-site pages get no
such answer is measured, Chromium 156. NTLM and Negotiate are not played: they take more than one round trip, or
the system's own account.
"""

from __future__ import annotations

import re
from base64 import b64encode

from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.http import Headers, split_list
from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.network import credentials, digest
from wsprobe.browsers.page import origin
from wsprobe.browsers.url import trustworthy_host
from wsprobe.exchange import Target
from wsprobe.target import host_header

_ESCAPED = rb"(?s)\\(.)"


def authorization(headers: Headers, to: Target, key: str) -> str:
    """The value of Authorization that answers the best of the challenges, "" if none can be answered.

    *key* takes the place of chance in a Digest's cnonce.
    """
    own = credentials(to)
    if own is None:
        return ""
    offered = [_challenge(value) for value in headers.values(b"www-authenticate")]
    for scheme, parameters in offered:
        if scheme == "digest" and (answer := digest(own, to.resource, parameters, key)):
            return answer
    if any(scheme == "basic" for scheme, _ in offered):
        return "Basic " + b64encode(own.user + b":" + own.password).decode("ascii")
    return ""


def _challenge(value: bytes) -> tuple[str, dict[str, bytes]]:
    """(scheme in lower case, parameters by name in lower case): one field is one challenge."""
    scheme, _, rest = value.partition(b" ")
    parameters = {}
    for element in split_list(rest):
        name, _, content = element.partition(b"=")
        parameters[name.strip(b" \t").decode("latin-1").lower()] = _unquoted(content.strip(b" \t"))
    return scheme.strip(b",").decode("latin-1").lower() if b"," not in scheme else "", parameters


def _unquoted(value: bytes) -> bytes:
    if len(value) >= 2 and value[:1] == value[-1:] == b'"':
        return re.sub(_ESCAPED, rb"\1", value[1:-1])
    return value


def request(made: Construction, page: Page, key: str, facts: Facts, authorization: str = "") -> bytes:
    """The whole request head; *authorization*: the value of Authorization, "" if none is sent."""
    to = made.target
    if to is None:
        raise ValueError("nothing is connected to: there is no request")
    near = to.secure or trustworthy_host(to.host)
    fields = [
        ("Host", host_header(to)),
        ("Connection", "Upgrade"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Authorization", authorization),
        ("User-Agent", page.user_agent or facts.user_agent),
        ("Upgrade", "websocket"),
        ("Origin", origin(page)),
        ("Sec-WebSocket-Version", "13"),
        ("Accept-Encoding", facts.accept_encoding if near else facts.accept_encoding_cleartext),
        ("Accept-Language", facts.accept_language),
        ("Cookie", page.cookies),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Extensions", facts.extensions),
        ("Sec-WebSocket-Protocol", ", ".join(made.protocols)),
    ]
    lines = [f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in fields if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
