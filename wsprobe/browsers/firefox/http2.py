"""WebSockets over HTTP/2 in Firefox: when it uses HTTP/2, what it sends, and how it reads the answer.

Firefox uses HTTP/2 wherever the server accepts it in ALPN and in SETTINGS, on a new connection too. It sends
one request: every error there is a failure, and no request follows over HTTP/1.1.

Sources: netwerk/protocol/http/nsHttpConnectionMgr.cpp (which connection), Http2StreamTunnel.cpp
(Http2StreamWebSocket), Http2Compression.cpp (DecodeHeaderBlock, OutputHeader), Http2StreamBase.cpp
(ConvertResponseHeaders), Http2Session.cpp (RecvHeaders and the others), nsHttpResponseHead.cpp,
netwerk/protocol/websocket/WebSocketChannel.cpp; measured, Firefox ESR 153.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wsprobe.browsers.firefox.handshake import Failed, Opened, validate
from wsprobe.browsers.firefox.http import Answer, BadField, BadStatus, Fields, Head, Status, begins, parse
from wsprobe.browsers.firefox.request import Facts
from wsprobe.browsers.http2 import (
    Again,
    Step,
    Stream,
    Turn,
    announced,
    offered,
    settings_fault,
    turns,
    wrong_size,
)
from wsprobe.browsers.script import Arrival, StreamOver, end
from wsprobe.exchange import LOST, Sent
from wsprobe.read.http2_values import (
    DATA,
    DEFAULT_WINDOW,
    END_HEADERS,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    PRIORITY_UPDATE,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    HeaderBlock,
    Http2Connection,
)
from wsprobe.read.reading import Reading

_SESSION = "netwerk/protocol/http/Http2Session.cpp"
_STREAM = "netwerk/protocol/http/Http2StreamBase.cpp"
_COMPRESSION = "netwerk/protocol/http/Http2Compression.cpp"
_RESPONSE = "netwerk/protocol/http/nsHttpResponseHead.cpp"
_TRANSACTION = "netwerk/protocol/http/nsHttpTransaction.cpp"
_MANAGER = "netwerk/protocol/http/nsHttpConnectionMgr.cpp"
_NOT_ANNOUNCED = f"the server does not announce ENABLE_CONNECT_PROTOCOL: {_MANAGER}"


_ANSWERED_ANYWAY = (
    "Firefox keeps waiting: if the server answers the stream that its GOAWAY excludes, Firefox accepts the "
    "answer"
)

_FROZEN = "Firefox freezes, with all windows, at an answer in HEADERS and CONTINUATION that ends the stream"

_LEFT_OUT = frozenset(
    {b"connection", b"host", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding"}
    | {b"upgrade", b"accept-encoding"}
)
"""Fields that Firefox drops silently (Http2Decompressor::OutputHeader)."""
_UNASKED = (SETTINGS, PRIORITY_UPDATE)
"""Frames that a server sends by itself when a connection opens."""
_FRAMES = (16384, 2**24 - 1)
"""The smallest and the largest MAX_FRAME_SIZE (RFC 9113 section 6.5.2)."""
_NAME = re.compile(rb":?[!#$%&'*+\-.^_`|~0-9a-z]+")
_NO_VALUE = re.compile(rb"[\0\r\n]")
_INTEGER = re.compile(rb"0|[1-9][0-9]{0,9}")


def otherwise(readings: Sequence[Reading]) -> str:
    """When Firefox itself would not use the version of HTTP in the first of *readings*; "" if it would."""
    if not readings or not readings[0].exchange.plan.target.secure or offered(readings[0]):
        return ""
    return (
        "Firefox uses HTTP/2 if the server accepts it in ALPN and announces WebSockets in SETTINGS; this "
        "recording is over HTTP/1.1"
    )


Settled = Step[Answer, Opened | Failed | Again]


def settle(reading: Reading, protocols: tuple[str, ...], facts: Facts, *, known: bool) -> Settled:
    """Follow the stream until its handshake is decided. *known*: there was a session before, so all early
    settings of the server count; otherwise only its first SETTINGS do."""
    connection = reading.http2
    assert connection is not None
    stream = _Stream(connection, facts)
    left = turns(connection)
    for turn in left:
        first = not stream.settings_seen
        fault = stream.take(turn)
        if first and stream.settings_seen and not stream.on and not known and not fault:
            return Step(reading, turn.at, Again("1.1", _NOT_ANNOUNCED), unasked=True)
        if fault:
            gone = connection.request is None or (stream.opening and turn.frame.type in _UNASKED)
            console = (facts.console["status-line"],) if stream.bad_status else ()
            frozen = _FROZEN if stream.frozen else ""
            failed = Failed(fault, console=console, frozen=frozen)
            return Step(reading, turn.at, failed, no_session=gone, unasked=gone)
        if stream.answer is not None and connection.request is not None:
            return _answered(reading, stream.answer, turn, tuple(left), protocols, facts)
    last = end(reading)
    ended = last.how in LOST
    if stream.left_out and not ended:
        because = f"GOAWAY excludes the stream, and Firefox does not retry: {_SESSION}"
        return Step(reading, _late(reading, facts), Failed(because, races=_ANSWERED_ANYWAY))
    if connection.request is None and not announced(connection) and stream.settings_seen:
        return Step(reading, last.at, Again("1.1", _NOT_ANNOUNCED), unasked=True)
    return Step(
        reading, last.at, Failed(f"the connection was lost before an answer: {_SESSION}") if ended else None
    )


def _answered(
    reading: Reading, head: Head, turn: Turn, behind: tuple[Turn, ...], protocols: tuple[str, ...], facts: Facts
) -> Settled:
    """The result of an answer. The channel learns of a 200 at once; of any other answer when its body begins or
    ends, or never."""
    answer = Answer(turn.at, head, stream=0)
    code = head.status.code
    told = turn.at if code in (200, 101) else _told(reading, head, turn.at, behind, facts)
    late = _late(reading, facts)
    if told is None or told > late:
        because = (
            f"status {code}, and the stream does not end: events come only after the time limit, {_TRANSACTION}"
        )
        return Step(reading, late, Failed(because), answer, behind)
    return Step(reading, told, validate(answer, None, protocols), answer, behind)


def _late(reading: Reading, facts: Facts) -> int:
    """The time of Firefox's limit for the handshake, in microseconds."""
    asked = next((e.at for e in reading.exchange.events if isinstance(e, Sent)), 0)
    return asked + facts.opening_timeout * 1_000_000


