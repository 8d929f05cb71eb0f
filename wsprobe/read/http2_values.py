"""The structure of an HTTP/2 connection (RFC 9113), without judgement. Values only: ``http2`` makes them.

Offsets in the server's frames count in ``Reading.received``, those in ours in ``Reading.sent``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from struct import iter_unpack
from typing import Literal

import msgspec

from wsprobe.read.heads import Field

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""The first bytes of a client (section 3.4)."""

HEADER_SIZE = 9
"""Bytes of a frame's header (section 4.1)."""

FRAME_MAX = 16384
"""Bytes of a frame's payload that every peer accepts, and the limit of a peer that sets no MAX_FRAME_SIZE
(section 4.2). wsprobe and the engines set none."""

DEFAULT_WINDOW = 65535
"""Default bytes of a window (section 6.9.2)."""

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0x0, 0x1, 0x2, 0x3, 0x4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0x5, 0x6, 0x7, 0x8, 0x9
ALTSVC, PRIORITY_UPDATE = 0xA, 0x10

TYPES = {
    DATA: "DATA",
    HEADERS: "HEADERS",
    PRIORITY: "PRIORITY",
    RST_STREAM: "RST_STREAM",
    SETTINGS: "SETTINGS",
    PUSH_PROMISE: "PUSH_PROMISE",
    PING: "PING",
    GOAWAY: "GOAWAY",
    WINDOW_UPDATE: "WINDOW_UPDATE",
    CONTINUATION: "CONTINUATION",
    ALTSVC: "ALTSVC",
    0xC: "ORIGIN",
    PRIORITY_UPDATE: "PRIORITY_UPDATE",
}
"""Frame types by number (section 6, RFC 7838, RFC 8336, RFC 9218)."""

END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 0x1, 0x1, 0x4, 0x8, 0x20

_STREAM_FLAGS = {END_STREAM: "END_STREAM", PADDED: "PADDED"}
_BLOCK_FLAGS = {END_HEADERS: "END_HEADERS"}
FLAGS: dict[int, dict[int, str]] = {
    DATA: _STREAM_FLAGS,
    HEADERS: {**_STREAM_FLAGS, **_BLOCK_FLAGS, PRIORITIZED: "PRIORITY"},
    SETTINGS: {ACK: "ACK"},
    PUSH_PROMISE: {**_BLOCK_FLAGS, PADDED: "PADDED"},
    PING: {ACK: "ACK"},
    CONTINUATION: _BLOCK_FLAGS,
}
"""Frame type -> bit -> name of the flag."""

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 0x1, 0x2, 0x3, 0x4
MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE, ENABLE_CONNECT_PROTOCOL = 0x5, 0x6, 0x8

SETTING_NAMES = {
    HEADER_TABLE_SIZE: "HEADER_TABLE_SIZE",
    ENABLE_PUSH: "ENABLE_PUSH",
    MAX_CONCURRENT_STREAMS: "MAX_CONCURRENT_STREAMS",
    INITIAL_WINDOW_SIZE: "INITIAL_WINDOW_SIZE",
    MAX_FRAME_SIZE: "MAX_FRAME_SIZE",
    MAX_HEADER_LIST_SIZE: "MAX_HEADER_LIST_SIZE",
    ENABLE_CONNECT_PROTOCOL: "ENABLE_CONNECT_PROTOCOL",
    0x9: "NO_RFC7540_PRIORITIES",
}
"""Settings by number (section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1)."""

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT = 0x0, 0x1, 0x2, 0x3, 0x4
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = 0x5, 0x6, 0x7, 0x8, 0x9
CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY, HTTP_1_1_REQUIRED = 0xA, 0xB, 0xC, 0xD

ERROR_NAMES = {
    NO_ERROR: "NO_ERROR",
    PROTOCOL_ERROR: "PROTOCOL_ERROR",
    INTERNAL_ERROR: "INTERNAL_ERROR",
    FLOW_CONTROL_ERROR: "FLOW_CONTROL_ERROR",
    SETTINGS_TIMEOUT: "SETTINGS_TIMEOUT",
    STREAM_CLOSED: "STREAM_CLOSED",
    FRAME_SIZE_ERROR: "FRAME_SIZE_ERROR",
    REFUSED_STREAM: "REFUSED_STREAM",
    CANCEL: "CANCEL",
    COMPRESSION_ERROR: "COMPRESSION_ERROR",
    CONNECT_ERROR: "CONNECT_ERROR",
    ENHANCE_YOUR_CALM: "ENHANCE_YOUR_CALM",
    INADEQUATE_SECURITY: "INADEQUATE_SECURITY",
    HTTP_1_1_REQUIRED: "HTTP_1_1_REQUIRED",
}
"""Error codes by number (section 7)."""

