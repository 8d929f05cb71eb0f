"""What a relay is to do with each connection, and who is shown what happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from wsprobe.exchange import Exchange, Limits, Route, Target, TlsOptions
from wsprobe.read.request import Request
from wsprobe.relay.door import Door, Refusal
from wsprobe.relay.tell import PageClose


class Relaying(Struct, frozen=True):
    """What the relay does with each connection."""

    target: Target
    door: Door
    origin: str | None = None
    headers: tuple[str, ...] = ()
    """Changes to the request, as ``forwarded`` takes them."""
    limits: Limits = Limits()
    """*max_time*: for the handshake; *max_session*: bytes of each direction that are kept."""
    tls: TlsOptions = TlsOptions()
    route: Route = Route()
    longest: float = float("inf")
    """Seconds that a connection may last."""
    connections: int = 200
    """At the same time; more are refused."""
    tell: Callable[[Exchange], PageClose | None] | None = None
    """What to tell a client of a handshake; None for the answer itself."""


class RelayWatcher(Protocol):
    """Who is shown what happens."""

    async def room(self) -> None:
        """Wait until more can be shown. No connection is let in until then; those that stand go on."""

    def turned_away(self, peer: str, request: Request | None, refusal: Refusal) -> None:
        """A request was not passed on; None where no request could be read."""

    def answered(self, number: int, exchange: Exchange, told: PageClose | None) -> None:
        """The handshake of connection *number* is over; *exchange* is what was recorded until then."""

    async def over(self, number: int, exchange: Exchange) -> None:
        """Connection *number* is over, and this is its recording."""
