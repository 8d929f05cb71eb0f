"""permessage-deflate, the receiving side (RFC 7692 section 7.2.2)."""

from __future__ import annotations

from wsprobe.read.frames import INFLATED_MAX, STREAMS_MAX

TOO_MANY = f"more than {STREAMS_MAX} streams in one piece"
"""Ours, and no engine's: each stream costs time, and two bytes are one."""

TOO_LONG = "a message unfolds to more than is kept here: what comes of it is not said"


class TooLong(Exception):
    """A message unfolds to more than INFLATED_MAX bytes. That limit is ours: engines have none but memory."""


class Inflater:
    """Inflates messages, piece by piece; keeps the window between messages unless told not to."""

    __slots__ = ("_bits", "_stream", "_takeover")

    def __init__(self, bits: int = 15, takeover: bool = True) -> None:
        """*bits*: the server's window, 8 to 15. *takeover*: False with server_no_context_takeover."""
        self._bits = max(bits, 9)  # zlib cannot inflate raw streams with a window of 8
        self._takeover = takeover
        self._start()

    def feed_in_pieces(self, data: bytes, size: int) -> bytes:
        """What a whole message inflates to, *size* bytes at a time: what a copy reaches back to beyond its
        piece must be within the window. Raises ``ValueError`` if it is not a deflate stream, and TooLong."""
        from zlib import error

        data += b"\0\0\xff\xff"
        pieces: list[bytes] = []
        streams = length = 0
        try:
            while True:
                pieces.append(self._stream.decompress(data, size))
                if (length := length + len(pieces[-1])) > INFLATED_MAX:
                    raise TooLong
                data = self._stream.unconsumed_tail
                if self._stream.eof:
                    if (streams := streams + 1) > STREAMS_MAX:
                        raise ValueError(TOO_MANY)
                    data = self._stream.unused_data
                    self._start()
                if not data and len(pieces[-1]) < size:
                    return b"".join(pieces)
        except error as fault:
            raise ValueError(str(fault)) from fault

    def feed(self, data: bytes, last: bool) -> bytes:
        """What *data* inflates to; *last*: it ends the message.

        Raises ``ValueError`` if it is not a deflate stream, and TooLong.
        """
        from zlib import error

        data = data + b"\0\0\xff\xff" if last else data
        out = b""
        try:
            for _ in range(STREAMS_MAX):
                out += self._stream.decompress(data, INFLATED_MAX + 1 - len(out))
                if len(out) > INFLATED_MAX:
                    raise TooLong
                if not self._stream.eof:
                    break
                data = self._stream.unused_data  # a block with BFINAL ends a stream: the next begins
                self._start()
            else:
                raise ValueError(TOO_MANY)
        except error as fault:
            raise ValueError(str(fault)) from fault
        if last and not self._takeover:
            self._start()
        return out

    def _start(self) -> None:
        from zlib import decompressobj

        self._stream = decompressobj(-self._bits)
