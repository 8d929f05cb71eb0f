"""The frames of the drafts before hybi-07, without loss; and the session in a recording of any wire version.

draft-hixie-thewebsocketprotocol-75 and -76 (section 4.2): a type byte below 0x80 begins data that lasts until
0xFF; type 0x00 is text. Any other type byte is followed by a length in groups of seven bits, and by as much
data, which clients discard. In 76, 0xFF 0x00 closes.

draft-ietf-hybi-thewebsocketprotocol-04 to -06 (section 4): the layout is that of RFC 6455 with other opcodes,
and with RSV4 in place of the mask bit. A client's frame begins with four bytes in clear; a mask made from them
covers the rest, the header included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial as with_
from hashlib import sha1
from typing import Any

from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, One, When, frame_at, read_frames
from wsprobe.read.head import split_head
from wsprobe.read.reading import Frame, Head, Session, mask

ANSWER = 16
"""Bytes of the handshake of hixie-76 behind the head of the answer, which answer its challenge."""

END = b"\xff"
CLOSING = b"\xff\x00"

LENGTH_MAX = 1 << 62
"""Groups without end make no larger number than this."""

OTHER = 3
"""The opcode for data of an unknown type: reserved in RFC 6455, without a meaning."""


def longer(length: int, group: int) -> int:
    """*length* with one more *group* of seven bits appended, within bounds."""
    return min(length << 7 | group & 0x7F, LENGTH_MAX)


def _hixie_frame_at(
    closes: bool, data: bytes | bytearray, start: int, when: When, *, partial: bool = False
) -> Frame | None:
    """As ``read.frames.frame_at``. Data without 0xFF is not a frame: its end is unknown."""
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
    minimal = header[1] != 0x80
    at = when(body + len(payload) - 1)
    return Frame(start, header, True, 0, opcode, False, b"", length, payload, at, minimal)


frame_at_75: One = with_(_hixie_frame_at, False)
frame_at_76: One = with_(_hixie_frame_at, True)

OPCODES = (CONTINUATION, CLOSE, PING, PONG, TEXT, BINARY, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
"""Opcode on the wire -> opcode of the same kind of frame in RFC 6455; reserved to reserved."""

NONCE = 4
"""Bytes in clear before a client's frame."""

MASK_GUID = b"61AC5F19-FBBA-4540-B96F-6561F1AB40A8"

Mask = Callable[[bytes], bytes]
"""The four bytes in clear -> the key, repeated over the frame."""


def mask_of_05(nonce: bytes) -> bytes:
    """The key of hybi-05 and -06: the four bytes themselves."""
    return nonce


def mask_of_04(request: Head, answer: Head) -> Mask:
    """How hybi-04 makes its keys: SHA-1 of the four bytes and of both sides' parts of the handshake.

    A missing field counts as empty: nothing was agreed without it, but the key must be some value.
    """
    parts = [*request.all(b"sec-websocket-key")[:1], *answer.all(b"sec-websocket-nonce")[:1]]
    agreed = _sha1(b"".join(field.value for field in parts) + MASK_GUID)
    return lambda nonce: _sha1(nonce + agreed)


def _sha1(data: bytes) -> bytes:
    return sha1(data, usedforsecurity=False).digest()


def _draft_frame_at(
    of: Mask | None, data: bytes | bytearray, start: int, when: When, *, partial: bool = False
) -> Frame | None:
    """As ``read.frames.frame_at``."""
    clear = start + (NONCE if of else 0)
    key = of(bytes(data[start:clear])) if of else bytes(NONCE)
    if len(data) < clear + 2:
        return None
    first, second = mask(bytes(data[clear : clear + 2]), key)
    body = clear + 2 + {126: 2, 127: 8}.get(second & 0x7F, 0)
    if len(data) < body:
        return None
    coded = mask(bytes(data[clear:body]), key)[2:]
    length = int.from_bytes(coded, "big") if coded else second & 0x7F
    if len(data) - body < length and not partial:
        return None
    payload = bytes(data[body : body + length])
    turn = (body - clear) % len(key)
    return Frame(
        start=start,
        header=bytes(data[start:body]),
        fin=bool(first & 0x80),
        rsv=first >> 4 & 7 | (8 if second & 0x80 else 0),
        opcode=OPCODES[first & 0x0F],
        masked=of is not None,
        mask=key[turn:] + key[:turn] if of else b"",
        length=length,
        payload=payload,
        at=when(body + len(payload) - 1),
        minimal=length > {0: -1, 2: 125, 8: 65535}[len(coded)],
    )


of_server: One = with_(_draft_frame_at, None)
"""Finds an unmasked frame."""


def of_client(of: Mask) -> One:
    """The function that finds a frame under keys made by *of*."""
    return with_(_draft_frame_at, of)


SessionReader = Callable[[bytes, int, When, bytes, int, When], Session]
"""(received, start of the session in it, offset -> time, sent, start of our own frames in it, offset -> time)
-> the bytes after the 101, read without loss."""


def _read_both(
    theirs: One,
    ours: One,
    received: bytes,
    start: int,
    when: When,
    sent: bytes,
    own: int,
    when_sent: When,
    **members: Any,
) -> Session:
    """A session: *theirs* finds the server's frames, *ours* finds the client's. *members*: further ones of the
    session."""
    frames, rest = read_frames(received, start, when, theirs)
    return Session(frames, rest, start, read_frames(sent, own, when_sent, ours)[0], **members)


_hixie_75: SessionReader = with_(_read_both, frame_at_75, frame_at_75, close_codes=False, drops=True)
"""The frames of both sides. No frame of -75 closes a session."""


def _hixie_76(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    """The session begins after the sixteen bytes that answer the challenge."""
    told = {"challenge": received[start : start + ANSWER], "close_codes": False}
    opened = min(start + ANSWER, len(received))
    return _read_both(frame_at_76, frame_at_76, received, opened, when, sent, own, when_sent, **told)


def _hybi_04(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    """The frames of both sides. Those of the client are masked with a key that is made of both heads."""
    answer, end = split_head(received)
    while end < start:
        answer, end = split_head(received, end)
    ours = of_client(mask_of_04(split_head(sent)[0], answer))
    return _read_both(of_server, ours, received, start, when, sent, own, when_sent, close_codes=False)


_hybi_06: SessionReader = with_(_read_both, of_server, of_client(mask_of_05))
"""The frames of both sides. Those of the client are masked as in hybi-05 and later."""
_hybi_05: SessionReader = with_(_read_both, of_server, of_client(mask_of_05), close_codes=False)
"""The first byte of its Close gives the sender; there is no code."""

_OF_A_DRAFT: Mapping[str, SessionReader] = {
    "hixie-75": _hixie_75,
    "hixie-76": _hixie_76,
    "hybi-04": _hybi_04,
    "hybi-05": _hybi_05,
    "hybi-06": _hybi_06,
}
_RFC_6455: SessionReader = with_(_read_both, frame_at, frame_at)


def session_reader(wire: str) -> SessionReader:
    """The reader of a session that *wire* speaks (``Plan.wire``); that of RFC 6455 for an unknown version."""
    return _OF_A_DRAFT.get(wire, _RFC_6455)
