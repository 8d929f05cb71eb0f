"""permessage-deflate, the receiving side (RFC 7692 section 7.2.2): whole messages, within limits."""

from __future__ import annotations

import zlib
from collections import deque
from io import BytesIO

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.exchange import Unpacked, UnpackedMessages

WINDOW = 32768
"""Bytes that deflate can look back (RFC 1951 section 2)."""
TAIL = b"\x00\x00\xff\xff"
"""The tail that the sender omits (RFC 7692 section 7.2.1)."""
STREAMS_MAX = 1000
"""Limit on deflate streams that end within a message (a block with BFINAL ends one). Two bytes can be a stream,
and each stream takes time to set up."""
SLICE = 16384
"""Bytes inflated at once: when a stream ends, zlib copies the rest of them."""
PIECE = 1 << 18
"""The most bytes that one call inflates to: zlib joins what it made, and so needs twice their size."""
UNTRIMMED = "it ends with 00 00 ff ff, which the sender must remove (RFC 7692 section 7.2.1, step 3)"
CUT_OFF = "it is cut off within a block (RFC 7692 section 7.2.2)"
_FINAL = b"\x01\x00\x00\xff\xff"
"""An empty last block: with it zlib reports whether the message ended at the end of a block."""


class Direction(Struct, frozen=True):
    """How one side compresses: whether it keeps its window from message to message, and the window's bits."""

    takeover: bool = True
    bits: int = 15
    masked: UnpackedMessages | None = None
    """The contents of messages that are masked in the recording."""


class InflateError(ValueError):
    """A message that cannot be inflated as agreed. The text says what is wrong with "it", the message, and
    where RFC 7692 forbids that."""


class TooManyStreams(InflateError):
    """More than STREAMS_MAX streams end within messages."""


class Masked:
    """Which message of a side comes next, and its content if its bytes are masked: those are not inflated."""

    __slots__ = ("_known", "_number")

    def __init__(self, known: UnpackedMessages | None) -> None:
        self._known = known
        self._number = 0

    def current(self) -> Unpacked | None:
        """The content of the message that is read now; None if its bytes are its own."""
        if self._known is None or self._number < self._known.first:
            return None
        at = self._number - self._known.first
        found = self._known.messages[at] if at < len(self._known.messages) else Unpacked(b"")
        return replace(found, data=b"*" * found.stars, stars=0) if found.stars else found

    def next(self) -> None:
        """The message is over."""
        self._number += 1


