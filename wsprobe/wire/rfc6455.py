"""hybi-07 to RFC 6455 (section 5.2): frames written as a client, and followed as they arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from struct import pack
from typing import Literal

from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, header_size
from wsprobe.read.reading import mask
from wsprobe.wire.framing import CONTROL_MAX, SOME_MESSAGE, Control, Framing, Incoming


def masks(seed: bytes) -> Iterator[bytes]:
    """Yield masking keys of four bytes, without end; the same *seed* gives the same keys.

    RFC 6455 section 5.3 requires unpredictable keys, so that a script in a browser cannot choose the bytes that
    an intermediary sees (section 10.3). Here there is no such script: the person who chooses the payload runs
    the probe, and could send any bytes anyway. With these keys a conversation depends only on its plan and on
    the bytes received, and can be replayed.
    """
    number = 0
    while True:
        yield sha256(seed + number.to_bytes(8, "big")).digest()[:4]
        number += 1


_DATA = (CONTINUATION, TEXT, BINARY)
_CONTROL: dict[int, Literal["ping", "pong"]] = {PING: "ping", PONG: "pong"}


def frame_header(first: int, size: int, mask_bit: int = 0x80) -> bytes:
    """The header before *size* bytes, up to the key, with the shortest length encoding (section 5.2)."""
    if size <= 125:
        return pack("!BB", first, mask_bit | size)
    if size <= 0xFFFF:
        return pack("!BBH", first, mask_bit | 126, size)
    return pack("!BBQ", first, mask_bit | 127, size)


def frame(opcode: int, payload: bytes, key: bytes | None, *, fin: bool = True, rsv: int = 0) -> bytes:
    """One frame (RFC 6455 section 5.2); *key* None: not masked."""
    first = fin << 7 | rsv << 4 | opcode
    if key is None:
        return frame_header(first, len(payload), 0) + payload
    return frame_header(first, len(payload)) + key + mask(payload, key)


class Framed(Framing):
    """Follows frames as their bytes arrive.

    Frames that break the rules (a mask, RSV bits, an unknown opcode, a continuation without a start) are
    followed too: the length still gives the start of the next frame.
    """

    opcodes: Sequence[int] = range(16)
    """Opcode on the wire -> its equivalent in RFC 6455."""
    mask_bit = 0x80

    def __init__(self, request: bytes, head: bytes, most: int | None = None) -> None:
        super().__init__(most)
        self._masks = masks(request)
        self._incomplete = b""
        """The beginning of a header."""
        self._header = b""
        """Of the current frame; b"" between frames."""
        self._opcode = self._length = self._room = 0
        self._payload = bytearray()
        """Of the current frame, as far as it is kept."""
        self._kind = 0
        """Opcode of the current message; 0 between messages."""

    def frame(self, opcode: int, data: bytes) -> bytes:
        """See ``FrameWriter``."""
        return frame(opcode, data, next(self._masks))

    def receive(self, data: bytes) -> list[Incoming]:
        """Take the next bytes, and return what they complete."""
        heard: list[Incoming] = []
        boundary, behind, keeps = -1, len(self._incomplete), self._most is not None
        data, at = self._incomplete + data, 0
        self._incomplete = b""
        while at < len(data) and not self._over:
            if not self._header:
                size = header_size(data, at, self.mask_bit)
                if size is None or len(data) < at + size:
                    self._incomplete = data[at:]
                    break
                self._begin(data[at : at + size])
                at += size
                if keeps and self._opcode in _DATA and not self._fits(self._length):
                    heard.append(self._too_long())
                    break
            if self._left:
                taken = min(self._left, len(data) - at)
                if self._room:
                    self._payload += data[at : at + min(taken, self._room - len(self._payload))]
                at += taken
                self._left -= taken
            if self._left == 0:
                self._complete(heard)
                boundary = at
        self.boundary = boundary if boundary < 0 else boundary - behind
        return heard

    def _begin(self, header: bytes) -> None:
        """Take a whole frame header."""
        self.frames += 1
        self._header = header
        opcode = self._opcode = self.opcodes[header[0] & 0x0F]
        second = header[1]
        coded = header[2:-4] if second & self.mask_bit else header[2:]
        size = self._length = self._left = int.from_bytes(coded, "big") if coded else second & 0x7F
        if opcode & 0x08:
            self._room = CONTROL_MAX + 1
        else:
            self._room = size if self._most is not None and opcode in _DATA else 0

    def _complete(self, heard: list[Incoming]) -> None:
        """Add what the frame that has just ended completes, and prepare for the next frame."""
        header, self._header = self._header, b""
        if self._most is None and self._opcode in _DATA:
            if header[0] & 0x80:
                heard.append(SOME_MESSAGE)
            return
        payload = bytes(self._payload)
        self._payload.clear()
        unmasked = mask(payload, header[-4:]) if payload and header[1] & self.mask_bit else payload
        if self._opcode in _DATA:
            self._message += unmasked
            self._kind = self._kind or self._opcode
            if header[0] & 0x80:
                heard.append(self._whole(BINARY if self._kind == BINARY else TEXT))
                self._kind = 0
        elif self._opcode == CLOSE:
            heard.append(self._close(unmasked, header + payload))
        elif self._opcode in _CONTROL:
            heard.append(Control(_CONTROL[self._opcode], unmasked))
