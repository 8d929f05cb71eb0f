"""What the body of a refusal betrays: the sentences that servers write when a proxy changed the handshake.

The patterns are data: the words of servers in the field, each with the servers that use them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown, times
from wsprobe.judge.subject import refusal, where
from wsprobe.read.reading import Body, Reading, Response, Span

_SEARCHED = 64 * 1024

# The patterns are compiled by the search itself, which keeps them: few bodies have even one of the words.
_OF_UPGRADE = rb"(?i)upgrade|websocket|connection"
_OF_TLS = rb"(?i)https|ssl|tls"
_NO_UPGRADE: tuple[tuple[bytes, str], ...] = (
    (rb'can "upgrade" only to "websocket"', "Spring, Tornado, aiohttp"),
    (rb'"connection" must be "upgrade"', "Tornado"),
    (rb"no websocket upgrade hdr", "aiohttp"),
    (rb"'(?:upgrade|websocket)' token not found in '(?:connection|upgrade)' header", "gorilla/websocket"),
    (rb'(?:connection|upgrade) header "[^"]*" does not contain (?:upgrade|websocket)', "coder/websocket"),
    (rb"'(?:connection|upgrade)' header must contain '(?:upgrade|websocket)'", "Phoenix, Bandit"),
    (rb"(?:missing|invalid|bad|no) (?:connection|upgrade) header", "websockets, ws and others"),
    (
        rb"(?:connection|upgrade) header (?:is )?(?:missing|invalid|not found|required)",
        "Autobahn and others",
    ),
    (rb"\Aupgrade required\s*\Z", "ws (Node)"),
    (rb"you need a websocket client", "websockets (Python)"),
    (rb"not a websocket (?:handshake|request|upgrade)", "several servers"),
    (rb"websocket (?:upgrade|connection)s? (?:request )?(?:is )?(?:required|expected)", "several servers"),
)
_OF_ORIGIN = rb"(?i)origin"
_ORIGIN: tuple[tuple[bytes, str], ...] = (
    (rb"invalid origin header", "websockets (Python)"),
    (rb"cross origin websockets not allowed", "Tornado"),
    (rb'request origin "[^"]*" is not authorized for host', "coder/websocket"),
    (rb"origin (?:is |was )?(?:not allowed|not authori[sz]ed|forbidden|rejected)", "several servers"),
)
_OF_PROTOCOL = rb"(?i)sub-?protocol"
_PROTOCOL: tuple[tuple[bytes, str], ...] = (
    (
        rb"(?:missing|no|invalid|unsupported|unknown) (?:supported |matching )?sub-?protocol",
        "websockets and others",
    ),
    (rb"sub-?protocol (?:is )?(?:missing|required|not supported|not acceptable)", "several servers"),
)
_VERSION_TWICE = rb"\b13 ?, ?13\b"
_TLS_PORT: tuple[tuple[bytes, str], ...] = (
    (rb"plain http request was sent to https port", "nginx"),
    (rb"speaking plain http to an ssl-enabled server port", "Apache"),
    (rb"client sent an http request to an https server", "Go"),
    (rb"this combination of host and port requires tls", "Tomcat"),
    (rb"http request was sent to (?:an )?https", "several servers"),
)


def hints(reading: Reading) -> Iterator[Finding]:
    """The usual causes, where the body names them."""
    response = refusal(reading)
    if response is None or response.body is None:
        return
    text = _text(response.body)
    if re.search(_OF_UPGRADE, text):
        yield from _upgrade_stripped(reading, response, text)
    if re.search(_OF_ORIGIN, text):
        yield from _said(reading, response, text, "origin-refused", _ORIGIN, _origin(reading))
    if re.search(_OF_PROTOCOL, text):
        offered = b", ".join(reading.request.protocols)
        asked = f"the request offered {shown(offered)}" if offered else "the request offered none"
        yield from _said(reading, response, text, "subprotocol-wanted", _PROTOCOL, asked)
    if match := re.search(_VERSION_TWICE, text):
        ours = len(reading.request.head.all(b"sec-websocket-version"))
        yield found(
            "version-duplicated",
            f"the body speaks of version {shown(match[0])}; Sec-WebSocket-Version was sent {times(ours)}",
            _span(reading, response, match[0]),
            received=match[0],
        )
    if not reading.exchange.plan.target.secure and re.search(_OF_TLS, text):
        for pattern, whose in _TLS_PORT:
            if match := re.search(pattern, text, re.IGNORECASE):
                yield found(
                    "plain-to-tls-port",
                    f"the answer says that this port wants TLS (words of {whose})",
                    _span(reading, response, match[0]),
                    received=match[0],
                )
                break
    yield from _page(response, text)


def _text(body: Body) -> bytes:
    return (body.decoded if body.decoded is not None else body.content)[:_SEARCHED]


def _span(reading: Reading, response: Response, words: bytes) -> Span | None:
    """Where the words stand on the wire, if they do (not where the body is compressed or cut by chunks)."""
    start = response.head.start + len(response.head.raw)
    at = reading.received.find(words, start)
    return (at, at + len(words)) if at >= 0 else None


def _upgrade_stripped(reading: Reading, response: Response, text: bytes) -> Iterator[Finding]:
    head = reading.request.head
    whole = bool(head.all(b"upgrade") and head.all(b"connection"))
    id = "upgrade-stripped" if whole else "handshake-incomplete"
    asked = f"the request {'had Upgrade and' if whole else 'lacks Upgrade or'} Connection"
    return _said(reading, response, text, id, _NO_UPGRADE, asked)


def _said(
    reading: Reading, response: Response, text: bytes, id: str, words: tuple[tuple[bytes, str], ...], asked: str
) -> Iterator[Finding]:
    """The finding *id* if one of *words* stands in the body; *asked*: what the request had to do with it."""
    for pattern, whose in words:
        if match := re.search(pattern, text, re.IGNORECASE):
            yield found(
                id,
                f"the body says: {shown(match[0])} (words of {whose}); {asked}",
                _span(reading, response, match[0]),
                received=match[0],
            )
            return


def _origin(reading: Reading) -> str:
    sent = reading.request.head.all(b"origin")
    return f"the request had Origin {shown(sent[0].value)}" if sent else "the request had no Origin"


def _page(response: Response, text: bytes) -> Iterator[Finding]:
    types = response.head.all(b"content-type")
    html = any(field.value.lower().startswith((b"text/html", b"application/xhtml")) for field in types)
    if response.status == 200 and (
        html or (not types and text.lstrip()[:9].lower() in (b"<!doctype", b"<html>"))
    ):
        yield found("web-page", "a 200 with an HTML page", where(response.head, types))
