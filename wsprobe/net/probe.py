"""One exchange, from the plan to the recording.

The conversation runs on a stream: what comes goes to ``conversation.Client``, what that answers goes out, until
the end. A reader and a writer run side by side, so that an answer is seen although the request is not all sent
yet (a server may refuse a large one early), and what came before a reset is read although sending has failed.
Up to the end of a refusal, or the beginning of a session, a short request needs neither: see ``_handshake``.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable

import trio
from msgspec import Struct

from wsprobe.conversation import Client, Phase, Speaking, Turn
from wsprobe.exchange import (
    Act,
    Connected,
    Connecting,
    Ended,
    Event,
    Exchange,
    Plan,
    Received,
    Sent,
    TlsDone,
    TlsFailed,
    TunnelSent,
)
from wsprobe.net.dial import reach
from wsprobe.net.plan import Ready, check
from wsprobe.net.run import leaves
from wsprobe.net.stream import End, Tape, Wire

READS = 100_000
"""A peer that sends byte by byte makes an event of each: more of them than this are too many to keep."""

SHORT = 4096
"""Bytes of a request that go into the send buffer of any new connection, so that sending them does not wait for
the peer: the least of Linux's tcp_wmem."""

FLUSH = 1.0
"""Seconds that the last bytes may wait for room in the send buffer."""


class Talk(Struct, frozen=True):
    """What a person or a program says in an open session, besides the plan's own acts."""

    acts: AsyncIterable[Act]
    """Only ``do``, ``data`` and ``code`` count."""
    quiet: float
    """After the last act the session is closed when the server has been silent for so many seconds."""
    hold: float | None = None
    """Seconds that the open session may last, in place of what is left of the plan's max_time."""


class _Spoken(Struct, frozen=True):
    """What the person at the keyboard wants to be sent; None: they went away."""

    act: Act | None


_Item = Received | End | _Spoken


async def converse(
    wire: Wire, client: Speaking, tape: Tape, talk: Talk | None = None, whole: trio.CancelScope | None = None
) -> End:
    """Send the opening handshake, then do as *client* says; return how it ended.

    *whole* is the scope of the plan's max_time, which *talk* may prolong.
    """
    if not isinstance(client, Client) or len(client.opening) > SHORT:
        # Over HTTP/2 there is something to say before the answer: SETTINGS, and what answers the server's.
        pump = _Pump(wire, tape, READS)
        pump.send(client.opening)
        return await _both_ways(pump, client, client.timer(tape.now()), tape, talk, whole)
    answered = await _handshake(wire, client, tape)
    if isinstance(answered, End):
        return answered
    turn, reads = answered
    return await _both_ways(_Pump(wire, tape, READS - reads), client, turn, tape, talk, whole)


async def _handshake(wire: Wire, client: Client, tape: Tape) -> End | tuple[Turn, int]:
    """Send the opening handshake, which is short, and take the answer. Return the end, or the turn from which
    on there is something to say again, with the number of reads before it.

    Until then there is nothing to send, and a time that runs out ends the exchange: one task does it, without a
    reader, a writer and the channels between them.
    """
    tape.add(Sent(tape.now(), client.opening))
    await wire.send(client.opening)  # where this fails, what the peer has said before is still to be read
    turn = client.timer(tape.now())
    reads = 0
    while turn.phase in (Phase.HEAD, Phase.BODY):
        data: bytes | End | None = None
        if turn.wake_at is None:
            data = await wire.receive()
        else:
            with trio.move_on_at(tape.deadline(turn.wake_at)):
                data = await wire.receive()
        if data is None:
            turn = client.timer(max(tape.now(), turn.wake_at or 0))
        elif isinstance(data, End):
            return data
        else:
            received = Received(tape.now(), data)
            tape.add(received)
            turn = client.receive(data, received.at)
            if (reads := reads + 1) == READS:
                return End("limit", f"{READS} reads")
    return End(turn.stop, turn.why) if turn.done and not turn.send else (turn, reads)


async def _both_ways(
    pump: _Pump, client: Speaking, turn: Turn, tape: Tape, talk: Talk | None, whole: trio.CancelScope | None
) -> End:
    """Go on from *turn*, sending and receiving side by side; return how it ended."""
    put, inbox = trio.open_memory_channel[_Item](0)
    opened = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump.write)
        nursery.start_soon(pump.read, put)
        if talk is not None:
            nursery.start_soon(_talk, talk.acts, opened, put)
        end = await _turns(client, turn, pump, inbox, opened, tape, talk, whole)
        pump.no_more()
        with trio.move_on_after(FLUSH):
            await pump.written.wait()
        nursery.cancel_scope.cancel()
    return end


