"""The structure of an exchange, without judgement. Values only; the other modules of this package make them.

Every span is a pair (start, end) of offsets into ``Reading.received``, the application bytes of all
``Received`` events put end to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from wsprobe.exchange import Exchange, Received
from wsprobe.read.heads import Field as Field
from wsprobe.read.heads import Head as Head
from wsprobe.read.heads import Line as Line
from wsprobe.read.heads import Span as Span
from wsprobe.read.heads import key_of as key_of
from wsprobe.read.http2_values import Http2Connection

INTERIM_MAX = 1000
"""Limit on interim answers. Later bytes stay in ``Reading.rest``, so memory stays bounded."""


class SentRequest(Struct, frozen=True):
    """Our request, parsed from the bytes sent."""

    head: Head
    method: bytes
    resource: bytes
    version: bytes
    key: bytes | None
    """Sec-WebSocket-Key, if exactly one was sent."""
    protocols: tuple[bytes, ...]
    extensions: bytes | None
    """Sec-WebSocket-Extensions, all fields joined by ", "."""
    rest: bytes = b""
    """Bytes after the blank line (hixie-76: eight)."""


CodingFault = Literal["", "cut", "short", "broken", "unknown"]
"""Problems of a content coding: more than ``Limits.max_body`` bytes decoded; the end is missing; the bytes are
invalid; wsprobe cannot decode this coding."""


class Body(Struct, frozen=True):
    """The body of a final answer other than a 101 (framed by h11)."""

    framing: Literal["none", "length", "chunked", "close", "stream", "unknown"]
    """``stream``: DATA frames of HTTP/2, until END_STREAM."""
    raw: bytes
    """As on the wire, with chunk framing; over HTTP/2, the content of the DATA frames."""
    content: bytes
    """Without transfer coding."""
    expected: int | None
    """Content-Length, if it framed the body."""
    complete: bool
    cut: bool
    """True if wsprobe stopped reading at its limit: ``Limits.max_body``, or the limit on chunk framing."""
    decoded: bytes | None = None
    """Without content coding, if there is one and it could be decoded."""
    coding: str = ""
    """Content-Encoding, then transfer codings but chunked, "" if none; of a very long list the beginning."""
    problem: str = ""
    """Why it could not be framed, or is incomplete; "" if h11 accepts it."""
    malformed: bool = False
    """True if the bytes break the rules of their framing; False if they are valid or only the end is
    missing."""
    cut_by: str = ""
    """The limit that *cut* it, in words."""
    coding_fault: CodingFault = ""
    coding_problem: str = ""
    """Why the content coding could not be decoded, "" if it could."""


class Response(Struct, frozen=True):
    """One HTTP answer. *status* is None if there are no three digits in the place of the status code."""

    head: Head
    version: str | None
    """``"1.1"``; None without a version after ``HTTP/``. Letter case and junk before it are oddities."""
    status: int | None
    reason: bytes
    body: Body | None = None
    oddities: tuple[str, ...] = ()
    stated: bool = False
    """True if a browser's sentence is all that is known of it: there are no bytes, and no fields."""

    @property
    def interim(self) -> bool:
        status = self.status
        return status is not None and 100 <= status < 200 and status != 101


def final_answer(responses: Sequence[Response]) -> Response | None:
    """The last of *responses*, if it is not interim."""
    last = responses[-1] if responses else None
    return None if last is None or last.interim else last


