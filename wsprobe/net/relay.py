"""The relay: a server on loopback that forwards real handshakes and sessions, and records each.

The relay forwards a connection unchanged in both directions, as its bytes arrive, unless the handshake fails
and the page must receive the reason. Each direction reads no faster than the other side accepts, so a slow peer
slows the fast one down, as it would without the relay. ``wsprobe.session.kept`` decides which bytes to record,
and ``Relaying.tell`` what replaces an answer.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from msgspec.structs import replace

from wsprobe.exchange import (
    Ended,
    Exchange,
    How,
    LeftOut,
    Plan,
    Received,
    Relayed,
    Sent,
)
from wsprobe.net.dial import reach
from wsprobe.net.listen import GOODBYE, clients, dismiss, drained, listening, request_of
from wsprobe.net.plan import Ready, check
from wsprobe.net.probe import late_alert, too_long
from wsprobe.net.pump import READS
from wsprobe.net.stream import End, SocketWire, Tape, Wire
from wsprobe.read.request import Request, is_hello
from wsprobe.relay.client import PAUSE, PageClose, answer
from wsprobe.relay.relaying import Refusal, Relaying, RelayWatcher, forwarded
from wsprobe.request.target import loopback, public_url
from wsprobe.session.conversation import Answering
from wsprobe.session.kept import EVENT, RelayedSide, Room
from wsprobe.session.open_session import Phase
from wsprobe.wire import WIRES, wire_of

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


MAX_HEAD = 256 * 1024
"""Bytes of an answer's heads, where ``Limits`` allows more."""
HALF_OPEN = 60.0
"""Seconds without a byte after which a half-closed connection ends, or the rest of a long answer."""
TO_TELL = 5.0
"""Extra seconds beyond the time limit of a connection, to report a handshake to the client that took all of
it."""
AFTERWARDS = 4096
"""Bytes kept from a client after it received the Close."""

CLIENT_LEFT = "the client closed the connection"

STALLED = End("local", f"the client took nothing for {HALF_OPEN:g} s")


