"""RFC 6455 frames (section 5.2), read without loss and without judging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wsprobe.read.reading import Frame

FRAMES_MAX = 50_000
"""Frames told apart in one direction. What follows them stays in ``Session.rest``: memory stays bounded."""

When = Callable[[int], int]
"""Offset of a byte -> microseconds at which it was read."""


def header_size(data: bytes | bytearray, start: int = 0, mask_bit: int = 0x80) -> int | None:
    """How long the frame header at *start* is; None if too little of it is there to say.

    *mask_bit*: 0 where a mask is not told by the header (before hybi-07).
    """
    if len(data) < start + 2:
        return None
    second = data[start + 1]
    return 2 + {126: 2, 127: 8}.get(second & 0x7F, 0) + (4 if second & mask_bit else 0)


def frame_at(data: bytes | bytearray, start: int, when: When, *, partial: bool = False) -> Frame | None:
    """The frame at *start*; None if its header is not all there, or its payload is not and not *partial*.

    The announced length is only a number here; nothing is set aside for it.
    """
    size = header_size(data, start)
    if size is None or len(data) < start + size:
        return None
    first, second = data[start], data[start + 1]
    masked = bool(second & 0x80)
    body = start + size
    coded = bytes(data[start + 2 : body - 4 if masked else body])
    length = int.from_bytes(coded, "big") if coded else second & 0x7F
    if len(data) - body < length and not partial:
        return None
    payload = bytes(data[body : body + length])
    return Frame(
        start=start,
        header=bytes(data[start:body]),
        fin=bool(first & 0x80),
        rsv=first >> 4 & 7,
        opcode=first & 0x0F,
        masked=masked,
        mask=bytes(data[body - 4 : body]) if masked else b"",
        length=length,
        payload=payload,
        at=when(body + len(payload) - 1),
        minimal=length > {0: -1, 2: 125, 8: 65535}[len(coded)],
    )


class One(Protocol):
    """Finds one frame, as ``frame_at`` does."""

    def __call__(
        self, data: bytes | bytearray, start: int, when: When, *, partial: bool = False
    ) -> Frame | None: ...


def read_frames(data: bytes, start: int, when: When, one: One = frame_at) -> tuple[tuple[Frame, ...], bytes]:
    """All frames from *start* on, the last one perhaps in part, and the bytes that are none."""
    frames: list[Frame] = []
    while len(frames) < FRAMES_MAX and (frame := one(data, start, when, partial=True)) is not None:
        frames.append(frame)
        start = frame.span[1]
    return tuple(frames), data[start:]
