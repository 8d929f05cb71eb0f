"""The relay: a server on loopback that forwards real handshakes and sessions, and records each.

The relay forwards a connection unchanged in both directions, unless the handshake fails and the page must
receive the reason. Each direction reads no faster than the other side accepts, so a slow peer slows the fast
one down, as it would without the relay.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from wsprobe.exchange import Plan
from wsprobe.net.plan import Ready, check
from wsprobe.net.relayed import GOODBYE, Connection, drained
from wsprobe.net.stream import End, SocketWire, Wire
from wsprobe.read.request import Request, RequestReader
from wsprobe.relay.door import Refusal
from wsprobe.relay.keep import Room
from wsprobe.relay.relaying import Relaying, RelayWatcher
from wsprobe.target import authority, loopback

PATIENCE = 20.0
"""Time limit for a client's request, in seconds."""
LONGEST_HEAD = 64 * 1024
"""Bytes of a request's head."""
ROOM = 16 * 1024 * 1024
"""Bytes of memory for all current recordings."""
BACKLOG = 128


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
    listener = _listener(host, port)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_Relay(relaying, ready, watch, nursery).listen, listener)
            yield listener.getsockname()[1]
            nursery.cancel_scope.cancel()
    finally:
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
    bind = "127.0.0.1" if host == "localhost" else host
    made = socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((bind, port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError as error:
        made.close()
        raise RelayError(f"port {port} at {host}: {error.strerror}") from None
    return made


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
        while True:
            await trio.lowlevel.wait_readable(listener)
            await self._watch.room()
            try:
                client, peer = listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    await trio.sleep(0.1)
                continue
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            self._nursery.start_soon(self._serve, SocketWire(client), authority(peer[0], peer[1]))

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
        await client.send(refusal.answer)
        await client.finish()
        with trio.move_on_after(GOODBYE):
            await drained(client)


async def _request(client: Wire) -> Request | Refusal | None:
    """Return the client's request; None if it is incomplete."""
    reader = RequestReader()
    with trio.move_on_after(PATIENCE):
        while True:
            data = await client.receive()
            if isinstance(data, End):
                return None
            request = reader.receive(data)
            if request is not None:
                return request
            if reader.came[:2] == b"\x16\x03":
                return Refusal(
                    400, "Bad Request", "a client spoke TLS here: the relay accepts ws://, not wss://"
                )
            if len(reader.came) > LONGEST_HEAD:
                return Refusal(431, "Request Header Fields Too Large", f"a head of over {LONGEST_HEAD} bytes")
    return None