def _told(reading: Reading, head: Head, at: int, behind: tuple[Turn, ...], facts: Facts) -> int | None:
    """When the channel learns of an answer that opens no session, in microseconds; None if it never does."""
    body = b""
    if begins(head.status.code, head.fields, body, 0) is not None:
        return at
    for each in session(Step(reading, at, None, behind=behind), facts):
        if isinstance(each, StreamOver):
            return each.at
        body += each.data
        if begins(head.status.code, head.fields, body, 0) is not None:
            return each.at
    return None


def session(step: Settled, facts: Facts) -> Iterator[Arrival | StreamOver]:
    """Everything that the server sends on an open stream, until the stream is over."""
    assert step.reading.http2 is not None
    return _Stream(step.reading.http2, facts, step).session(step)


def room(reading: Reading, sent: int, now: int) -> tuple[int, bool]:
    """(bytes of DATA that the server still lets the client send on the stream at *now*, whether the server has
    widened that window before). *sent*: bytes sent so far.

    The window of the connection is left out; the server can only widen it.
    """
    size, widened = DEFAULT_WINDOW, False
    for at, larger, before in _windows(reading):
        if at > now:
            break
        size, widened = larger, before
    return size - sent, widened


def room_from(reading: Reading, sent: int, needed: int, now: int) -> int | None:
    """The first time from *now* on at which the server's window has room for *needed* bytes after the *sent*
    ones, in microseconds; None if there is none. A server that widens the window while it reads makes room by
    itself."""
    states = {now: (DEFAULT_WINDOW, False)}
    for at, size, widened in _windows(reading):
        states[max(at, now)] = (size, widened)
    for at, (size, widened) in states.items():
        if size - sent >= needed or (size >= sent and widened):
            return at
    return None


def _windows(reading: Reading) -> Iterator[tuple[int, int, bool]]:
    """Yield (time, size of the stream's window, whether the server has widened it before) after each frame that
    may change it."""
    connection = reading.http2
    assert connection is not None
    first, more = DEFAULT_WINDOW, 0
    for frame in connection.of("server"):
        if frame.type == SETTINGS and not frame.ack:
            first = dict(frame.settings).get(INITIAL_WINDOW_SIZE, first)
        elif frame.type == WINDOW_UPDATE and frame.stream == connection.stream:
            more += frame.increment or 0
        else:
            continue
        yield frame.at, first + more, more > 0


