"""The opening handshakes of draft-hixie-thewebsocketprotocol-75 and -76 (hybi-00), section 4.1."""

from __future__ import annotations

from dataclasses import replace

from wsprobe.exchange import Target
from wsprobe.opening import Default, Offer, OfferError, common, compose, present
from wsprobe.read.websocket.challenge import BODY
from wsprobe.target import host_header
from wsprobe.wire.keys import key_pair

NO_ORIGIN = "null"
"""Both drafts demand an Origin field, and an answer that repeats it. Where there is no page there is no origin,
and this is how HTML writes one that is none."""


def request(target: Target, offer: Offer, random_bytes: bytes, *, challenge: bool) -> bytes:
    """Return the request of 75, or of 76 with its *challenge*: two keys and eight bytes behind the head.

    75 fixes the order of its fields (step 10). 76 wants them in an order chosen at random (step 25), so that
    servers do not come to rely on one; a probe is to ask the same thing twice, so they keep the order in which
    the draft puts them together, which is that of 75 with the keys after it, as browsers sent them.

    Raises OfferError.
    """
    _check(offer)
    origin = NO_ORIGIN if offer.origin is None else offer.origin
    protocol = offer.protocols[0] if offer.protocols else None
    fields = present(
        ("Upgrade", "WebSocket"),
        ("Connection", "Upgrade"),
        ("Host", host_header(target)),
        ("Origin", origin if challenge else _lower(origin)),
        ("Sec-WebSocket-Protocol" if challenge else "WebSocket-Protocol", protocol),
    )
    tail = b""
    if challenge:
        key1, key2 = key_pair(random_bytes[BODY:])
        fields += [("Sec-WebSocket-Key1", key1), ("Sec-WebSocket-Key2", key2)]
        tail = random_bytes[:BODY]
    return compose(target, offer, [*fields, *_others(target, offer)], tail)


def _others(target: Target, offer: Offer) -> list[Default]:
    """Credentials and cookies. The drafts have no User-Agent, so none is sent unless it is asked for."""
    return common(target, replace(offer, user_agent=offer.user_agent or ""))


def _check(offer: Offer) -> None:
    """Raises OfferError for what these drafts cannot ask."""
    if offer.extensions:
        raise OfferError("hixie-75 and hixie-76 have no extensions: leave --extension out")
    if len(offer.protocols) > 1:
        raise OfferError("hixie-75 and hixie-76 ask for one subprotocol, not for several")
    if offer.version is not None:
        raise OfferError("hixie-75 and hixie-76 send no version number: leave it out, or add it with -H")


def _lower(text: str) -> str:
    """ASCII lower case (75: step 9 of section 4.1)."""
    return "".join(each.lower() if each.isascii() else each for each in text)
