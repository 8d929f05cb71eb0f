"""Frames of each wire version as the lab hears them from a client, and says them as a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import pack

from wsprobe.read.websocket.frames import One, frame_at
from wsprobe.session.frames import CLOSE, CONTROL_MAX, TEXT, frame
from wsprobe.wire import draft_frames, hixie_frames


@dataclass(frozen=True, slots=True)
class Speech:
    """One wire version. Opcodes are those of RFC 6455."""

    heard: One
    """Finds a client's frame."""
    said: Callable[[int, bytes, bool], bytes]
    """(opcode, payload, fin) -> a frame; b"" of a kind that the version does not have."""
    closing: Callable[[bytes], bytes]
    """Payload of the client's Close -> the frame that answers it."""
    too_big: bytes
    """The frame that closes because a frame is longer than is listened to: 1009, where there are codes."""


def _said(opcode: int, payload: bytes, fin: bool) -> bytes:
    return frame(opcode, payload, None, fin=fin)


def _said_in_a_draft(opcode: int, payload: bytes, fin: bool) -> bytes:
    return draft_frames.frame(opcode, payload, fin=fin)


def _said_in_hixie(opcode: int, payload: bytes, fin: bool) -> bytes:
    return hixie_frames.text(payload) if opcode == TEXT else b""


def _closing(payload: bytes) -> bytes:
    return frame(CLOSE, payload[:CONTROL_MAX], None)


def _closing_in_a_draft(payload: bytes) -> bytes:
    return draft_frames.frame(CLOSE, payload[:CONTROL_MAX])


TOO_BIG = pack("!H", 1009)
BY_SERVER = b"S"
"""hybi-05: the first byte of a Close says who closes."""

RFC6455 = Speech(frame_at, _said, _closing, _closing(TOO_BIG))


def draft(heard: draft_frames.Mask, closing: Callable[[bytes], bytes], too_big: bytes) -> Speech:
    """Return hybi-04, -05 or -06, which differ in their masks and in what a Close carries."""
    return Speech(draft_frames.of_client(heard), _said_in_a_draft, closing, _closing_in_a_draft(too_big))


HIXIE_75 = Speech(hixie_frames.frame_at_75, _said_in_hixie, lambda payload: b"", b"")
HIXIE_76 = Speech(
    hixie_frames.frame_at_76, _said_in_hixie, lambda payload: hixie_frames.CLOSING, hixie_frames.CLOSING
)
HYBI_05 = draft(draft_frames.mask_of_05, lambda payload: _closing_in_a_draft(BY_SERVER), BY_SERVER)
HYBI_06 = draft(draft_frames.mask_of_05, _closing_in_a_draft, TOO_BIG)


def hybi_04(mask: draft_frames.Mask) -> Speech:
    """Return hybi-04 with the *mask* of one handshake."""
    return draft(mask, _closing_in_a_draft, b"")
