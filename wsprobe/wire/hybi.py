"""draft-ietf-hybi-thewebsocketprotocol-04 to -08: requests (section 5.1), and the frames of -04 to -06, which
``read.drafts`` describes."""

from __future__ import annotations

from wsprobe.exchange import Target
from wsprobe.read.drafts import OPCODES, Mask, mask_of_04, mask_of_05
from wsprobe.read.frames import CLOSE
from wsprobe.read.head import split_head
from wsprobe.read.reading import mask
from wsprobe.request import opening
from wsprobe.request.opening import Offer, common, compose, present
from wsprobe.request.target import host_header
from wsprobe.wire.framing import CONTROL_MAX
from wsprobe.wire.hixie import NO_ORIGIN
from wsprobe.wire.rfc6455 import Framed, frame


def draft_frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A server's frame of the kind that RFC 6455 calls *opcode*."""
    return frame(OPCODES.index(opcode), payload, None, fin=fin)


def masked(plain: bytes, nonce: bytes, key: bytes) -> bytes:
    """The frame *plain* as a client sends it."""
    return nonce + mask(plain, key)


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
