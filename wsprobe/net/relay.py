"""The relay: a server on loopback that forwards real handshakes and sessions, and records each.

The relay forwards a connection unchanged in both directions, unless the handshake fails and the page must
receive the reason. Each direction reads no faster than the other side accepts, so a slow peer slows the fast
one down, as it would without the relay.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from wsprobe.exchange import Plan
from wsprobe.net.listen import clients, dismiss, listening, request_of
from wsprobe.net.plan import Ready, check
from wsprobe.net.relayed import Connection
from wsprobe.net.stream import SocketWire, Wire
from wsprobe.read.request import Request, is_hello
from wsprobe.relay.door import Refusal
from wsprobe.relay.keep import Room
from wsprobe.relay.relaying import Relaying, RelayWatcher
from wsprobe.request.target import loopback

PATIENCE = 20.0
"""Time limit for a client's request, in seconds."""
LONGEST_HEAD = 64 * 1024
"""Bytes of a request's head."""
ROOM = 16 * 1024 * 1024
"""Bytes of memory for all current recordings."""


class RelayError(RuntimeError):
    """The relay cannot listen there. The message is one line."""


@asynccontextmanager
async def relay(
    relaying: Relaying, host: str, port: int, watch: RelayWatcher, *, public: bool = False
) -> AsyncIterator[int]:
    """Run a relay at *host* until the block is left; yields its port: *port*, or any free one for 0.

    *public*: *host* may be an address other than loopback. Raises RelayError; PlanError or OfferError if no
    connection could use the plan.
    """
    if not public and not loopback(host):
        raise RelayError(f"{host} is not a loopback address: other machines could use the relay (--public)")
    plan = Plan(relaying.target, b"", limits=relaying.limits, tls=relaying.tls, route=relaying.route)
    ready = check(plan)
    try:
        listener = listening(host, port)
    except OSError as error:
        raise RelayError(f"port {port} at {host}: {error.strerror}") from None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_Relay(relaying, ready, watch, nursery).listen, listener)
            yield listener.getsockname()[1]
            nursery.cancel_scope.cancel()
    finally:
        listener.close()


class _Relay:
    """Accepts clients."""

    def __init__(self, relaying: Relaying, ready: Ready, watch: RelayWatcher, nursery: trio.Nursery) -> None:
        self._relaying = relaying
        self._ready = ready
        self._watch = watch
        self._nursery = nursery
        self._room = Room(ROOM)
        self._open = 0
        self._number = 0

    async def listen(self, listener: socket.socket) -> None:
        async for client, peer in clients(listener, self._watch.room):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            self._nursery.start_soon(self._serve, SocketWire(client), peer)

    async def _serve(self, client: Wire, peer: str) -> None:
        self._open += 1
        try:
            if self._open > self._relaying.connections:
                text = f"{self._relaying.connections} connections are open already (--max-connections)"
                await self._turn_away(client, peer, None, Refusal(503, "Service Unavailable", text))
                return
            request = await _request(client)
            if isinstance(request, Refusal):
                await self._turn_away(client, peer, None, request)
            elif request is not None and (refusal := self._relaying.door.refusal(request)) is not None:
                await self._turn_away(client, peer, request, refusal)
            elif request is not None:
                self._number += 1
                made = Connection(self._relaying, self._ready, self._room, client, peer, request)
                await made.carry(self._number, self._watch)
        finally:
            self._open -= 1
            await client.close()

    async def _turn_away(self, client: Wire, peer: str, request: Request | None, refusal: Refusal) -> None:
        self._watch.turned_away(peer, request, refusal)
        await dismiss(client, refusal.answer)


async def _request(client: Wire) -> Request | Refusal | None:
    """The client's request, or the answer to something else; None if it is incomplete."""
    heard = await request_of(client.receive, LONGEST_HEAD, PATIENCE)
    if heard.request is not None:
        return heard.request
    if is_hello(heard.came):
        return Refusal(400, "Bad Request", "a client spoke TLS here: the relay accepts ws://, not wss://")
    if len(heard.came) > LONGEST_HEAD:
        return Refusal(431, "Request Header Fields Too Large", f"a head of over {LONGEST_HEAD} bytes")
    return None
