"""Inflating messages as libsoup does: one stream for the whole session, the missing tail fed on its own.

Source: libsoup/websocket/soup-websocket-extension-deflate.c.
"""

from __future__ import annotations

from wsprobe.browsers.script.inflate import TOO_MANY
from wsprobe.read.websocket.deflate import STREAMS_MAX

_TAIL = b"\0\0\xff\xff"


class Inflater:
    """Keeps the window from message to message, whatever was agreed."""

    __slots__ = ("_bits", "_stream")

    def __init__(self, bits: int) -> None:
        """*bits*: the server's window, 8 to 15."""
        self._bits = max(bits, 9)  # zlib cannot inflate raw streams with a window of 8
        self._start()

    def feed(self, data: bytes, final: bool, limit: int) -> bytes:
        """What *data* inflates to, at most *limit* bytes; *final*: it ends the message.

        Raises ``ValueError`` if it is not a deflate stream, and where the stream ends only within the tail.
        A stream that is broken stays so: zlib's state is not reset.
        """
        from zlib import error

        out = b""
        try:
            streams = 0
            while len(out) < limit:
                if (streams := streams + 1) > STREAMS_MAX:
                    raise ValueError(TOO_MANY)
                out += self._stream.decompress(data, limit - len(out))
                if not self._stream.eof:
                    break
                data = self._stream.unused_data  # a block with BFINAL ends a stream: the next begins
                self._start()
            if final and len(out) < limit:
                out += self._stream.decompress(_TAIL, limit - len(out))
                if self._stream.eof:
                    self._start()
                    raise ValueError("the stream ends")
        except error as fault:
            raise ValueError(str(fault)) from fault
        return out

    def _start(self) -> None:
        from zlib import decompressobj

        self._stream = decompressobj(-self._bits)
