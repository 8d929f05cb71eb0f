"""WebSockets over HTTP/2 in Chromium: when it uses HTTP/2, what it sends, and how it reads the answer.

Chromium uses only a session that it already has (for a page, or for a fetch with credentials), never one opened
for the WebSocket. After a few errors it repeats the request, on the session or over HTTP/1.1.

Sources: net/http/http_stream_factory_job.cc (which connection), net/spdy/spdy_http_utils.cc (the request),
net/spdy/header_coalescer.cc, spdy_stream.cc, spdy_session.cc (what the server may not do),
net/websockets/websocket_http2_handshake_stream.cc, websocket_stream.cc (the handshake),
websocket_basic_stream_adapters.cc (the stream's end), net/http/http_network_transaction.cc (HandleIOError);
measured, Chromium 156.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wsprobe.browsers.chromium.handshake import Failed, Opened, handshake_fault, negotiated
from wsprobe.browsers.chromium.http import Answer, Headers, parse
from wsprobe.browsers.chromium.request import Facts
from wsprobe.browsers.engine import Page
from wsprobe.browsers.http2 import (
    Again,
    Step,
    Stream,
    Turn,
    announced,
    came_over,
    offered,
    settings_fault,
    turns,
    wrong_size,
)
from wsprobe.browsers.page import fetch_site
from wsprobe.browsers.script import Arrival, StreamOver, end
from wsprobe.browsers.url import parse as parse_url
from wsprobe.exchange import BROKEN, LOST
from wsprobe.read.http2_values import (
    ALTSVC,
    DATA,
    GOAWAY,
    HEADERS,
    HTTP_1_1_REQUIRED,
    NO_ERROR,
    PING,
    PRIORITY_UPDATE,
    PUSH_PROMISE,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    HeaderBlock,
    Http2Connection,
    Http2Frame,
)
from wsprobe.read.reading import Reading

_HANDSHAKE = "net/websockets/websocket_http2_handshake_stream.cc"
_STREAM = "net/websockets/websocket_stream.cc"
_SESSION = "net/spdy/spdy_session.cc"
_TRANSACTION = "net/http/http_network_transaction.cc"

_MAX_FIELDS = 256 * 1024
"""The most bytes of a header list, with 32 more for each field (kSpdyMaxHeaderListSize, sent in SETTINGS)."""

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS = re.compile(rb"[+-]?[0-9]+")
_INT_MAX = 2**31 - 1
_UNASKED = (SETTINGS, ALTSVC, PRIORITY_UPDATE)
"""Frames that a server sends by itself when a connection opens, on the page's connection too."""


def warm(url: str, page: Page) -> bool:
    """True if Chromium has a session that serves *url*.

    *page* was then loaded over HTTP/2 from the same origin, or from another origin of the same site on a
    connection that can serve both. Chromium does not use a session of another site (measured).
    """
    if page.http != "2":
        return False
    if came_over(url, page):
        return True
    address, to = parse_url(page.url), parse_url(url)
    if not page.shares or address is None or to is None or not to.secure:
        return False
    return to.effective_port == address.effective_port and fetch_site(page, to) == "same-site"


def otherwise(url: str, page: Page, readings: Sequence[Reading]) -> str:
    """When Chromium itself would not use the version of HTTP in the first of *readings*; "" if it would."""
    if not readings:
        return ""
    has_session = warm(url, page)
    if readings[0].http2 is not None and not has_session:
        return (
            "Chromium uses HTTP/2 only on a connection that it already has to that origin (--page-http 2), or "
            "on one that serves both origins; otherwise it uses HTTP/1.1"
        )
    if has_session and not offered(readings[0]):
        return "Chromium has an HTTP/2 connection, and uses it if the server announces WebSockets over HTTP/2"
    return ""


Settled = Step[Answer, Opened | Failed | Again]