async def _turns(
    client: Speaking,
    turn: Turn,
    pump: _Pump,
    inbox: trio.MemoryReceiveChannel[_Item],
    opened: trio.Event,
    tape: Tape,
    talk: Talk | None,
    whole: trio.CancelScope | None,
) -> End:
    closing: int | None = None  # when a session that has nothing more to say is closed
    while True:
        pump.send(turn.send)
        if turn.done:
            return End(turn.stop, turn.why)
        if turn.phase is Phase.OPEN and not opened.is_set():
            opened.set()
            if talk is not None and talk.hold is not None and whole is not None:
                whole.deadline = trio.current_time() + talk.hold
        item: _Item | None = None
        wake_at = min((at for at in (turn.wake_at, closing) if at is not None), default=None)
        with trio.move_on_at(tape.deadline(wake_at)):
            item = await inbox.receive()
        match item:
            case None:
                # Rounding must not wake us a moment too early again and again.
                now = max(tape.now(), wake_at or 0)
                if closing is not None and now >= closing:
                    closing = None
                    pump.send(client.timer(now).send)
                    pump.send(client.say("close", b"", 1000))
                turn = client.timer(now)
            case Received():
                if closing is not None and talk is not None:
                    closing = item.at + _micro(talk.quiet)
                turn = client.receive(item.data, item.at)
            case _Spoken(act=None):
                assert talk is not None
                closing = tape.now() + _micro(talk.quiet)
            case _Spoken(act=Act() as act):
                pump.send(client.timer(tape.now()).send)
                pump.send(client.say(act.do, act.data, act.code))
                turn = client.timer(tape.now())
            case End():
                pump.send(client.receive_eof(tape.now()).send)
                return item


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)


class _Pump:
    """The two directions of one wire."""

    def __init__(self, wire: Wire, tape: Tape, reads: int) -> None:
        """*reads*: how many may still be made."""
        self._wire = wire
        self._tape = tape
        self._reads = reads
        # What the client sends is bounded by what it receives, and that by the plan's limits.
        self._put, self._outbox = trio.open_memory_channel[bytes](float("inf"))
        self.written = trio.Event()
        self._broken = False

    def send(self, data: bytes) -> None:
        if data:
            self._put.send_nowait(data)

    def no_more(self) -> None:
        self._put.close()

    async def write(self) -> None:
        async for data in self._outbox:
            if not self._broken:
                self._tape.add(Sent(self._tape.now(), data))
                self._broken = await self._wire.send(data) is not None
        self.written.set()

    async def read(self, put: trio.MemorySendChannel[_Item]) -> None:
        for _ in range(self._reads):
            data = await self._wire.receive()
            if isinstance(data, End):
                await put.send(data)
                return
            received = Received(self._tape.now(), data)
            self._tape.add(received)
            await put.send(received)
        await put.send(End("limit", f"{READS} reads"))


async def _talk(talk: AsyncIterable[Act], opened: trio.Event, put: trio.MemorySendChannel[_Item]) -> None:
    await opened.wait()
    async for act in talk:
        await put.send(_Spoken(act))
    await put.send(_Spoken(None))


async def probe(
    plan: Plan,
    watch: Callable[[Event], object] | None = None,
    talk: Talk | None = None,
    keep: Callable[[Exchange], object] | None = None,
) -> Exchange:
    """Carry out *plan* and return the recording. Whatever the network does is an event in it.

    *watch* is called with each event at once. *talk* gives things to send while the session is open.

    When cancelled or interrupted, *watch* still gets Ended("interrupted") and *keep* the recording up to there:
    it cannot be returned then. Raises PlanError for a plan that cannot be carried out on any network.
    """
    ready = check(plan)
    tape = Tape(watch)
    try:
        end = await _carry_out(ready, tape, talk)
    except BaseException as raised:
        if any(isinstance(each, (KeyboardInterrupt, trio.Cancelled)) for each in leaves(raised)):
            try:
                tape.add(Ended(tape.now(), "interrupted"))
            finally:
                if keep is not None:
                    keep(tape.exchange(plan))
        raise
    tape.add(Ended(tape.now(), end.how, end.error))
    return tape.exchange(plan)


async def _carry_out(ready: Ready, tape: Tape, talk: Talk | None) -> End:
    limits = ready.plan.limits
    with trio.move_on_after(limits.max_time) as whole:
        with trio.move_on_after(limits.connect_timeout) as connecting:
            wire = await reach(ready, tape)
        if connecting.cancelled_caught:
            return _too_long(tape, limits.connect_timeout, "connect timeout")
        if isinstance(wire, End):
            return wire
        try:
            end = await converse(wire, ready.client(_alpn(tape)), tape, talk, whole)
        finally:
            await wire.close()
        return _late_alert(end, tape)
    return _too_long(tape, limits.max_time, "maximum time")


def _late_alert(end: End, tape: Tape) -> End:
    """Write TlsFailed where the peer's alert came before any application byte.

    In TLS 1.3 our side of the handshake is done before the server has looked at our certificate, or missed it
    (RFC 8446 section 2), so its refusal comes when we already wait for the answer.
    """
    if end.alert is not None and not any(isinstance(event, Received) for event in tape.events):
        done = next((event for event in tape.events if isinstance(event, TlsDone)), None)
        shown, issuers = (None, ()) if done is None else (done.certificate, done.issuers)
        tape.add(TlsFailed(tape.now(), "alert", end.error, b"", shown, end.alert, issuers=issuers))
    return end


def _alpn(tape: Tape) -> str | None:
    return next((event.alpn for event in tape.events if isinstance(event, TlsDone)), None)


def _too_long(tape: Tape, seconds: float, limit: str) -> End:
    return End("timeout", f"{_under_way(tape)} took longer than {seconds:g} s ({limit})")


def _under_way(tape: Tape) -> str:
    """Say what was being done when time ran out."""
    kinds = {type(event) for event in tape.events}
    if Sent in kinds:
        return "the exchange"
    if TunnelSent in kinds:
        return "the way through the proxy"
    if Connected in kinds:
        return "the TLS handshake"
    tried = [event.address for event in tape.events if isinstance(event, Connecting)]
    if tried:
        return f"connecting to {', '.join(tried)}"
    return "resolving the name"
