"""Bodies of final answers: framed (RFC 9112 section 6), content codings undone (RFC 9110 section 8.4).

Never past a limit: a small body can hold a huge one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, cast

from msgspec import UNSET, Struct
from msgspec.structs import replace

from wsprobe.exchange import Exchange
from wsprobe.read.reading import Body, CodingFault, Field, Head
from wsprobe.read.tokens import DIGITS_MAX, VALUE_MAX, elements

if TYPE_CHECKING:
    from wsprobe.read.strict import StrictFraming


class Decoded(Struct, frozen=True):
    """The decoded bytes, None if there are none; and the problem, "" without one."""

    data: bytes | None
    fault: CodingFault = ""
    problem: str = ""


Undo = Callable[[bytes, int], Decoded]

CODINGS_MAX = 100
"""Limit on the codings of one body: a field of 2 MB can list a million."""
_MEMBERS_MAX = 1000
_SHORT = "the compressed data ends too early"


def decode(data: bytes, coding: str, limit: int) -> Decoded:
    """*data* without the codings that a Content-Encoding value lists; at most *limit* bytes come out.

    Bytes decoded before a fault are returned with the fault.
    """
    listed = (name for part in re.finditer("[^,]+", coding) if (name := part[0].strip().lower()))
    names = list(islice(listed, CODINGS_MAX + 1))
    if len(names) > CODINGS_MAX:
        return Decoded(None, "unknown", f"more than {CODINGS_MAX} content codings")
    for name in reversed(names):
        if name == "identity" or not data:
            continue
        undo = _UNDO.get(name)
        if undo is None:
            shown = ascii(name)[1:-1]
            return Decoded(None, "unknown", f"the content coding {shown} is not one that wsprobe can undo")
        try:
            made = undo(data, limit)
        except ImportError:
            return Decoded(
                None, "unknown", f"the content coding {name} needs a library that is not installed here"
            )
        if made.fault or made.data is None:
            return replace(made, data=made.data or None)
        data = made.data
    return Decoded(data)


def _inflate(data: bytes, limit: int, window: int) -> Decoded:
    """*data* decompressed by zlib; *window* is ``wbits`` (31 gzip, 15 zlib, -15 raw)."""
    import zlib

    out = bytearray()
    members = 0
    try:
        while data:
            if (members := members + 1) > _MEMBERS_MAX:
                return Decoded(bytes(out), "broken", f"more than {_MEMBERS_MAX} gzip members")
            unpack = zlib.decompressobj(window)
            out += unpack.decompress(data, limit - len(out) + 1)
            if len(out) > limit or not unpack.eof:
                return _bounded(out, limit, finished=False)
            data = unpack.unused_data if window == 31 else b""
    except zlib.error as error:
        return Decoded(bytes(out), "broken", f"zlib: {error}")
    return Decoded(bytes(out))


def _gzip(data: bytes, limit: int) -> Decoded:
    return _inflate(data, limit, 31)


def _deflate(data: bytes, limit: int) -> Decoded:
    """The zlib format (RFC 9110 section 8.4.1.2), or raw deflate, which some servers send, as that section
    notes."""
    made = _inflate(data, limit, 15)
    return _inflate(data, limit, -15) if made.fault == "broken" and not made.data else made


def _brotli(data: bytes, limit: int) -> Decoded:
    brotli: Any = import_module("brotli")
    unpack = brotli.Decompressor()
    out = bytearray()
    try:
        out += unpack.process(data, output_buffer_limit=limit + 1)
        while len(out) <= limit and not unpack.is_finished() and not unpack.can_accept_more_data():
            out += unpack.process(b"", output_buffer_limit=limit + 1 - len(out))
    except brotli.error as error:
        return Decoded(bytes(out[:limit]), "broken", f"brotli: {error}")
    return _bounded(out, limit, unpack.is_finished())


def _zstd(data: bytes, limit: int) -> Decoded:
    zstd: Any = import_module("compression.zstd")
    unpack = zstd.ZstdDecompressor()
    try:
        out = unpack.decompress(data, limit + 1)
    except zstd.ZstdError as error:
        return Decoded(None, "broken", f"zstd: {error}")
    return _bounded(out, limit, unpack.eof)


def _bounded(out: bytes | bytearray, limit: int, finished: bool) -> Decoded:
    if len(out) > limit:
        return Decoded(bytes(out[:limit]), "cut", f"decoded only up to {limit} bytes")
    return Decoded(bytes(out)) if finished else Decoded(bytes(out), "short", _SHORT)


_UNDO: dict[str, Undo] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}


Framing = Literal["none", "length", "chunked", "close", "unknown"]

SLICE = 65536
"""Bytes passed to h11 at once: the limits are checked after each slice."""

FRAMING_FREE = 32768
"""Bytes of chunk lines and trailers in any body, on top of a quarter of the limit on its content. h11 handles
each chunk separately: one-byte chunks up to the limit on content would take it ten seconds."""

_STAND_IN_STATUS = 200
_NO_BODY = (204, 304)
_ENDED_EARLY = (
    "h11: peer closed connection without sending complete message body (received {} bytes, expected {})"
)
"""The message of h11 0.16 for the same fault."""


FRAMING = frozenset({b"content-length", b"transfer-encoding", b"content-encoding"})
"""The fields that give the end and the coding of a body."""


def plain_length(fields: Sequence[Field]) -> bool:
    """True if there is no Content-Length field, or one that is a plain number."""
    return not fields or (len(fields) == 1 and fields[0].value.isdigit() and len(fields[0].value) <= DIGITS_MAX)


def transfer_codings(fields: Sequence[Field]) -> list[str] | None:
    """The transfer codings that Transfer-Encoding *fields* list, in the order in which they were applied,
    without parameters (RFC 9112 section 6.1). None if they do not say where the body ends: there is none,
    chunked is there twice, or the list is too long."""
    if sum(len(field.value) for field in fields) > VALUE_MAX:
        return None
    listed = elements(field.value for field in fields)
    names = [each.partition(b";")[0].strip(b" \t").lower().decode("latin-1") for each in listed]
    return names if names and names.count("chunked") <= 1 else None


class BodyReader:
    """Reads one body from bytes as they arrive; cheap at each read.

    This class counts a body that ends after Content-Length or with the connection; h11 handles any other
    framing. h11 sees only a status line of our own and the framing fields of *head*, so that no other oddity of
    the head stops it. It accepts no transfer coding but chunked, so it is not told of those before it.

    A body marked as chunked without a single chunk is content as it came: people want to read it.
    """

    def __init__(
        self,
        head: Head,
        status: int | None,
        method: bytes = b"GET",
        limit: int = 1024 * 1024,
        keeps: bool = True,
    ) -> None:
        """*keeps*: False if only the end matters: the bytes are counted, and ``body`` has none."""
        self._limit = limit
        self._keeps = keeps
        self._raw = bytearray()
        self._content = bytearray()
        """Of h11's framing; without h11, the content is the beginning of the raw bytes."""
        self._raw_size = self._content_size = 0
        of = head.several(FRAMING)
        lengths, codings = of.get(b"content-length", []), of.get(b"transfer-encoding", [])
        self._coding = [field.value for field in of.get(b"content-encoding", [])] if keeps else []
        """The codings of the content, as far as they can be undone."""
        self._rest = b""
        self._unframed = False
        """All bytes are content: where it ends is unknown, or not even the first chunk is one."""
        self._strict: StrictFraming | None = None
        self._left: int | None = None
        """Bytes still to come, without h11; None: until the end of the connection."""
        self.framing: Framing = "unknown"
        self.expected: int | None = None
        self.problem = ""
        self.malformed = False
        self.complete = False
        self.cut = False
        self.cut_by = ""
        self._frame(lengths, codings, status, method)

    @property
    def done(self) -> bool:
        """True if no more bytes are needed: the body is complete, or a limit was reached."""
        return self.complete or self.cut

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        if isinstance(data, bytes) and 0 < len(data) <= SLICE:
            self._feed(data)
            return
        for at in range(0, len(data), SLICE):
            self._feed(bytes(data[at : at + SLICE]))

    def _feed(self, data: bytes) -> None:
        if self.complete or self.cut:
            self._take_rest(data)
        elif self._strict is None:
            self._count(data)
        else:
            self._take_raw(data)
            if self._unframed:
                self._keep(data)
            elif not self.problem:
                self._take(self._strict, self._strict.feed(data))
            self._watch_framing()

    def end(self, clean: bool) -> None:
        """Take the end of the connection; *clean* means a FIN (over TLS, close_notify too)."""
        if self.done or self.problem:
            return
        if clean and self._strict is not None:
            self._take(self._strict, self._strict.feed(b""), ended=True)
        elif clean and self._left is None:
            self.complete = True
        elif clean:
            self.problem = _ENDED_EARLY.format(self._content_size, self.expected)
        elif self.framing == "close":
            self.problem = "the connection did not end cleanly, so the end of the body is not certain"

    def body(self) -> tuple[Body, bytes]:
        """The body as far as it arrived, and the bytes after it."""
        raw = bytes(self._raw)
        content = raw[: self._content_size] if self._strict is None else bytes(self._content)
        coding, decoded = "", Decoded(None)
        if self._coding:
            coding = b", ".join(self._coding)[:VALUE_MAX].decode("latin-1")
            decoded = decode(content, coding, self._limit)
        body = Body(
            framing=self.framing,
            raw=raw,
            content=content,
            expected=self.expected,
            complete=self.complete,
            cut=self.cut,
            cut_by=self.cut_by,
            decoded=decoded.data,
            coding=coding,
            problem=self.problem,
            malformed=self.malformed,
            coding_fault=decoded.fault,
            coding_problem=decoded.problem,
        )
        return body, self._rest

    def _frame(
        self, lengths: Sequence[Field], codings: Sequence[Field], status: int | None, method: bytes
    ) -> None:
        if status is None or not 200 <= status <= 999:
            status = _STAND_IN_STATUS
        coded = transfer_codings(codings)
        if coded is not None:
            lengths = codings = ()  # Transfer-Encoding overrides Content-Length (RFC 9112 section 6.3)
            if self._keeps:
                self._coding += [name.encode("latin-1") for name in coded if name in _UNDO]
        if coded is not None and coded[-1] == "chunked":
            self._frame_strictly(status, method, ((b"transfer-encoding", b"chunked"),))
        elif codings or not plain_length(lengths):
            self._frame_strictly(status, method, [(f.key, f.value) for f in (*lengths, *codings)])
        elif status in _NO_BODY or method == b"HEAD":
            self.framing, self.complete = "none", True
        elif lengths:
            self.framing, self.expected = "length", int(lengths[0].value)
            self._left = self.expected
            self.complete = not self._left
        else:
            self.framing = "close"

    def _frame_strictly(self, status: int, method: bytes, fields: Sequence[tuple[bytes, bytes]]) -> None:
        # A seam: h11 takes tens of milliseconds to import, and few answers need it.
        from wsprobe.read.strict import StrictFraming

        self._strict = strict = StrictFraming(status, method, fields)
        if strict.problem:
            self.problem, self.malformed, self._unframed = strict.problem, True, True
            return
        if status in _NO_BODY or method == b"HEAD":
            self.framing = "none"
        elif strict.chunked:
            self.framing = "chunked"
        else:
            self.framing, self.expected = "length", strict.length
        self._take(strict, strict.events())

    def _count(self, data: bytes) -> None:
        """Take bytes of a body that ends after a number of bytes, or with the connection."""
        own = data if self._left is None else data[: self._left]
        self._keep(own)
        if self.cut or self._left is None:
            self._take_raw(data)
            return
        self._take_raw(own)
        self._rest += data[self._left :]
        self._left -= len(own)
        self.complete = not self._left

    def _take(self, strict: StrictFraming, events: Iterator[bytes], ended: bool = False) -> None:
        for data in events:
            self._keep(data)
            if self.cut:
                return
        if strict.problem:
            # At the end of the stream h11 can only miss the rest of the body.
            self.problem, self.malformed = strict.problem, not ended
            if strict.misplaced and ended:
                self.problem, self.malformed = "illegal chunk header", True
            if self.malformed and not self._content_size:
                self._unframed = True
                self._keep(bytes(self._raw) if self._keeps else bytes(self._raw_size))
        elif strict.complete:
            self.complete = True
            self._give_back(strict.trailing)

    def _keep(self, data: bytes) -> None:
        room = self._limit - self._content_size
        self._content_size += min(room, len(data))
        if self._keeps and self._strict is not None:
            self._content += data[:room]
        if len(data) > room:
            self._cut(f"{self._limit} bytes of body")

    def _watch_framing(self) -> None:
        """Stop at tiny chunks, and at endless chunk lines and trailers."""
        most = self._limit // 4 + FRAMING_FREE
        if not self.done and self._raw_size - self._content_size > most:
            self._cut(f"{most} bytes of {'malformed body' if self.problem else 'chunk framing'}")

    def _cut(self, by: str) -> None:
        self.cut, self.cut_by = True, by

    def _give_back(self, trailing: bytes) -> None:
        if trailing:
            del self._raw[-len(trailing) :]
            self._raw_size -= len(trailing)
            self._rest += trailing

    def _take_rest(self, data: bytes) -> None:
        """Bytes after a complete body are not part of the body; after a cut they may be, and are kept with
        it."""
        if self.complete:
            self._rest += data
        else:
            self._take_raw(data)

    def _take_raw(self, data: bytes) -> None:
        self._raw_size += len(data)
        if self._keeps:
            self._raw += data


def with_contents(body: Body, exchange: Exchange) -> Body:
    """*body*, decoded as the recording has it if its bytes are masked there."""
    masked = exchange.compressed
    if masked is UNSET or masked.body is None:
        return body
    of = masked.body
    return replace(body, decoded=of.data, coding_fault=cast("CodingFault", of.fault), coding_problem=of.problem)


def read_body(
    head: Head,
    status: int | None,
    data: bytes | memoryview,
    *,
    method: bytes,
    limit: int,
    ended: Literal["clean", "unclean", "not"],
) -> tuple[Body, bytes]:
    """The body at the start of *data*, and the bytes after it."""
    reader = BodyReader(head, status, method, limit)
    if data:
        reader.feed(data)
    if ended != "not":
        reader.end(ended == "clean")
    return reader.body()
