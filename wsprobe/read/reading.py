"""What is found in the bytes of an exchange, without judging. Values only; the readers are beside this file.

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
"""Interim answers read one by one. What follows them stays in ``Reading.rest``: memory stays bounded."""


class SentRequest(Struct, frozen=True):
    """What we asked, read back from the bytes sent."""

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
"""Of a content coding: more than ``Limits.max_body`` came out; the end is missing; the bytes are not of that
coding; it is none that can be undone here."""


class Body(Struct, frozen=True):
    """The body of a final answer that is not a 101 (framed by h11)."""

    framing: Literal["none", "length", "chunked", "close", "stream", "unknown"]
    """``stream``: DATA frames of HTTP/2, until END_STREAM."""
    raw: bytes
    """As on the wire, chunk framing included; of HTTP/2, what the DATA frames carry."""
    content: bytes
    """Without transfer coding."""
    expected: int | None
    """Content-Length, where that framed it."""
    complete: bool
    cut: bool
    """True if we stopped reading at a limit of ours: ``Limits.max_body``, or how much chunks may add to it."""
    decoded: bytes | None = None
    """Without content coding, where there is one and it could be undone."""
    coding: str = ""
    """Content-Encoding, "" if none."""
    problem: str = ""
    """Why it could not be framed, or is not complete; "" if h11 has nothing to say against it."""
    malformed: bool = False
    """True if the bytes break the rules of their framing, False if at most the end is missing."""
    cut_by: str = ""
    """The limit that *cut* it, in words."""
    coding_fault: CodingFault = ""
    coding_problem: str = ""
    """Why the content coding could not be undone, "" if it could."""


class Response(Struct, frozen=True):
    """One HTTP answer. *status* is None where no three digits stand where a status code belongs."""

    head: Head
    version: str | None
    """``"1.1"``; None if no version stands behind ``HTTP/``. Letter case and junk before it are oddities."""
    status: int | None
    reason: bytes
    body: Body | None = None
    oddities: tuple[str, ...] = ()

    @property
    def interim(self) -> bool:
        status = self.status
        return status is not None and 100 <= status < 200 and status != 101


def final_answer(responses: Sequence[Response]) -> Response | None:
    """The last of *responses*, if it is not an interim one."""
    last = responses[-1] if responses else None
    return None if last is None or last.interim else last


class Frame(Struct, frozen=True):
    """One frame after a 101 (RFC 6455 section 5.2), or what there is of it.

    Frames of older wire versions are told in the same terms, whatever they have on the wire: *opcode* is the
    number that RFC 6455 gave to the kind of frame, and 3 to 7 or 11 to 15 of a kind that it has not.
    """

    start: int
    header: bytes
    fin: bool
    rsv: int
    """RSV1 = 4, RSV2 = 2, RSV3 = 1; RSV4 = 8, which hybi-04 to -06 have where the mask bit is now."""
    opcode: int
    masked: bool
    mask: bytes
    """The masking key, beginning with the byte that falls on the payload's first: four bytes, 20 in hybi-04."""
    length: int
    """As announced; of a hixie frame that ends with a sentinel, the bytes before that."""
    payload: bytes
    """As sent: still masked where masked. Shorter than *length* if the end is missing."""
    at: int
    """Microseconds: when its last byte (that came) was read."""
    minimal: bool = True
    """False if a shorter length encoding was possible."""
    trailer: bytes = b""
    """What ends a hixie text frame: 0xFF."""

    @property
    def complete(self) -> bool:
        return len(self.payload) == self.length

    @property
    def data(self) -> bytes:
        """The payload, unmasked."""
        if not self.masked:
            return self.payload
        size = len(self.payload)
        mask = (self.mask * (size // len(self.mask) + 1))[:size]
        return (int.from_bytes(self.payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")

    @property
    def span(self) -> Span:
        return self.start, self.start + len(self.header) + len(self.payload) + len(self.trailer)


class Session(Struct, frozen=True):
    """What came after a 101."""

    frames: tuple[Frame, ...]
    rest: bytes
    """Bytes too few to be a frame header, or past what was read as frames."""
    start: int
    sent: tuple[Frame, ...] = ()
    """Our own frames; *start* counts in the bytes sent."""
    challenge: bytes = b""
    """hixie-76: the sixteen bytes behind the head that answer the challenge, or what there is of them."""
    close_codes: bool = True
    """False if a Close of this wire version has no code: before hybi-06."""
    drops: bool = False
    """True if this wire version ends a session by dropping the connection, and has no Close: hixie-75."""

    def close_code(self, close: Frame) -> int | None:
        """The code in *close*; None if it has no room for one, or the wire version has none."""
        data = close.data
        return int.from_bytes(data[:2], "big") if self.close_codes and len(data) >= 2 else None


WAITS = "NEED_DATA"
"""The message of an opinion that is still out, named as h11 names it."""


class Opinion(Struct, frozen=True):
    """What h11 0.16 says of the same bytes: a strict client library's view."""

    accepts: bool
    message: str = ""
    """Why not, in h11's words."""

    @property
    def waits(self) -> bool:
        """True if h11 has refused nothing, and waits for more bytes."""
        return not self.accepts and self.message == WAITS


class Reading(Struct, frozen=True):
    """Structure found in one exchange. Never a judgement."""

    exchange: Exchange
    request: SentRequest
    sent: bytes
    received: bytes
    responses: tuple[Response, ...]
    """In order: interim (1xx) answers, then the final one, complete or not. Empty if nothing came."""
    final: Response | None
    """``final_answer`` of them: kept, because rules and renderers ask for it twenty times over."""
    session: Session | None
    """Present if the final answer is, on the loosest reading, a 101."""
    opinion: Opinion | None
    """None if nothing came, or a head of more lines than anyone would send in earnest."""
    looks_like: str = ""
    """What the bytes are where they are not HTTP: ``tls``, ``ssh``, ``smtp``, ``ftp``, ``http2``, ``text``,
    ``noise``. Where HTTP/2 was spoken and they are not that: one of these, or ``http1``."""
    rest: bytes = b""
    """Bytes after the end of a final answer's body, or after more interim answers than are read. Of HTTP/2:
    those behind the last frame, too few for a header of one, or past what was read as frames."""
    http2: Http2Connection | None = None
    """The frames of the connection, where HTTP/2 was spoken; ``responses`` and ``session`` are our stream's."""

    def when(self, offset: int) -> int:
        """Microseconds at which the byte at *offset* of ``received`` was read."""
        seen = 0
        at = 0
        for event in self.exchange.events:
            if type(event) is Received:  # an isinstance takes ten times as long for every event that is none
                seen += len(event.data)
                at = event.at
                if offset < seen:
                    break
        return at