class Connection:
    """The connection of a client, and the matching connection to the server."""

    def __init__(
        self, relaying: Relaying, ready: Ready, room: Room, client: Wire, peer: str, request: Request
    ) -> None:
        """*ready*: the plan that all connections share. Raises OfferError for headers that cannot be sent."""
        self._relaying = relaying
        self._client = client
        self._request = request
        self._room = room
        self._tape = Tape()
        self._plan = plan_for(relaying, ready.plan, request)
        self._ready = replace(ready, plan=self._plan)
        self._relayed = Relayed(peer, request.head.raw + request.body)
        framed = WIRES[self._plan.wire].framed_as_rfc6455
        most = self._plan.limits.max_session
        self._up = RelayedSide(Sent, self._tape.add, most, room, framed)
        self._down = RelayedSide(Received, self._tape.add, most, room, framed)
        self._early = request.early
        """Bytes of the client not yet forwarded."""
        self._end: End | None = None
        """How the connection to the server ended, once known."""
        self._end_at = 0
        self._server: Wire | None = None
        """The wire to the server, once connected."""
        self._client_end: End | None = None
        self._passed = 0
        """Number of reads forwarded, in both directions."""
        self._whole = trio.CancelScope()
        """The scope of the whole connection."""

    async def carry(self, number: int, watch: RelayWatcher) -> None:
        """Forward the connection to its end, and give its recording to *watch*, also when cancelled."""
        over = False
        try:
            # The handshake has its own limit; its end may still have to be reported to the client after that.
            self._whole.deadline = trio.current_time() + self._relaying.longest + TO_TELL
            with self._whole:
                await self._carry(number, watch)
                over = True
            if self._end is None:
                self._ended(too_long(self._tape, self._relaying.longest, "maximum time"))
        finally:
            end = self._end or End("interrupted")
            if self._server is not None:
                await self._server.close()
            ours: How = "local" if over else "timeout" if self._end is not None else "interrupted"
            ended = ours if self._client_end is None else self._client_end.how
            self._relayed = replace(self._relayed, ended=ended)
            at = self._tape.now() if self._end is None else self._end_at
            sent, received = self._up.end(), self._down.end()
            if sent or received:
                self._tape.add(LeftOut(at, sent, received))
            self._tape.add(Ended(at, end.how, end.error))
            with trio.CancelScope(shield=True):
                await watch.over(number, self._exchange())
            self._up.release()
            self._down.release()

    def _ended(self, end: End) -> None:
        """Note how and when the connection to the server ended, before the client is answered."""
        self._end, self._end_at = end, self._tape.now()

    async def _carry(self, number: int, watch: RelayWatcher) -> None:
        server = await self._reached()
        if not isinstance(server, End):
            await self._with_server(server, number, watch)
            return
        self._ended(server)
        if self._client_end is None:
            await self._without_server(server, number, watch)

    # The way to the server ------------------------------------------------------------------------------

    async def _reached(self) -> Wire | End:
        """Return the wire to the server, or why there is none."""
        made: Wire | End | None = None
        limits = self._plan.limits
        most = min(limits.connect_timeout, limits.max_time)
        async with trio.open_nursery() as nursery:
            if not self._early:
                nursery.start_soon(self._until_client_leaves, nursery.cancel_scope)
            with trio.move_on_after(most):
                made = await reach(self._ready, self._tape)
                if not isinstance(made, End):
                    self._server = made
            nursery.cancel_scope.cancel()
        if self._client_end is not None:
            return End("local", CLIENT_LEFT)
        return too_long(self._tape, most, "connect timeout") if made is None else made

    async def _until_client_leaves(self, reaching: trio.CancelScope) -> None:
        data = await self._client.receive()
        if isinstance(data, End):
            self._client_end = data
            reaching.cancel()
        else:
            self._early = data

    async def _without_server(self, end: End, number: int, watch: RelayWatcher) -> None:
        """Answer for a server that cannot be reached."""
        exchange = self._so_far(end)
        told = self._relaying.tell(exchange) if self._relaying.tell is not None else None
        watch.answered(number, exchange, told)
        if told is not None:
            await self._say(told)
            return
        status, reason = (504, "Gateway Timeout") if end.how == "timeout" else (502, "Bad Gateway")
        refusal = Refusal(status, reason, f"the server could not be reached: {end.error}")
        self._relayed = replace(self._relayed, answer=refusal.answer)
        await self._client.send(refusal.answer)
        await self._goodbye()

    # What the client is told -----------------------------------------------------------------------------

    async def _say(self, told: PageClose) -> None:
        """Open a session with the client and close it with *told* (RFC 6455 section 7.1.2)."""
        head, frame = answer(self._request, told)
        self._relayed = replace(self._relayed, answer=head + frame)
        await self._client.send(head)
        await trio.sleep(PAUSE)
        await self._client.send(frame)
        close: bytes | End = b""
        with trio.move_on_after(GOODBYE):
            close = await self._client.receive()
        if isinstance(close, End):
            self._client_end = close
            return
        await self._goodbye(close)

    async def _goodbye(self, before: bytes = b"") -> None:
        """Close our side towards the client, and wait for its end. *before*: the bytes that it has already
        sent."""
        kept, how = b"", self._relayed.ended
        await self._client.finish()
        with trio.move_on_after(GOODBYE):
            kept, how = await drained(self._client, AFTERWARDS)
            self._client_end = End(how)
        if self._relayed.answer:
            self._relayed = replace(self._relayed, received=(before + kept)[:AFTERWARDS])

    def _exchange(self) -> Exchange:
        return replace(self._tape.exchange(self._plan), client=self._relayed)

    def _so_far(self, end: End) -> Exchange:
        """The recording until now, as if the connection ended now."""
        exchange = self._exchange()
        return replace(exchange, events=(*exchange.events, Ended(self._tape.now(), end.how, end.error)))

    # The handshake ---------------------------------------------------------------------------------------

    async def _with_server(self, server: Wire, number: int, watch: RelayWatcher) -> None:
        self._tape.add(Sent(self._tape.now(), self._plan.request))
        await server.send(self._plan.request)  # reading the answer reports a failure to send
        told: PageClose | None = None
        end: End | None = None
        async with trio.open_nursery() as nursery:
            up_over = trio.Event()
            nursery.start_soon(self._pass_up, server, up_over, nursery.cancel_scope)
            tell = self._relaying.tell if self._plan.wire == "hybi-13" else None
            held: list[bytes] | None = None if tell is None else []
            end = await self._answered(server, held)
            exchange = self._so_far(end or End("local"))
            if tell is not None:
                told = tell(exchange)
            watch.answered(number, exchange, told)
            if told is None:
                self._whole.deadline -= TO_TELL
                if held and await self._give(b"".join(held), trio.current_time() + HALF_OPEN) is STALLED:
                    end = STALLED
                if end is None:
                    end = await self._pass_down(server, up_over)
                elif end.how == "limit":
                    await self._pass_rest(server)
            nursery.cancel_scope.cancel()
        end = end or End("local", CLIENT_LEFT)  # the client's connection broke, which ends both
        self._ended(end)
        if told is not None:
            await self._say(told)
        elif self._client_end is None and end.how == "reset":
            await self._client.reset()
        elif self._client_end is None:
            await self._goodbye()

    async def _answered(self, server: Wire, held: list[bytes] | None) -> End | None:
        """Forward the answer, or put it into *held*, up to the head of a 101 or the end of any other answer.

        Return how it ended, None for a session that is open.
        """
        answering = Answering(self._plan)
        deadline = self._tape.deadline(0) + self._plan.limits.max_time
        for _ in range(READS):
            wake = self._tape.deadline(answering.wake_at)
            data: bytes | End | None = None
            with trio.move_on_at(min(wake, deadline)):
                data = await server.receive()
            now = self._tape.now()
            if data is None and trio.current_time() >= deadline:
                return too_long(self._tape, self._plan.limits.max_time, "maximum time")
            if isinstance(data, End):
                return late_alert(data, self._tape)
            if data is None:
                answering.timer(max(now, answering.wake_at or 0))
            else:
                answering.receive(data, now)
                self._record_answer(data, answering, now)
                if held is not None:
                    held.append(data)
                elif await self._give(data, deadline) is STALLED:
                    return too_long(self._tape, self._plan.limits.max_time, "maximum time")
            if answering.opened_by is not None:
                return None
            if answering.phase is Phase.DONE:
                return End(answering.stop, answering.why)
            if self._room.left <= 0:
                return End("limit", "memory for recordings")
        return End("limit", f"{READS} reads")

    async def _give(self, data: bytes, deadline: float) -> End | None:
        """Send *data* to the client; returns why it did not take all: STALLED at *deadline*, in trio's time."""
        with trio.move_on_at(deadline):
            failed = await self._client.send(data)
            self._client_end = self._client_end or failed
            return failed
        return STALLED

    def _record_answer(self, data: bytes, answering: Answering, at: int) -> None:
        """Record one read of the answer; bytes after the head of a 101 belong to the session."""
        behind = len(answering.rest) if answering.opened_by is not None else 0
        head = data[: len(data) - behind]
        self._down.charge(0, len(head) + EVENT)
        if behind and len(answering.rest) <= len(data):
            self._down.take(at, answering.rest, head)
        else:
            self._tape.add(Received(at, data))

    # Passing on ------------------------------------------------------------------------------------------

    async def _pass_up(self, server: Wire, over: trio.Event, whole: trio.CancelScope) -> None:
        """Forward the client's bytes until it ends its side."""
        data: bytes | End = self._early
        while not isinstance(data, End):
            if data:
                self._passed += 1
                self._up.take(self._tape.now(), data)
                await server.send(data)  # reading from the server reports a failure to send
            data = await self._client.receive()
        self._client_end = data
        over.set()
        if data.how == "fin":
            await server.finish()
        else:
            await server.reset()
            whole.cancel()

    async def _pass_down(self, server: Wire, up_over: trio.Event) -> End:
        """Forward the server's bytes until both sides have ended; return how the connection ended."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._silence, up_over, nursery.cancel_scope)
            end: End | None = None
            while end is None:
                data = await server.receive()
                if isinstance(data, End):
                    end = data
                    break
                self._passed += 1
                self._down.take(self._tape.now(), data)
                if (failed := await self._client.send(data)) is not None:
                    self._client_end = self._client_end or failed
                    end = End("local", CLIENT_LEFT)
            by_client = up_over.is_set()
            if end.how not in ("reset", "local") and not by_client:
                await self._client.finish()
                nursery.start_soon(self._silence, None, nursery.cancel_scope)
                await up_over.wait()
            nursery.cancel_scope.cancel()
            return End("local", CLIENT_LEFT) if by_client else end
        return End("timeout", f"nothing passed for {HALF_OPEN:g} s after one side had ended")

    async def _silence(self, after: trio.Event | None, whole: trio.CancelScope) -> None:
        """Cancel *whole* once nothing passes for HALF_OPEN seconds, *after* one side has ended."""
        if after is not None:
            await after.wait()
        while True:
            passed = self._passed
            await trio.sleep(HALF_OPEN)
            if passed == self._passed:
                whole.cancel()
                return

    async def _pass_rest(self, server: Wire) -> None:
        """Forward the bytes after the recorded part of an answer."""
        left_out = 0
        try:
            while True:
                data: bytes | End = End("timeout")
                with trio.move_on_after(HALF_OPEN):
                    data = await server.receive()
                if isinstance(data, End):
                    break
                if await self._give(data, trio.current_time() + HALF_OPEN) is not None:
                    break
                left_out += len(data)
        finally:
            if left_out:
                self._tape.add(LeftOut(self._tape.now(), 0, left_out))


def plan_for(relaying: Relaying, plan: Plan, request: Request) -> Plan:
    """The plan of one connection, with *request* as sent to the server. Raises OfferError."""
    target = relaying.target
    sent = forwarded(request, target, relaying.origin, relaying.headers)
    if request.resource != b"/":
        resource = request.resource.decode("latin-1")
        target = replace(target, resource=resource)
        target = replace(target, url=public_url(target))
    limits = replace(plan.limits, max_head=min(plan.limits.max_head, MAX_HEAD))
    return replace(plan, target=target, request=sent, wire=wire_of(request), limits=limits)
