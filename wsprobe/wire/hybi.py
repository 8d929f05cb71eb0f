"""The opening handshakes of draft-ietf-hybi-thewebsocketprotocol-04 to -08, section 5.1, and of RFC 6455."""

from __future__ import annotations

from wsprobe import opening
from wsprobe.exchange import Target
from wsprobe.opening import Offer, common, compose, present
from wsprobe.target import host_header
from wsprobe.wire.hixie import NO_ORIGIN

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
