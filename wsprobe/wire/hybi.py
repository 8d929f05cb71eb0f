"""draft-ietf-hybi-thewebsocketprotocol-04 to -08: requests (section 5.1), and the frames of -04 to -06 (section
4).

The layout of those frames is that of RFC 6455 with other opcodes, and with RSV4 in place of the mask bit. A
client's frame begins with four bytes in clear; a mask made from them covers the rest, the header included.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial as with_
from hashlib import sha1

from wsprobe.exchange import Target
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, One, When
from wsprobe.read.head import split_head
from wsprobe.read.reading import Frame, Head, Session
from wsprobe.request import opening
from wsprobe.request.opening import Offer, common, compose, present
from wsprobe.request.target import host_header
from wsprobe.wire.framing import CONTROL_MAX, SessionReader
from wsprobe.wire.hixie import NO_ORIGIN
from wsprobe.wire.rfc6455 import Framed, frame, mask, read_both

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


def draft_frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A server's frame of the kind that RFC 6455 calls *opcode*."""
    return frame(OPCODES.index(opcode), payload, None, fin=fin)


def masked(plain: bytes, nonce: bytes, key: bytes) -> bytes:
    """The frame *plain* as a client sends it."""
    return nonce + mask(plain, key)


def _frame_at(
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


of_server: One = with_(_frame_at, None)
"""Finds an unmasked frame."""


def of_client(of: Mask) -> One:
    """The function that finds a frame under keys made by *of*."""
    return with_(_frame_at, of)


ORIGIN_OPTIONAL = 6
"""The first draft in which clients other than browsers may omit their origin."""

ORIGIN = "Sec-WebSocket-Origin"
"""The name from 04 to 10. Version 8 on the wire means any of the drafts 08 to 12, and 11 renamed the field to
Origin. wsprobe speaks 08, with the name that Firefox 7 and Chrome 14 sent. For a server that follows a later
draft, send both: ``-H 'Origin: ...'``."""


def request(target: Target, offer: Offer, random_bytes: bytes, *, version: int) -> bytes:
    """The request of the draft whose Sec-WebSocket-Version is *version*, or of RFC 6455 for 13.

    The extensions of that time are gone, so none is offered unless an option names it. Raises OfferError.
    """
    if version == 13:
        return opening.request(target, offer)
    origin = NO_ORIGIN if offer.origin is None and version < ORIGIN_OPTIONAL else offer.origin
    fields = present(
        ("Host", host_header(target)),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", offer.key),
        (ORIGIN, origin),
        ("Sec-WebSocket-Protocol", ", ".join(offer.protocols) or None),
        ("Sec-WebSocket-Extensions", ", ".join(offer.extensions) or None),
        ("Sec-WebSocket-Version", str(version) if offer.version is None else offer.version),
    )
    return compose(target, offer, [*fields, *common(target, offer)])


class Hybi06(Framed):
    """Frames with a masked header, after four bytes in clear."""

    opcodes = OPCODES
    mask_bit = 0
    key_of: Mask = staticmethod(mask_of_05)

    def frame(self, opcode: int, data: bytes) -> bytes:
        """See ``FrameWriter``."""
        nonce = next(self._masks)
        return masked(draft_frame(opcode, data), nonce, self.key_of(nonce))


class Hybi05(Hybi06):
    """As 06, except the Close: its first byte gives the sender, and there is no code."""

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        """See ``FrameWriter``."""
        return self.frame(CLOSE, b"C" + reason)


class Hybi04(Hybi06):
    """As 06, except the mask, made from both sides' parts of the handshake as well, and the Close, which has no
    code and whose answer repeats its body."""

    def __init__(self, request: bytes, head: bytes, most: int | None = None) -> None:
        super().__init__(request, head, most)
        self.key_of = mask_of_04(split_head(request)[0], split_head(head)[0])

    def close(self, code: int | None, reason: bytes) -> bytes | None:
        """See ``FrameWriter``."""
        return self.frame(CLOSE, reason)

    def answer(self, close: bytes) -> bytes | None:
        """See ``FrameWriter``."""
        return self.frame(CLOSE, close[:CONTROL_MAX])


def session_04(received: bytes, start: int, when: When, sent: bytes, own: int, when_sent: When) -> Session:
    """The frames of both sides. Those of the client are masked with a key that is made of both heads."""
    answer, end = split_head(received)
    while end < start:
        answer, end = split_head(received, end)
    ours = of_client(mask_of_04(split_head(sent)[0], answer))
    return read_both(of_server, ours, received, start, when, sent, own, when_sent, close_codes=False)


session_06: SessionReader = with_(read_both, of_server, of_client(mask_of_05))
"""The frames of both sides. Those of the client are masked as in hybi-05 and later."""
session_05: SessionReader = with_(read_both, of_server, of_client(mask_of_05), close_codes=False)
"""The first byte of its Close gives the sender; there is no code."""