By = Literal["server", "client"]


def error_name(code: int) -> str:
    """The name of an error code; ``0xff`` for an unknown code."""
    return ERROR_NAMES.get(code, f"0x{code:x}")


def setting_name(number: int) -> str:
    """The name of a setting; ``0xff`` for an unknown setting."""
    return SETTING_NAMES.get(number, f"0x{number:x}")


class Http2Frame(msgspec.Struct, frozen=True):
    """One frame (section 4.1), perhaps incomplete."""

    by: By
    start: int
    header: bytes
    """Nine bytes."""
    payload: bytes
    """As sent, with padding. Shorter than *length* if the end is missing."""
    at: int
    """Microseconds: the time at which its last received byte was read, or at which the frame was sent."""
    event: int
    """The index of the event of the recording with that byte: the order of both directions."""
    content: bytes = b""
    """For DATA, HEADERS, PUSH_PROMISE and CONTINUATION: *payload* without padding and the fields before it."""
    problem: str = ""
    """The fault in its form, in hyperframe's words; "" without one, or if the frame is incomplete."""

    @property
    def length(self) -> int:
        """As announced."""
        return int.from_bytes(self.header[:3], "big")

    @property
    def type(self) -> int:
        return self.header[3]

    @property
    def flags(self) -> int:
        return self.header[4]

    @property
    def stream(self) -> int:
        return int.from_bytes(self.header[5:9], "big") & 0x7FFFFFFF

    @property
    def name(self) -> str:
        """The name of the type; ``0x42`` for an unknown type."""
        return TYPES.get(self.type, f"0x{self.type:x}")

    @property
    def flag_names(self) -> tuple[str, ...]:
        """The flags that are set, by their names for this type where they have one."""
        return _flag_names(self.type, self.flags)

    @property
    def complete(self) -> bool:
        return len(self.payload) == self.length

    @property
    def good(self) -> bool:
        """True if it is complete and its form is right."""
        return not self.problem and self.complete

    @property
    def end_stream(self) -> bool:
        return self.type in (DATA, HEADERS) and bool(self.flags & END_STREAM)

    @property
    def ack(self) -> bool:
        return self.type in (SETTINGS, PING) and bool(self.flags & ACK)

    @property
    def settings(self) -> tuple[tuple[int, int], ...]:
        """For SETTINGS: (identifier, value) in the order sent, with repeats."""
        if self.type != SETTINGS:
            return ()
        whole = len(self.payload) - len(self.payload) % 6
        return tuple(iter_unpack("!HI", self.payload[:whole]))

    @property
    def code(self) -> int | None:
        """For RST_STREAM and GOAWAY: the error code, None if it is cut."""
        at = {RST_STREAM: 0, GOAWAY: 4}.get(self.type)
        return None if at is None or len(self.payload) < at + 4 else _number(self.payload, at, 4)

    @property
    def last_stream(self) -> int | None:
        """For GOAWAY: the highest stream that the sender may have processed."""
        if self.type != GOAWAY or len(self.payload) < 4:
            return None
        return _number(self.payload, 0, 4) & 0x7FFFFFFF

    @property
    def debug(self) -> bytes:
        """For GOAWAY: the sender's debug data."""
        return self.payload[8:] if self.type == GOAWAY else b""

    @property
    def increment(self) -> int | None:
        """Of WINDOW_UPDATE."""
        if self.type != WINDOW_UPDATE or len(self.payload) < 4:
            return None
        return _number(self.payload, 0, 4) & 0x7FFFFFFF

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.start + HEADER_SIZE + len(self.payload)


@lru_cache(maxsize=64)
def _flag_names(type_: int, flags: int) -> tuple[str, ...]:
    """Cached, because the frames of a flood are alike."""
    named = FLAGS.get(type_, {})
    bits = [1 << place for place in range(8) if flags & 1 << place]
    return tuple(named.get(bit, f"0x{bit:x}") for bit in bits)


def in_turn(frames: Iterable[Http2Frame]) -> Iterator[tuple[Http2Frame, bool]]:
    """Each frame of one side, and whether it may come there: nothing interrupts a header block, and
    CONTINUATION only continues one (section 6.10)."""
    within: int | None = None  # the stream whose header block goes on
    for frame in frames:
        yield frame, within == (frame.stream if frame.type == CONTINUATION else None)
        if frame.type in (HEADERS, PUSH_PROMISE, CONTINUATION):
            within = None if frame.flags & END_HEADERS else frame.stream