def mask(data: bytes, key: bytes) -> bytes:
    """*data* XORed with *key*, repeated (RFC 6455 section 5.3: four bytes)."""
    size = len(data)
    keys = (key * (size // len(key) + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(keys, "little")).to_bytes(size, "little")


class Frame(Struct, frozen=True, gc=False):
    """One frame after a 101 (RFC 6455 section 5.2), perhaps incomplete.

    Frames of older wire versions use the same terms: *opcode* is RFC 6455's number for the kind of frame, and
    3 to 7 or 11 to 15 for a kind that RFC 6455 does not have.
    """

    start: int
    header: bytes
    fin: bool
    rsv: int
    """RSV1 = 4, RSV2 = 2, RSV3 = 1; RSV4 = 8, which hybi-04 to -06 have where the mask bit is now."""
    opcode: int
    masked: bool
    mask: bytes
    """The masking key, starting with the byte for the payload's first byte: four bytes, 20 in hybi-04."""
    length: int
    """As announced; for a hixie frame that ends with a sentinel, the bytes before the sentinel."""
    payload: bytes
    """As sent, still masked if it was. Shorter than *length* if the end is missing."""
    at: int
    """Microseconds: the time at which its last received byte was read."""
    minimal: bool = True
    """False if a shorter length encoding was possible."""
    trailer: bytes = b""
    """The end of a hixie text frame: 0xFF."""

    @property
    def complete(self) -> bool:
        return len(self.payload) == self.length

    @property
    def data(self) -> bytes:
        """The payload, unmasked."""
        if not self.masked:
            return self.payload
        return mask(self.payload, self.mask)

    @property
    def is_control(self) -> bool:
        """True for Close, Ping, Pong and the reserved opcodes from 11 on (RFC 6455 section 5.5)."""
        return self.opcode >= 0x8

    @property
    def close_code(self) -> int | None:
        """The code in the payload of a Close; None if the payload has no room for one."""
        data = self.data
        return int.from_bytes(data[:2], "big") if len(data) >= 2 else None

    @property
    def span(self) -> Span:
        return self.start, self.start + len(self.header) + len(self.payload) + len(self.trailer)


class Session(Struct, frozen=True):
    """The bytes after a 101."""

    frames: tuple[Frame, ...]
    rest: bytes
    """Bytes too few for a frame header, or beyond the frames that were read."""
    start: int
    sent: tuple[Frame, ...] = ()
    """Our own frames; *start* counts in the bytes sent."""
    challenge: bytes = b""
    """hixie-76: the sixteen bytes after the head that answer the challenge, perhaps incomplete."""
    close_codes: bool = True
    """False if this wire version's Close has no code: before hybi-06."""
    drops: bool = False
    """True if this wire version ends a session by dropping the connection, and has no Close: hixie-75."""

    def close_code(self, close: Frame) -> int | None:
        """The code in *close*; None if the payload is too short, or the wire version has no codes."""
        return close.close_code if self.close_codes else None


WAITS = "NEED_DATA"
"""The message of an opinion that needs more bytes; h11's own term."""


class Opinion(Struct, frozen=True):
    """h11 0.16's opinion of the same bytes: a strict client library's view."""

    accepts: bool
    message: str = ""
    """Why not, in h11's words."""

    @property
    def waits(self) -> bool:
        """True if h11 has refused nothing and needs more bytes."""
        return not self.accepts and self.message == WAITS


class Reading(Struct, frozen=True):
    """The structure of one exchange. Never a judgement."""

    exchange: Exchange
    request: SentRequest
    sent: bytes
    received: bytes
    responses: tuple[Response, ...]
    """In order: interim (1xx) answers, then the final one, complete or not. Empty if nothing arrived."""
    final: Response | None
    """Their ``final_answer``; cached, because rules and renderers read it twenty times."""
    session: Session | None
    """Present if the final answer is, on the loosest reading, a 101."""
    opinion: Opinion | None
    """None if nothing arrived, or if the head has far more lines than a real answer."""
    looks_like: str = ""
    """The protocol of bytes that are not HTTP: ``tls``, ``ssh``, ``smtp``, ``ftp``, ``http2``, ``text``,
    ``noise``. For bytes that are not HTTP/2 although it was spoken: one of these, or ``http1``."""
    rest: bytes = b""
    """Bytes after the end of a final answer's body, or after more interim answers than are read. For HTTP/2:
    bytes after the last frame, too few for a frame header, or beyond the frames that were read."""
    http2: Http2Connection | None = None
    """The frames of the connection, if HTTP/2 was spoken; ``responses`` and ``session`` are our stream's."""

    @property
    def status(self) -> int | None:
        """The status of the final answer; None without one, or if it has no valid one."""
        return None if self.final is None else self.final.status

    @property
    def content(self) -> bytes:
        """The content of the final answer's body, without the transfer coding; empty without one."""
        return b"" if self.final is None or self.final.body is None else self.final.body.content

    def values(self, name: str) -> tuple[bytes, ...]:
        """The values of the final answer's fields called *name*, in their order."""
        return () if self.final is None else tuple(f.value for f in self.final.head.all(name.lower().encode()))

    def when(self, offset: int) -> int:
        """The time in microseconds at which the byte at *offset* of ``received`` was read."""
        seen = 0
        at = 0
        for event in self.exchange.events:
            if type(event) is Received:  # isinstance takes ten times as long for other types
                seen += len(event.data)
                at = event.at
                if offset < seen:
                    break
        return at
