"""permessage-deflate, the receiving side (RFC 7692 section 7.2.2): whole messages, within limits."""

from __future__ import annotations

import zlib
from collections import deque
from io import BytesIO

from msgspec import Struct

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
_FINAL = b"\x01\x00\x00\xff\xff"
"""An empty last block: with it zlib reports whether the message ended at the end of a block."""


class Direction(Struct, frozen=True):
    """How one side compresses: whether it keeps its window from message to message, and the window's bits."""

    takeover: bool = True
    bits: int = 15


class InflateError(ValueError):
    """The bytes are not valid deflate. The message is zlib's."""


class TooManyStreams(InflateError):
    """More than STREAMS_MAX streams end within messages."""


class Inflater:
    """Inflates the messages of one direction in order."""

    def __init__(self, direction: Direction, limit: int, *, checks_end: bool = True) -> None:
        """*limit*: see ``room``. *checks_end*: a message must end with a block. The check takes as long as a
        small message."""
        self.room = limit
        """Bytes that may still come out."""
        self.streams = STREAMS_MAX
        """Streams that may still end within a message."""
        self._takeover = direction.takeover
        self._bits = -max(direction.bits, 9)  # with a window of 512 bytes, zlib inflates data made with 256
        self._checks_end = checks_end
        self._stream = zlib.decompressobj(self._bits)
        self._recent: deque[bytes] = deque()
        self._kept = 0

    def inflate(self, data: bytes) -> bytes:
        """A whole message, cut if there was no room for the rest; ``room`` is then 0.

        Raises InflateError. Another stream may follow one that ends within the message (section 7.2.3.4). It
        continues with the window of the stream before. Empty bytes inflate to empty bytes.
        """
        if not data or not self.room:
            return b""
        if not self._takeover:
            self._stream = zlib.decompressobj(self._bits)
        try:
            message = self._inflated(data)
        except zlib.error as error:
            raise InflateError(str(error)) from None
        self.room -= len(message)
        if self._takeover:
            self._keep(message)
        return message

    def _inflated(self, data: bytes) -> bytes:
        whole, out = data + TAIL, BytesIO()  # which returns its bytes without a copy
        at = most = made = 0
        while at < len(whole) or made == most:  # zlib may hold back more of a piece that is full
            fed = whole[at : at + SLICE]
            most = min(self.room - out.tell(), PIECE)
            made = out.write(self._stream.decompress(fed, most))
            if out.tell() == self.room:
                return out.getvalue()
            if not self._stream.eof:
                at += len(fed) - len(self._stream.unconsumed_tail)
                continue
            at += len(fed) - len(self._stream.unused_data)
            self._stream = zlib.decompressobj(self._bits, zdict=self._window(out))
            if at >= len(data):  # what is left of the tail begins no stream
                return out.getvalue()
            self.streams -= 1
            if self.streams < 0:
                raise TooManyStreams(f"more than {STREAMS_MAX} streams end within messages")
        if self._checks_end:
            rest = self._stream.copy()
            rest.decompress(_FINAL)
            if not rest.eof:
                raise InflateError("the message ends within a block")
        return out.getvalue()

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
