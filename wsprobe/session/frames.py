"""Frames of hybi-07 to RFC 6455 (section 5.2): written as a client, and followed as they come."""

from __future__ import annotations

from struct import pack

from wsprobe.session.framing import Heard
from wsprobe.session.masks import masks

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

CONTROL_MAX = 125
"""RFC 6455 section 5.5: the longest payload of a control frame."""

_HEARD = {CLOSE: "close", PING: "ping", PONG: "pong"}


def mask(data: bytes, key: bytes) -> bytes:
    """Return *data* XORed with the four bytes of *key*, over and over (RFC 6455 section 5.3)."""
    size = len(data)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(size, "big")


def frame(opcode: int, payload: bytes, key: bytes | None, *, fin: bool = True, rsv: int = 0) -> bytes:
    """Return one frame (RFC 6455 section 5.2) with the shortest length encoding; *key* None: not masked."""
    first = fin << 7 | rsv << 4 | opcode
    masked = 0 if key is None else 0x80
    size = len(payload)
    if size <= 125:
        header = pack("!BB", first, masked | size)
    elif size <= 0xFFFF:
        header = pack("!BBH", first, masked | 126, size)
    else:
        header = pack("!BBQ", first, masked | 127, size)
    return header + payload if key is None else header + key + mask(payload, key)


class Follower:
    """Follows frames as their bytes come, and keeps no more of them than the payload of one control frame.

    What breaks the rules (a mask, RSV bits, an unknown opcode, a continuation of nothing) is followed all the
    same: the length still says where the next frame begins.
    """

    def __init__(self) -> None:
        self._header = bytearray()
        self._missing = 0
        self._control = bytearray()
        self._in_payload = False
        self._too_long = False

    def receive(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        at = 0
        while at < len(data):
            if not self._in_payload:
                wanted = _header_size(self._header) - len(self._header)
                piece = data[at : at + wanted]
                self._header += piece
                at += len(piece)
                if len(self._header) < _header_size(self._header):
                    continue
                self._missing = _announced(self._header)
                self._control.clear()
                self._in_payload = True
            taken = min(self._missing, len(data) - at)
            if self._header[0] & 0x08 and taken:
                room = CONTROL_MAX - len(self._control)
                self._control += data[at : at + min(taken, room)]
            at += taken
            self._missing -= taken
            if not self._missing:
                heard += self._complete()
                self._header.clear()
                self._in_payload = False
        return heard

    def _complete(self) -> list[Heard]:
        header = self._header
        opcode = header[0] & 0x0F
        if opcode in (CONTINUATION, TEXT, BINARY):
            return [Heard("message")] if header[0] & 0x80 else []
        payload = bytes(self._control)
        if header[1] & 0x80:
            payload = mask(payload, bytes(header[-4:]))
        too_long = _announced(header) > CONTROL_MAX
        if opcode == CLOSE:
            return [Heard("close", payload, too_long)]
        if opcode == PING:
            return [Heard("ping", payload, too_long)]
        if opcode == PONG:
            return [Heard("pong", payload, too_long)]
        return []


def _header_size(header: bytearray) -> int:
    """Return how long the header is, as far as *header* tells (at least 2)."""
    if len(header) < 2:
        return 2
    length = header[1] & 0x7F
    return 2 + (2 if length == 126 else 8 if length == 127 else 0) + (4 if header[1] & 0x80 else 0)


def _announced(header: bytearray) -> int:
    """Return the payload length that a complete header announces."""
    length = header[1] & 0x7F
    if length == 126:
        return int.from_bytes(header[2:4], "big")
    if length == 127:
        return int.from_bytes(header[2:10], "big")
    return length


def answer_code(close: bytes) -> int | None:
    """Return the code with which to answer a Close with this payload; None: an empty Close.

    RFC 6455 section 5.5.1: "typically echos the status code it received". A code that must not be on the
    wire (section 7.4.1: 1005, 1006, 1015; section 7.4.2: below 1000) and a payload of one byte get 1002.
    """
    if not close:
        return None
    code = int.from_bytes(close[:2], "big")
    if len(close) == 1 or not 1000 <= code <= 4999 or code in (1005, 1006, 1015):
        return 1002
    return code


class Hybi:
    """Framing of hybi-07 to RFC 6455."""

    def __init__(self, request: bytes, head: bytes) -> None:
        self._masks = masks(request)
        self._follower = Follower()

    def receive(self, data: bytes) -> list[Heard]:
        return self._follower.receive(data)

    def text(self, data: bytes) -> bytes:
        return frame(TEXT, data, next(self._masks))

    def binary(self, data: bytes) -> bytes:
        return frame(BINARY, data, next(self._masks))

    def ping(self, data: bytes) -> bytes:
        return frame(PING, data, next(self._masks))

    def pong(self, data: bytes) -> bytes:
        return frame(PONG, data, next(self._masks))

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        payload = b"" if code is None else pack("!H", code) + reason
        return frame(CLOSE, payload, next(self._masks))

    def answer(self, close: bytes) -> bytes | None:
        return self.close(answer_code(close), b"")
