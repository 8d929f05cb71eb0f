"""Frames of draft-hixie-thewebsocketprotocol-75 and -76 (hybi-00), section 4.2.

A type byte below 0x80 begins data that lasts until 0xFF; type 0x00 is text. Any other type byte is followed by
a length in groups of seven bits, and by as much data, which clients discard. In 76, 0xFF 0x00 closes.
"""

from __future__ import annotations

from functools import partial as with_

from wsprobe.read.reading import Frame
from wsprobe.read.websocket.frames import One, When
from wsprobe.read.websocket.messages import BINARY, CLOSE, TEXT

END = b"\xff"
CLOSING = b"\xff\x00"

LENGTH_MAX = 1 << 62
"""Groups without end make no larger number than this."""

OTHER = 3
"""The opcode that stands for data of an unknown type: RFC 6455 has reserved it and given it no meaning."""


def text(data: bytes) -> bytes:
    """Return a text frame. *data* is to be UTF-8, which has no byte 0xFF."""
    return b"\x00" + data + END


def longer(length: int, group: int) -> int:
    """Return the number of *length* with one more *group* of seven bits behind it, within bounds."""
    return min(length << 7 | group & 0x7F, LENGTH_MAX)


def _frame_at(
    closes: bool, data: bytes | bytearray, start: int, when: When, *, partial: bool = False
) -> Frame | None:
    """As ``read.frames.frame_at``. Data without its 0xFF is no frame: where it ends nobody has said."""
    if start >= len(data):
        return None
    return (_counted if data[start] & 0x80 else _ended)(closes, data, start, when, partial)


def _ended(closes: bool, data: bytes | bytearray, start: int, when: When, partial: bool) -> Frame | None:
    end = data.find(END, start + 1)
    if end < 0:
        return None
    opcode = OTHER if data[start] else TEXT
    payload = bytes(data[start + 1 : end])
    header = bytes(data[start : start + 1])
    return Frame(start, header, True, 0, opcode, False, b"", len(payload), payload, when(end), trailer=END)


def _counted(closes: bool, data: bytes | bytearray, start: int, when: When, partial: bool) -> Frame | None:
    length, body = 0, start + 1
    while body < len(data):
        group = data[body]
        length, body = longer(length, group), body + 1
        if not group & 0x80:
            break
    else:
        return None
    if len(data) - body < length and not partial:
        return None
    header, payload = bytes(data[start:body]), bytes(data[body : body + length])
    opcode = CLOSE if closes and header == CLOSING else BINARY
    minimal = len(header) == 2 or header[1] != 0x80
    at = when(body + len(payload) - 1)
    return Frame(start, header, True, 0, opcode, False, b"", length, payload, at, minimal)


frame_at_75: One = with_(_frame_at, False)
frame_at_76: One = with_(_frame_at, True)
