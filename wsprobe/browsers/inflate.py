"""permessage-deflate, the receiving side (RFC 7692 section 7.2.2).

An engine has no limit but memory; here all messages of a session together have one, so that a view of any
recording takes a bounded time and space.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from wsprobe.exchange import UnpackedMessages
from wsprobe.read.frames import INFLATED_MAX
from wsprobe.read.inflate import SLICE, STREAMS_MAX, TAIL, Masked

TOO_LONG = "the messages inflate to more than wsprobe keeps; the rest of the view is unknown"


class TooLong(Exception):
    """The messages of a session inflate to more than INFLATED_MAX bytes, or are too many streams."""


class Inflater:
    """Inflates messages, piece by piece; keeps the window between messages unless told not to."""

    __slots__ = ("_bits", "_masked", "_room", "_stream", "_streams", "_takeover")

    def __init__(self, bits: int = 15, takeover: bool = True, masked: UnpackedMessages | None = None) -> None:
        """*bits*: the server's window, 8 to 15. *takeover*: False with server_no_context_takeover. *masked*:
        the contents of masked messages. All messages together may inflate to INFLATED_MAX bytes."""
        self._masked = Masked(masked)
        self._bits = max(bits, 9)  # zlib cannot inflate raw streams with a window of 8
        self._takeover = takeover
        self._room = INFLATED_MAX
        self._streams = STREAMS_MAX
        self._start()

    def feed_in_pieces(self, data: bytes, size: int) -> bytes:
        """The inflated bytes of a whole message, in pieces of *size* bytes. Copies from before a piece must be
        within the window. Raises ``ValueError`` if it is not a deflate stream, and TooLong."""
        if self._masked.current() is not None:
            return self.feed(data, True)
        data += TAIL
        at = length = 0
        pieces: list[bytes] = []
        try:
            while True:
                fed = data[at : at + 4 * size]  # nearly always enough to fill a piece
                pieces.append(self._stream.decompress(fed, size))
                self._count(len(pieces[-1]))
                length += len(pieces[-1])
                left = len(self._stream.unconsumed_tail)
                if self._stream.eof:
                    left = len(self._stream.unused_data)
                    self._another()
                at += len(fed) - left
                if at == len(data) and len(pieces[-1]) < size:
                    self.message_over()
                    return b"".join(pieces)
        except zlib.error as fault:
            raise ValueError(str(fault)) from fault

    def feed(self, data: bytes, last: bool) -> bytes:
        """*data* inflated; *last*: it ends the message.

        Raises ``ValueError`` if it is not a deflate stream, and TooLong.
        """
        if self._masked.current() is not None:
            out = self.tail() if last else b""
        else:
            out = b"".join(self._streams_of(data + TAIL if last else data))
        if last:
            self.message_over()
        return out

    def message_over(self) -> None:
        """A message ended: each may be a stream of its own."""
        self._masked.next()
        self._streams = min(self._streams + 1, STREAMS_MAX)
        if not self._takeover:
            self._start()

    def streams(self, data: bytes) -> Iterator[bytes]:
        """*data* inflated, in pieces. A block with BFINAL ends a stream, and the next one begins. A masked
        message comes whole with its ``tail``.

        Raises as ``feed`` does.
        """
        return iter(()) if self._masked.current() is not None else self._streams_of(data)

    def _streams_of(self, data: bytes) -> Iterator[bytes]:
        at = 0
        try:
            while at < len(data):
                fed = data[at : at + SLICE]
                out = self._stream.decompress(fed, self._room + 1)
                self._count(len(out))
                at += len(fed)
                if self._stream.eof:
                    at -= len(self._stream.unused_data)
                    self._another()
                yield out
        except zlib.error as fault:
            raise ValueError(str(fault)) from fault

    def tail(self) -> bytes:
        """TAIL inflated, fed separately.

        Raises as ``feed`` does, and ``ValueError`` if the stream ends within the tail: the rest of the tail is
        dropped then, and the next stream begins.
        """
        hidden = self._masked.current()
        if hidden is not None:
            if hidden.problem:
                raise ValueError(hidden.problem)
            self._count(len(hidden.data))
            return hidden.data
        try:
            out = self._stream.decompress(TAIL, self._room + 1)
        except zlib.error as fault:
            raise ValueError(str(fault)) from fault
        self._count(len(out))
        if self._stream.eof:
            self._another()
            raise ValueError("the stream ends within the tail")
        return out

    def _count(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise TooLong

    def _another(self) -> None:
        self._streams -= 1
        if self._streams < 0:
            raise TooLong
        self._start()

    def _start(self) -> None:
        self._stream = zlib.decompressobj(-self._bits)


class OneStream(Inflater):
    """As Node's zlib and Bun read: a block with BFINAL ends the stream, and the rest of what was fed with it is
    dropped (measured: ws 8.23.0, undici 6.29.1 to 8.13.1, Bun 1.4.5)."""

    __slots__ = ("_dropped", "_starts_again")

    def __init__(
        self,
        bits: int,
        takeover: bool = True,
        masked: UnpackedMessages | None = None,
        *,
        starts_again: bool = True,
    ) -> None:
        """*starts_again*: once something was dropped, what is fed next begins another stream; else it inflates
        to nothing, as in undici."""
        super().__init__(bits, takeover, masked)
        self._starts_again = starts_again
        self._dropped = False

    def _streams_of(self, data: bytes) -> Iterator[bytes]:
        if self._dropped and self._starts_again:
            self._another()
        self._dropped = False
        try:
            for at in range(0, len(data), SLICE):
                if self._stream.eof:
                    self._dropped = True
                    return
                out = self._stream.decompress(data[at : at + SLICE], self._room + 1)
                self._count(len(out))
                self._dropped = bool(self._stream.unused_data)
                yield out
        except zlib.error as fault:
            raise ValueError(str(fault)) from fault
