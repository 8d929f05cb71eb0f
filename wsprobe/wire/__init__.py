"""The wire versions that wsprobe speaks, one row each: request and frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct

from wsprobe.exchange import WIRE_NAMES, Target
from wsprobe.read.drafts import ANSWER
from wsprobe.read.request import Request
from wsprobe.request.opening import Offer
from wsprobe.wire import hixie, hybi, rfc6455
from wsprobe.wire.framing import FramingMaker

__all__ = ["WIRES", "WIRE_OF_VERSION", "WireVersion", "spoken", "wire_of"]


class WireVersion(Struct, frozen=True):
    """One wire version."""

    request: Callable[[Target, Offer, bytes], bytes]
    """The opening handshake, byte for byte. The same arguments give the same bytes: the third, at least 64
    random bytes, is the only source of chance. Raises OfferError for an offer that this version cannot
    express."""
    framing: FramingMaker = rfc6455.Framed
    version: int | None = None
    """The value of Sec-WebSocket-Version; None: the version has no such field."""
    text_only: bool = False
    """Whether it has neither binary messages nor Pings."""
    behind_the_head: int = 0
    """Bytes of its handshake after the head of the 101: the session is open once they have arrived."""

    @property
    def framed_as_rfc6455(self) -> bool:
        return self.framing is rfc6455.Framed


def _hybi(version: int, framing: FramingMaker = rfc6455.Framed) -> WireVersion:
    return WireVersion(partial(hybi.request, version=version), framing, version)


_ROWS = (
    WireVersion(partial(hixie.request, challenge=False), hixie.Hixie75, text_only=True),
    WireVersion(partial(hixie.request, challenge=True), hixie.Hixie76, text_only=True, behind_the_head=ANSWER),
    _hybi(4, hybi.Hybi04),
    _hybi(5, hybi.Hybi05),
    _hybi(6, hybi.Hybi06),
    _hybi(7),
    _hybi(8),
    _hybi(13),
)

WIRES: Mapping[str, WireVersion] = dict(zip(WIRE_NAMES, _ROWS, strict=True))
"""By the name that ``Plan.wire`` and --wire use."""

WIRE_OF_VERSION: Mapping[int, str] = {
    version: name for name in reversed(WIRE_NAMES) if (version := WIRES[name].version) is not None
}
"""Sec-WebSocket-Version -> the wire version that speaks it, best first."""


def spoken(name: str) -> WireVersion:
    """The wire version called *name*. Raises ValueError, one line, for an unknown version."""
    if name not in WIRES:
        raise ValueError(f"wire version {name!a} is unknown; known: {', '.join(WIRES)}")
    return WIRES[name]


_BY_NUMBER = {b"%d" % version: wire for version, wire in WIRE_OF_VERSION.items()}


def wire_of(asked: Request) -> str:
    """The name of the wire version of a client's request; hybi-13 if nothing shows another version.

    The hixie drafts send no version. Two keys mark 76. ``WebSocket`` with exactly these letters marks 75, if
    nothing else in the request gives a version.
    """
    if (wire := _BY_NUMBER.get(asked.first(b"sec-websocket-version"))) is not None:
        return wire
    if asked.first(b"sec-websocket-key1"):
        return "hixie-76"
    told = asked.head.all(b"sec-websocket-key") or asked.head.all(b"sec-websocket-version")
    return "hixie-75" if asked.first(b"upgrade") == b"WebSocket" and not told else "hybi-13"