def settle(reading: Reading, protocols: tuple[str, ...], refused: int, facts: Facts) -> Settled:
    """Follow the stream until its handshake is decided. *refused*: handshakes refused before this one."""
    connection = reading.http2
    assert connection is not None
    stream = _Stream(connection)
    if connection.request is None and announced(connection):
        return Step(reading, end(reading).at, None)
    left = turns(connection)
    for turn in left:
        error = stream.take(turn)
        if error and (connection.request is None or (stream.opening and turn.frame.type in _UNASKED)):
            because = f"ERR_{error}, so there is no HTTP/2 session: {_SESSION}"
            return Step(reading, turn.at, Again("1.1", because), no_session=True, unasked=True)
        if error:
            return Step(reading, turn.at, _broken(error, stream, refused, facts))
        if connection.request is None:
            continue
        if stream.answer is not None:
            answer = Answer(turn.at, headers=stream.answer)
            return Step(reading, turn.at, _judge(stream, stream.answer, protocols, facts), answer, tuple(left))
    last = end(reading)
    if connection.request is None:
        if last.how in LOST or stream.settings_seen:
            because = f"the server does not announce ENABLE_CONNECT_PROTOCOL: {_SESSION}"
            return Step(reading, last.at, Again("1.1", because), unasked=True)
        return Step(reading, last.at, None)
    error = stream.lost(last.how)
    if error:
        stream.away = True
        return Step(reading, last.at, _broken(error, stream, refused, facts))
    return Step(reading, last.at, None)


def _broken(error: str, stream: _Stream, refused: int, facts: Facts) -> Failed | Again:
    """The result of an error before the response headers (HandleIOError)."""
    if error == "HTTP_1_1_REQUIRED":
        return Again("1.1", f"the server requires HTTP/1.1 (HTTP_1_1_REQUIRED): {_TRANSACTION}")
    if error == "HTTP2_SERVER_REFUSED_STREAM" and refused + 1 < facts.http2.tries:
        if stream.away:
            return Again("1.1", f"GOAWAY: the server has not processed the stream: {_TRANSACTION}")
        return Again(
            "2", f"REFUSED_STREAM: the server has not processed the stream, so a retry is safe: {_TRANSACTION}"
        )
    if error in ("CONNECTION_CLOSED", "CONNECTION_RESET"):
        return Again("1.1", f"the connection was lost, and had worked before: {_TRANSACTION}")
    failure = facts.failures["stream-closed"].format(error=f"ERR_{error}")
    return Failed(failure, f"ERR_{error} before the answer: {_HANDSHAKE}")


def _judge(stream: _Stream, headers: Headers, protocols: tuple[str, ...], facts: Facts) -> Opened | Failed:
    """Check the response (ValidateResponse), without Upgrade, Connection and Sec-WebSocket-Accept."""
    if len(set(headers.values(b"location"))) > 1:
        return Failed("", "two different Location fields: net/spdy/spdy_http_utils.cc")
    if headers.status == 200 and stream.padded:
        return handshake_fault("", f"the status line is not one of a 200: {_HANDSHAKE}", facts)
    if headers.status == 200:
        return negotiated(headers, protocols, facts)
    if headers.status == 401:
        return Failed("", f"401, and no more credentials: {_STREAM}", unauthorized=True)
    if headers.status == 407:
        failure = facts.failures["establishment"].format(error="ERR_UNEXPECTED_PROXY_AUTH")
        return Failed(failure, f"407 though no proxy is used: {_TRANSACTION}")
    detail = facts.failures["status"].format(status=headers.status)
    return handshake_fault(detail, f"status {headers.status} is not 200, 401 or 407: {_HANDSHAKE}", facts)


def session(step: Settled) -> Iterator[Arrival | StreamOver]:
    """Everything that the server sends on an open stream, until the stream is over."""
    assert step.reading.http2 is not None
    return _Stream(step.reading.http2, step).session(step)


