"""permessage-deflate (RFC 7692 section 7) as the reader of messages needs it: what was agreed, inflating."""

from __future__ import annotations

from wsprobe.read.reading import Head
from wsprobe.read.tokens import Extension, parse_extensions
from wsprobe.value import dataclass

_WINDOW = 32768
STREAMS_MAX = 1000
"""Streams in one message (a block with BFINAL ends one): two bytes are one, and each takes time to set up."""
_TAIL = b"\x00\x00\xff\xff"
"""Left out by the sender (section 7.2.1)."""
_FINAL = b"\x01\x00\x00\xff\xff"
"""An empty last block: zlib then says whether the message ended where a block ends."""


@dataclass(frozen=True, slots=True)
class Direction:
    """How one side compresses: whether it keeps its window from message to message, and the window's bits."""

    takeover: bool = True
    bits: int = 15


@dataclass(frozen=True, slots=True)
class Deflate:
    """permessage-deflate as the server's answer has it."""

    server: Direction = Direction()
    client: Direction = Direction()


def agreed_deflate(head: Head) -> Deflate | None:
    """What the Sec-WebSocket-Extensions fields of a 101 say, None if permessage-deflate is not among them.

    The first permessage-deflate counts. Parameters that make no sense are passed over; whether the answer
    may be what it is, is not asked here.
    """
    for field in head.all(b"sec-websocket-extensions"):
        listed = parse_extensions(field.value)
        for extension in listed if isinstance(listed, tuple) else ():
            if extension.name == b"permessage-deflate":
                return Deflate(_direction(extension, b"server"), _direction(extension, b"client"))
    return None


def _direction(extension: Extension, side: bytes) -> Direction:
    params = dict(extension.params)
    bits = params.get(side + b"_max_window_bits") or b""
    window = int(bits) if len(bits) <= 2 and bits.isdigit() and 8 <= int(bits) <= 15 else 15
    return Direction(side + b"_no_context_takeover" not in params, window)


class InflateError(ValueError):
    """The bytes are not what deflate makes. The message is zlib's."""


class Inflater:
    """Inflates the messages of one direction, one after the other, within a number of bytes in all."""

    def __init__(self, direction: Direction, limit: int) -> None:
        self._direction = direction
        self._window = b""
        self.room = limit
        """Bytes that may still come out."""

    def inflate(self, data: bytes) -> bytes:
        """A whole message; cut short if there was no room for more, and then ``room`` is 0.

        Raises InflateError. A block with BFINAL set ends a deflate stream, and another may follow in the same
        message (section 7.2.3.4); each goes on with the window of the one before. No bytes inflate to none.
        """
        import zlib

        left = data + _TAIL + _FINAL
        out = bytearray()
        streams = 0
        try:
            while len(left) > len(_TAIL + _FINAL):
                if (streams := streams + 1) > STREAMS_MAX:
                    raise InflateError(f"more than {STREAMS_MAX} streams in one message")
                stream = zlib.decompressobj(-max(self._direction.bits, 9), zdict=self._history(out))
                out += stream.decompress(left, self.room - len(out))
                if len(out) >= self.room:
                    break
                if not stream.eof:
                    raise InflateError("the message ends within a block")
                left = stream.unused_data
        except zlib.error as error:
            raise InflateError(str(error)) from None
        self.room -= len(out)
        if self._direction.takeover:
            self._window = self._history(out)
        return bytes(out)

    def _history(self, out: bytearray) -> bytes:
        return (self._window + bytes(out[-_WINDOW:]))[-_WINDOW:]