class Inflater:
    """Inflates the messages of one direction in order."""

    def __init__(self, direction: Direction, limit: int, *, checks_end: bool = True) -> None:
        """*limit*: see ``room``. *checks_end*: a message must end with a block. The check takes as long as a
        small message."""
        self.room = limit
        """Bytes that may still come out."""
        self.streams = STREAMS_MAX
        """Streams that may still end within a message."""
        self.stream_end = ""
        """Where a final block ended the stream of the message before: ``with-message``, or ``in-tail`` within
        the appended bytes; "" if an empty block was open for them, or the message is masked."""
        self._takeover = direction.takeover
        self._bits = direction.bits
        # Within one call zlib lets a copy begin anywhere in what the call has made, so short calls are what
        # shows a distance above the window; one less than 1/16 above it may pass.
        whole = direction.bits == 15
        self._piece = PIECE if whole else 1 << direction.bits >> 4
        self._fed = SLICE if whole else max(self._piece, 256)
        self._checks_end = checks_end
        self._masked = Masked(direction.masked)
        self._stream = zlib.decompressobj(-self._bits)
        self._recent: deque[bytes] = deque()
        self._kept = 0
        self._before = b""
        """The message before, where its window is not kept."""

    def inflate(self, data: bytes) -> bytes:
        """A whole message, cut if there was no room for the rest; ``room`` is then 0.

        Raises InflateError. Another stream may follow one that ends within the message (section 7.2.3.4). It
        continues with the window of the stream before. Empty bytes inflate to empty bytes.
        """
        hidden = self._masked.current()
        self._masked.next()
        self.stream_end = ""
        if not data or not self.room:
            return b""
        if hidden is not None:
            if hidden.problem:
                raise InflateError(hidden.problem)
            message = hidden.data[: self.room]
            self.room -= len(message)
            return message
        if not self._takeover:
            self._stream = zlib.decompressobj(-self._bits)
        try:
            message = self._inflated(data)
        except zlib.error as error:
            raise InflateError(self._fault(data, str(error).rpartition(": ")[2])) from None
        self.room -= len(message)
        if self._takeover:
            self._keep(message)
        else:
            self._before = message
        return message

    def skip(self) -> None:
        """Leave out a message that is not whole."""
        self._masked.next()

    def _inflated(self, data: bytes) -> bytes:
        whole, out = data + TAIL, BytesIO()  # which returns its bytes without a copy
        at = most = made = 0
        while at < len(whole) or made == most:  # zlib may hold back more of a piece that is full
            fed = whole[at : at + self._fed]
            most = min(self.room - out.tell(), self._piece)
            made = out.write(self._stream.decompress(fed, most))
            if out.tell() == self.room:
                return out.getvalue()
            if not self._stream.eof:
                at += len(fed) - len(self._stream.unconsumed_tail)
                continue
            at += len(fed) - len(self._stream.unused_data)
            self._stream = zlib.decompressobj(-self._bits, zdict=self._window(out))
            if at >= len(data):  # what is left of the tail begins no stream
                self.stream_end = "with-message" if at == len(data) else "in-tail"
                return out.getvalue()
            self.streams -= 1
            if self.streams < 0:
                raise TooManyStreams(f"more than {STREAMS_MAX} streams end within messages")
        if (self._checks_end or data.endswith(TAIL)) and not _between_blocks(self._stream):
            raise InflateError(UNTRIMMED if self._is_untrimmed(data) else CUT_OFF)
        return out.getvalue()

    def _is_untrimmed(self, data: bytes) -> bool:
        """True if *data* ends with a whole block, so that the tail was not removed from it."""
        again = self._again(data, b"".join(self._recent), self._bits)
        return data.endswith(TAIL) and again is not None and (again.eof or _between_blocks(again))

    def _fault(self, data: bytes, error: str) -> str:
        """What is wrong with *data*, in which zlib found *error*, or in the tail appended to it."""
        window = b"".join(self._recent)
        if self._again(data, window, self._bits) is not None:
            return UNTRIMMED if self._is_untrimmed(data) else CUT_OFF
        if "too far back" in error:
            if self._bits < 15 and self._again(data, window, 15) is not None:
                size = 1 << self._bits
                return f"it refers back more than {size} bytes, the agreed window (RFC 7692 section 7.1.2)"
            if self._before and self._again(data, self._before, 15) is not None:
                return "it refers to an earlier message, against the agreed no_context_takeover (section 7.1.1)"
            return "it refers to data that was never sent (RFC 7692 section 7.2.2)"
        for name, begins in (("gzip", data[:2] == b"\x1f\x8b"), ("zlib", _has_zlib_header(data))):
            if begins:
                return f"it begins with a {name} header, and must be raw DEFLATE (RFC 7692 section 7.2.1)"
        return f"it is not DEFLATE data: {error} (RFC 7692 section 7.2.2)"

    def _again(self, data: bytes, window: bytes, bits: int) -> zlib._Decompress | None:
        """The stream after *data* alone, inflated once more behind *window*; None if that has an error, or
        makes more than there is room for."""
        stream = zlib.decompressobj(-bits, zdict=window[-WINDOW:])
        size = PIECE if bits == 15 else self._piece
        at, made, room = 0, 0, self.room
        try:
            while (at < len(data) or made == size) and room > 0 and not stream.eof:
                fed = data[at : at + self._fed]
                made = len(stream.decompress(fed, size))
                at += len(fed) - len(stream.unconsumed_tail)
                room -= made
        except zlib.error:
            return None
        return stream if room > 0 else None

    def _window(self, out: BytesIO) -> bytes:
        """The last bytes until now; moves to the end of *out*."""
        out.seek(max(out.tell() - WINDOW, 0))
        return b"".join((*self._recent, out.read()))[-WINDOW:]

    def _keep(self, message: bytes) -> None:
        """Remember the window: only a new stream needs it."""
        self._recent.append(message[-WINDOW:])
        self._kept += len(self._recent[-1])
        while self._kept - len(self._recent[0]) >= WINDOW:
            self._kept -= len(self._recent.popleft())


def _between_blocks(stream: zlib._Decompress) -> bool:
    """True if a block may begin next in *stream*."""
    rest = stream.copy()
    try:
        rest.decompress(_FINAL)
    except zlib.error:
        return False
    return rest.eof


def _has_zlib_header(data: bytes) -> bool:
    """True if *data* begins as RFC 1950 section 2.2 says."""
    return len(data) > 1 and data[0] & 0x0F == 8 and data[0] >> 4 < 8 and int.from_bytes(data[:2]) % 31 == 0
