"""The wire versions that can be spoken: what each asks. Cheap to import; a version is loaded when asked for.

What follows the handshake of each is found through ``wsprobe.session.framing`` and
``wsprobe.read.websocket.sessions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from wsprobe.exchange import Target
    from wsprobe.opening import Offer

__all__ = ["WIRES", "Wire"]


class Wire(Struct, frozen=True):
    """One wire version, under the name that ``Plan.wire`` and --wire use."""

    name: str
    module: str
    """Where its request is made; *arguments* say which of that module's versions it is."""
    arguments: Mapping[str, Any]
    text_only: bool = False
    """Whether it has neither binary messages nor Pings."""

    def request(self, target: Target, offer: Offer, random_bytes: bytes) -> bytes:
        """Return the opening handshake of this version, byte for byte as it is to be sent.

        The same arguments give the same bytes: *random_bytes*, at least 64 of them, are all the chance there
        is. Raises OfferError for an offer that this version has no field for.
        """
        made: bytes = import_module(self.module).request(target, offer, random_bytes, **self.arguments)
        return made


def _wires() -> dict[str, Wire]:
    hixie, hybi = f"{__name__}.hixie", f"{__name__}.hybi"
    made = [
        Wire("hixie-75", hixie, {"challenge": False}, text_only=True),
        Wire("hixie-76", hixie, {"challenge": True}, text_only=True),
        *(Wire(f"hybi-{number:02}", hybi, {"version": number}) for number in (4, 5, 6, 7, 8, 13)),
    ]
    return {wire.name: wire for wire in made}


WIRES: Mapping[str, Wire] = _wires()
"""Oldest first."""