class _Stream(Stream[Head]):
    """Http2Session and Http2StreamBase."""

    def __init__(self, connection: Http2Connection, facts: Facts, step: Settled | None = None) -> None:
        super().__init__(connection, step)
        self._facts = facts
        self.left_out = False
        """A GOAWAY says that the stream will not be looked at. It dies with the connection, not before."""
        self.frozen = False
        """The whole browser waits for ever."""
        self.bad_status = False
        """The console has a line about the status line."""

    def take(self, turn: Turn) -> str:
        frame = turn.frame
        if frame.problem or wrong_size(frame) or turn.out_of_turn:
            return f"a {frame.name} frame that is not well-formed: {_SESSION}"
        if frame.ack:
            self.opening = False
        if frame.type == SETTINGS and not frame.ack:
            self.settings_seen = True
            self.windows.settings(frame)
            self.on, fault = settings_fault(frame.settings, self.on)
            sizes = (value for number, value in frame.settings if number == MAX_FRAME_SIZE)
            if any(not _FRAMES[0] <= size <= _FRAMES[1] for size in sizes):
                return f"MAX_FRAME_SIZE has an invalid value: {_SESSION}"
            return f"ENABLE_CONNECT_PROTOCOL has an invalid value: {_SESSION}" if fault else ""
        if frame.type == GOAWAY:
            self.left_out = frame.last_stream is not None and frame.last_stream < self.id
        if frame.type == WINDOW_UPDATE:
            wide = not self.windows.widen(frame)
            return f"a flow-control window above 2^31-1: {_SESSION}" if wide else ""
        if frame.type == PUSH_PROMISE:
            return f"PUSH_PROMISE, which SETTINGS forbid: {_SESSION}"
        if frame.type == PRIORITY_UPDATE:
            return f"PRIORITY_UPDATE, which only a client sends (RFC 9218, section 7.1): {_SESSION}"
        if frame.stream != self.id:
            return ""
        self.opening = False
        if frame.type == RST_STREAM:
            return f"RST_STREAM, and Firefox does not retry: {_SESSION}"
        if frame.type == HEADERS and turn.block is not None:
            return self._block(turn.block, continued=not frame.flags & END_HEADERS)
        if frame.type == DATA:
            if not self.opened and (frame.content or frame.end_stream):
                return f"DATA before the answer: {_SESSION}"
            self.ended = self.ended or (frame.end_stream and frame.complete)
        return ""

    def _block(self, block: HeaderBlock, *, continued: bool) -> str:
        """Handle a header block (RecvHeaders, ResponseHeadersComplete). Returns why it ends the stream, "" if
        it does not."""
        if continued and block.end_stream:
            self.frozen = not self.opened
            return f"a header block of several frames that ends the stream: {_SESSION}"
        if len(block.raw) > self._facts.max_head:
            return f"more than {self._facts.max_head} bytes of fields: {_SESSION}"
        if not block.decoded:
            return f"the fields cannot be decoded: {_COMPRESSION}"
        if self.opened and not block.end_stream:
            return f"trailers that do not end the stream: {_SESSION}"
        malformed = _malformed(block)
        if malformed:
            return f"{malformed}: {_COMPRESSION}"
        if self.opened:
            self.ended = True
            return ""
        shown = block.all(b":status")
        text = shown[-1].value if shown else b""
        if not _INTEGER.fullmatch(text) or int(text) >= 2**31:
            return f":status is missing, or not a number: {_STREAM}"
        if text[:1] == b"1" and len(text) == 3 and text != b"101":
            return f"the stream ends with an interim answer: {_SESSION}" if block.end_stream else ""
        return self._head(text, block)

    def _head(self, text: bytes, block: HeaderBlock) -> str:
        try:
            status = parse(b"HTTP/2 " + text)
        except BadStatus:
            self.bad_status = True
            return f"the status line has no status code: {_RESPONSE}"
        fields = Fields()
        try:
            for field in block.regular:
                if field.name not in _LEFT_OUT:
                    fields.add(field.name + b": " + field.value)
        except BadField as fault:
            return f"{fault}: {_RESPONSE}"
        self.answer = Head(Status(2, 0, status.code), fields, block.start)
        return ""


def _malformed(block: HeaderBlock) -> str:
    """What is wrong with the fields, "" if nothing is (Http2Decompressor::OutputHeader).

    A bad field ends the stream, or the whole session if HPACK's table was to keep the field.
    """
    regular = False
    for field in block.fields:
        if field.name in _LEFT_OUT:
            continue
        if not _NAME.fullmatch(field.name):
            return "an invalid header name"
        if _NO_VALUE.search(field.value):
            return "a header value with a forbidden character"
        if field.name.startswith(b":"):
            if field.name != b":status" or regular:
                return "a forbidden pseudo-header"
        else:
            regular = True
    return ""
