"""The status that a browser's sentence names, where no byte of the answer was recorded."""

from __future__ import annotations

import re

from msgspec.structs import replace

from wsprobe.exchange import Ended, Exchange, Received
from wsprobe.read.reading import Head, Response

REFUSED = r"Unexpected response code: (\d{3})\b"
"""net/websockets/websocket_basic_handshake_stream.cc in Chromium."""

FAULT_OF_101 = (
    r"Error during WebSocket handshake: (?:Incorrect '|'[A-Za-z-]+' header|Response must not include '|"
    r"Sent non-empty 'Sec-WebSocket-Protocol'|Found an unsupported extension|Error in permessage-deflate|"
    r"Received unexpected)"
)
"""The same file: Chromium looks at these only after status 101."""

NOT_HTTP = r"\bERR_INVALID_HTTP_RESPONSE\b|looks like a HTTP/0\.9 response"
"""Chromium's error, and Firefox's words (netwerk/protocol/http/nsHttpResponseHead.cpp)."""

NOTHING = Head(raw=b"", lines=(), blank=b"", start=0, fields=(), first=None, ended=True)


def stated(message: str) -> Response | None:
    """The answer that a browser's sentence names: a status, and nothing else; None if it names none. Only for a
    recording without bytes of an answer."""
    if (found := re.search(REFUSED, message)) is not None:
        return Response(NOTHING, None, int(found.group(1)), b"", stated=True)
    if re.match(FAULT_OF_101, message):
        return Response(NOTHING, None, 101, b"", stated=True)
    return None


def not_http(exchange: Exchange) -> bool:
    """Whether a browser's log says that the answer, of which it has no byte, was not HTTP."""
    logged = exchange.logged
    if not logged or any(isinstance(event, Received) for event in exchange.events):
        return False
    return re.search(NOT_HTTP, f"{logged.error} {logged.message}") is not None


def supposed(exchange: Exchange, response: Response) -> Exchange:
    """*exchange* with the shortest answer that has the status of *response*, which is ``stated``: what
    browsers make of it depends on nothing else."""
    before = tuple(event for event in exchange.events if not isinstance(event, Ended))
    at = exchange.events[-1].at if exchange.events else 0
    head = b"HTTP/1.1 %d \r\n\r\n" % (response.status or 0)
    return replace(exchange, events=(*before, Received(at, head), Ended(at, "fin")))


def ended(exchange: Exchange) -> Exchange:
    """*exchange* as if the server had closed the connection where the browser stopped reading."""
    *before, last = exchange.events
    return replace(exchange, events=(*before, Ended(last.at, "fin"))) if isinstance(last, Ended) else exchange
