"""Frames as Firefox reads them; masked ones from a server are let pass.

Source: netwerk/protocol/websocket/WebSocketChannel.cpp, ProcessInput.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.browsers.firefox.facts import Facts
from wsprobe.value import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_CONTROL = 8


class BadFrame(Exception):
    """The connection is failed."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A message made of all its frames, a control frame, or one that is neither."""

    opcode: int
    payload: bytes

    @property
    def control(self) -> bool:
        return self.opcode & _CONTROL != 0


@dataclass(frozen=True, slots=True)
class _Header:
    final: bool
    rsv: int
    opcode: int
    mask: bytes
    length: int
    size: int
    """Bytes of the header itself."""


class FrameReader:
    """Takes bytes as they come, gives what is complete. ``deflated`` stays set until a message is inflated."""

    __slots__ = ("_buffer", "_compressed", "_fragment_opcode", "_fragments", "_max_message", "deflated")

    def __init__(self, compressed: bool, facts: Facts) -> None:
        self._buffer = b""
        self._compressed = compressed
        self._max_message = facts.max_message
        self._fragments = bytearray()
        self._fragment_opcode = CONTINUATION
        self.deflated = False

    def read(self, data: bytes) -> Iterator[Unit]:
        """Raises BadFrame once it comes to what cannot be a frame."""
        data, at = self._buffer + data, 0
        self._buffer = b""
        while (header := _header(data, at)) is not None:
            if header.length + len(self._fragments) > self._max_message:
                raise BadFrame("a message is too big")
            stop = at + header.size + header.length
            if len(data) < stop:
                break
            payload = data[at + header.size : stop]
            at = stop
            if header.mask != b"\0\0\0\0":
                payload = _unmasked(payload, header.mask)
            unit = self._unit(header, payload)
            if unit is not None:
                yield unit
        self._buffer = data[at:]

    def _unit(self, header: _Header, payload: bytes) -> Unit | None:
        control = header.opcode & _CONTROL
        if control and not header.final:
            raise BadFrame("a control frame is fragmented")
        if header.rsv:
            if not self._compressed or header.rsv != 4 or self._fragments or control:
                raise BadFrame("reserved bits are set")
            self.deflated = True
        if header.final and header.opcode != CONTINUATION:
            if self._fragments and not control:
                raise BadFrame("a message begins inside another")
            return Unit(header.opcode, payload)
        return self._fragment(header, payload)

    def _fragment(self, header: _Header, payload: bytes) -> Unit | None:
        """Empty fragments leave no trace: what is forbidden inside a message is let pass behind them."""
        if header.opcode != CONTINUATION:
            if self._fragments:
                raise BadFrame("a message begins inside another")
            self._fragment_opcode = header.opcode
        elif self._fragment_opcode == CONTINUATION:
            raise BadFrame("a continuation of nothing")
        self._fragments += payload
        if not header.final:
            return None
        unit = Unit(self._fragment_opcode, bytes(self._fragments))
        self._fragments = bytearray()
        self._fragment_opcode = CONTINUATION
        return unit


def _header(data: bytes, at: int) -> _Header | None:
    """The header at *at*; None if it is not all there."""
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    length = second & 0x7F
    extra = {126: 2, 127: 8}.get(length, 0)
    masked = second & 0x80
    size = 2 + extra + (4 if masked else 0)
    if len(data) < at + size:
        return None
    if extra:
        length = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
        if length <= (125 if extra == 2 else 0xFFFF) or length >= 2**63:
            raise BadFrame("the length is not written as it must be")
    mask = data[at + size - 4 : at + size] if masked else b"\0\0\0\0"
    return _Header(first & 0x80 != 0, first >> 4 & 7, first & 0x0F, mask, length, size)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
