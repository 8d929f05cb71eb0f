"""Frames of draft-ietf-hybi-thewebsocketprotocol-04 to -06, section 4.

The layout is that of RFC 6455 with other opcodes, and with RSV4 where the mask bit is now. What a client sends
begins with four bytes in clear, and a mask made of them lies over all the rest, the header too.

The opening handshakes of draft-ietf-hybi-thewebsocketprotocol-04 to -08, section 5.1, and of RFC 6455.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial as with_
from hashlib import sha1
from struct import pack

from wsprobe import opening
from wsprobe.exchange import Target
from wsprobe.opening import Offer, common, compose, present
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, One, When
from wsprobe.read.reading import Frame, Head
from wsprobe.target import host_header
from wsprobe.wire.hixie import NO_ORIGIN
from wsprobe.wire.rfc6455 import mask

OPCODES = (CONTINUATION, CLOSE, PING, PONG, TEXT, BINARY, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
"""Opcode on the wire -> the one that RFC 6455 gives to the same kind; reserved ones to reserved ones."""

NONCE = 4
"""Bytes in clear before a client's frame."""

MASK_GUID = b"61AC5F19-FBBA-4540-B96F-6561F1AB40A8"

Mask = Callable[[bytes], bytes]
"""The four bytes in clear -> the key that lies over the frame, over and over."""


def mask_of_05(nonce: bytes) -> bytes:
    """Return the key of hybi-05 and -06: the very four bytes."""
    return nonce


def mask_of_04(request: Head, answer: Head) -> Mask:
    """Return how hybi-04 makes its keys: SHA-1 of the four bytes and of what both sides put in the handshake.

    A field that is missing counts as empty: without it nothing was agreed, and something has to be sent.
    """
    parts = [*request.all(b"sec-websocket-key")[:1], *answer.all(b"sec-websocket-nonce")[:1]]
    agreed = _sha1(b"".join(field.value for field in parts) + MASK_GUID)
    return lambda nonce: _sha1(nonce + agreed)


def _sha1(data: bytes) -> bytes:
    return sha1(data, usedforsecurity=False).digest()


def draft_frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """Return a server's frame of the kind that RFC 6455 calls *opcode*."""
    first, size = fin << 7 | OPCODES.index(opcode), len(payload)
    if size <= 125:
        return pack("!BB", first, size) + payload
    if size <= 0xFFFF:
        return pack("!BBH", first, 126, size) + payload
    return pack("!BBQ", first, 127, size) + payload


def masked(plain: bytes, nonce: bytes, key: bytes) -> bytes:
    """Return the frame *plain* as a client sends it."""
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
"""Finds a frame that is not masked."""


def of_client(of: Mask) -> One:
    """Return what finds a frame under keys made by *of*."""
    return with_(_frame_at, of)


ORIGIN_OPTIONAL = 6
"""The first draft in which a client that is no browser may leave its origin out."""

ORIGIN = "Sec-WebSocket-Origin"
"""The name from 04 to 10. Version 8 on the wire stands for the drafts 08 to 12, and 11 renamed the field to
Origin; what is spoken here is 08, whose name Firefox 7 and Chrome 14 sent. A server that reads version 8 by a
later draft can be given both: ``-H 'Origin: ...'``."""


def request(target: Target, offer: Offer, random_bytes: bytes, *, version: int) -> bytes:
    """Return the request of the draft whose Sec-WebSocket-Version is *version*, or of RFC 6455 for 13.

    The extensions of those days are gone, so none is offered unless it is asked for. Raises OfferError.
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