class HeaderBlock(msgspec.Struct, frozen=True):
    """A header block: HEADERS or PUSH_PROMISE with its CONTINUATION frames (section 4.3)."""

    stream: int
    start: int
    """Of its first frame."""
    at: int
    """Of its last frame."""
    fields: tuple[Field, ...]
    """All fields as received, with pseudo-headers: order, letter case, repeats, white space. The ``lines`` of a
    field are its HPACK-coded bytes, more than one line if a frame ends within them."""
    raw: bytes
    """The coded fragments put end to end."""
    complete: bool
    """END_HEADERS came."""
    end_stream: bool = False
    promised: bool = False
    """The block of a PUSH_PROMISE, so a request."""
    problem: str = ""
    """The decoding problem, "" without one; *fields* are those decoded."""
    decoded: bool = True
    """All fields were decoded, whatever the problem is."""
    cut: bool = False
    """The problem is one of our limits."""

    def all(self, name: bytes) -> tuple[Field, ...]:
        """Every field called exactly *name*, in order."""
        return tuple(field for field in self.fields if field.name == name)

    @property
    def pseudo(self) -> tuple[Field, ...]:
        """The pseudo-headers (section 8.3), in any position."""
        return tuple(field for field in self.fields if field.name.startswith(b":"))

    @property
    def regular(self) -> tuple[Field, ...]:
        """The fields except the pseudo-headers."""
        return tuple(field for field in self.fields if not field.name.startswith(b":"))


class StreamData(msgspec.Struct, frozen=True):
    """The content of one DATA frame on our stream."""

    start: int
    """Of its first byte."""
    data: bytes
    at: int


How = Literal["end-stream", "rst-stream", "goaway", "connection"]


class StreamEnd(msgspec.Struct, frozen=True):
    """One event that ended our stream, or one of its directions."""

    by: By
    how: How
    """``end-stream``: that side sends no more on it. ``rst-stream``: it is over. ``goaway``: a GOAWAY that
    excludes our stream. ``connection``: the connection ended while the stream was open."""
    at: int
    code: int | None = None
    """The error code of RST_STREAM and GOAWAY."""
    debug: bytes = b""
    """Of GOAWAY."""

    @property
    def name(self) -> str:
        """The name of the code, "" without one."""
        return "" if self.code is None else error_name(self.code)


class Http2Connection(msgspec.Struct, frozen=True):
    """Both directions of the connection, and the parts about our stream."""

    frames: tuple[Http2Frame, ...]
    """In the order in which they were sent and received."""
    stream: int
    """The stream of our request, sent or not."""
    request: HeaderBlock | None
    """The block that opened the stream, as sent; None if none was sent."""
    blocks: tuple[HeaderBlock, ...]
    """The server's blocks on our stream, in order: interim answers, the final one, trailers."""
    trailers: HeaderBlock | None
    """The first block after the final answer's."""
    data: tuple[StreamData, ...]
    """The server's DATA on our stream."""
    ends: tuple[StreamEnd, ...]
    """All events that ended our stream, in order."""
    rest_sent: bytes = b""
    """Bytes that we sent after the last whole frame."""
    earlier: tuple[int, ...] = ()
    """The streams of earlier requests, each refused unprocessed."""

    @property
    def end(self) -> StreamEnd | None:
        """The event that ended the stream: the server's first, else ours."""
        by_server = (end for end in self.ends if end.by == "server")
        return next(by_server, next(iter(self.ends), None))

    def of(self, by: By) -> Iterator[Http2Frame]:
        """The frames of one side."""
        return (frame for frame in self.frames if frame.by == by)

    @property
    def settings(self) -> tuple[tuple[int, int], ...]:
        """The server's settings in the order sent, with repeats."""
        return tuple(pair for frame in self.of("server") if not frame.ack for pair in frame.settings)

    def setting(self, number: int) -> int | None:
        """The server's last value of a setting, None if it sent none."""
        return dict(self.settings).get(number)

    @property
    def goaways(self) -> tuple[Http2Frame, ...]:
        """The server's GOAWAY frames before ours; some servers (Go's) answer ours with a GOAWAY."""
        ours = next((frame.event for frame in self.of("client") if frame.type == GOAWAY), None)
        theirs = (frame for frame in self.of("server") if frame.type == GOAWAY)
        return tuple(frame for frame in theirs if ours is None or frame.event < ours)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