class _Stream(Stream[Headers]):
    """SpdySession and SpdyStream. Reasons are net errors without ``ERR_``."""

    def __init__(self, connection: Http2Connection, step: Settled | None = None) -> None:
        super().__init__(connection, step)
        self._trailers = False
        self.padded = False
        """True if the status has a leading zero."""
        self.away = False
        """True once the session accepts no more streams."""

    def lost(self, how: str) -> str:
        if how in BROKEN:
            return "CONNECTION_RESET"
        return "CONNECTION_CLOSED" if how in LOST else ""

    def orderly(self, why: str) -> bool:
        return why == "CONNECTION_CLOSED"

    def take(self, turn: Turn) -> str:
        frame = turn.frame
        if wrong_size(frame) or (frame.type == PRIORITY_UPDATE and not frame.stream and frame.length < 4):
            return "HTTP2_FRAME_SIZE_ERROR"
        if frame.type == WINDOW_UPDATE:
            return self._window_update(frame)
        if frame.problem or turn.out_of_turn or _misshapen(frame):
            return "HTTP2_PROTOCOL_ERROR"
        if frame.ack:
            self.opening = False
        if frame.type == SETTINGS and not frame.ack:
            self.settings_seen = True
            self.windows.settings(frame)
            self.on, fault = settings_fault(frame.settings, self.on)
            return "HTTP2_PROTOCOL_ERROR" if fault else ""
        if frame.type == GOAWAY:
            return self._goaway(frame.code, frame.last_stream)
        if frame.type == PUSH_PROMISE or (frame.type == PING and frame.ack):
            return "HTTP2_PROTOCOL_ERROR"
        if frame.stream != self.id:
            return ""
        self.opening = False
        if frame.type == RST_STREAM:
            return self._reset(frame.code)
        if frame.type == HEADERS and turn.block is not None:
            return self._block(turn.block)
        if frame.type == DATA:
            return self._data(frame.content, frame.end_stream and frame.complete)
        return ""

    def _window_update(self, frame: Http2Frame) -> str:
        """OnWindowUpdate: an invalid update of the stream's window ends the stream; one of the connection's
        window ends the connection."""
        if frame.increment and self.windows.widen(frame):
            return ""
        if frame.stream not in (0, self.id):
            return ""
        return "HTTP2_FLOW_CONTROL_ERROR" if frame.stream else "HTTP2_PROTOCOL_ERROR"

    def _goaway(self, code: int | None, last: int | None) -> str:
        """SpdySession::OnGoAway."""
        self.away = True
        if code == HTTP_1_1_REQUIRED:
            return "HTTP_1_1_REQUIRED"
        if last is not None and last >= self.id:
            return ""
        return "HTTP2_SERVER_REFUSED_STREAM" if code == NO_ERROR else "HTTP2_PROTOCOL_ERROR"

    def _reset(self, code: int | None) -> str:
        """SpdySession::OnRstStream, SpdyStream::OnClose."""
        if code == NO_ERROR:
            return "CONNECTION_CLOSED" if self.opened else "HTTP2_PROTOCOL_ERROR"
        if code == REFUSED_STREAM:
            return "HTTP2_SERVER_REFUSED_STREAM"
        return "HTTP_1_1_REQUIRED" if code == HTTP_1_1_REQUIRED else "HTTP2_PROTOCOL_ERROR"

    def _data(self, content: bytes, last: bool) -> str:
        if not self.opened or (self._trailers and content):
            return "HTTP2_PROTOCOL_ERROR" if content or last else ""
        self.ended = self.ended or last
        return ""

    def _block(self, block: HeaderBlock) -> str:
        """SpdyStream::OnHeadersReceived."""
        if block.problem:
            return "HTTP2_COMPRESSION_ERROR"
        if _malformed(block) or self._trailers:
            return "HTTP2_PROTOCOL_ERROR"
        if self.opened:
            self._trailers = True
            self.ended = self.ended or block.end_stream
            return ""
        status = b"\0".join(field.value for field in block.all(b":status"))
        number = int(status) if len(status) < 12 and _STATUS.fullmatch(status) else _INT_MAX + 1
        if abs(number) > _INT_MAX or number == 103:  # Early Hints are for no stream that both sides write to
            return "HTTP2_PROTOCOL_ERROR"
        if 100 <= number < 200 and number != 101:
            return "HTTP2_PROTOCOL_ERROR" if block.end_stream else ""
        if block.all(b"transfer-encoding"):
            return "HTTP2_PROTOCOL_ERROR"
        self.padded = status[:1] == b"0"
        lines = (field.name + b":" + field.value for field in block.regular)
        self.answer = parse(b"HTTP/1.1 " + status + b"\n" + b"\n".join(lines))
        return ""


def _misshapen(frame: Http2Frame) -> bool:
    """True for a frame of an extension that Chromium knows but cannot decode: it ends the session
    (measured)."""
    if frame.type == ALTSVC:
        return frame.length < 2 or int.from_bytes(frame.payload[:2], "big") > frame.length - 2
    return frame.type == PRIORITY_UPDATE and (frame.stream != 0 or not int.from_bytes(frame.payload[:4], "big"))


def _malformed(block: HeaderBlock) -> bool:
    """True if the fields of *block* are invalid (HeaderCoalescer::AddHeader)."""
    size = 0
    regular = False
    for field in block.fields:
        name = field.name
        if name.startswith(b":"):
            if regular:
                return True
            name = name[1:]
        else:
            regular = True
        size += len(field.name) + len(field.value) + 32
        if not _NAME.fullmatch(name) or size > _MAX_FIELDS or _NO_VALUE.search(field.value):
            return True
    return False
