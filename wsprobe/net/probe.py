"""One exchange, from the plan to the recording.

``wsprobe.net.pump`` carries the conversation. A short request does without its tasks up to the end of a
refusal, or the beginning of a session: see ``_handshake``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import trio

from wsprobe.exception_groups import leaves
from wsprobe.exchange import (
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
from wsprobe.net.pump import READS, Pump
from wsprobe.net.stream import READ, End, Tape, Wire
from wsprobe.session.conversation import Client, Speaking, Turn
from wsprobe.session.open_session import Phase, SessionMaker

if TYPE_CHECKING:
    from wsprobe.net.talk import Talk

SHORT = 4096
"""Bytes that fit into the send buffer of any new connection, so that sending them does not wait for the peer:
the minimum of Linux's tcp_wmem."""


async def converse(wire: Wire, client: Speaking, tape: Tape, plan: Plan) -> End:
    """Send the opening handshake of *plan*, then do as *client* says; return how it ended."""
    size = at_once(plan)
    if not isinstance(client, Client) or len(client.opening) > SHORT:
        # Over HTTP/2 the client sends before the answer: SETTINGS, and replies to the server's frames.
        pump = Pump(wire, client, tape, size)
        pump.push(client.opening)
        return await pump.run(client.timer(tape.now()))
    answered = await _handshake(wire, client, tape, size)
    if isinstance(answered, End):
        return answered
    turn, reads = answered
    return await Pump(wire, client, tape, size, READS - reads).run(turn)


def at_once(plan: Plan) -> int:
    """Bytes of one read, in proportion to the session's limit: all bytes of a read are kept, and 8 KiB may hold
    4,000 frames."""
    return min(READ, max(plan.limits.max_session // 128, SHORT))


async def _handshake(wire: Wire, client: Client, tape: Tape, size: int) -> End | tuple[Turn, int]:
    """Send a short opening handshake, and receive the answer. Return the end, or the turn at which there is
    something to send again, with the number of reads before it.

    Until then there is nothing to send, and a time limit ends the exchange, so one task is enough, without a
    reader, a writer and the channels between them.
    """
    tape.add(Sent(tape.now(), client.opening))
    await wire.send(client.opening)  # after a failure, what the peer sent before is still read
    turn = client.timer(tape.now())
    reads = 0
    while turn.phase in (Phase.HEAD, Phase.BODY):
        data: bytes | End | None = None
        if turn.wake_at is None:
            data = await wire.receive(size)
        else:
            with trio.move_on_at(tape.deadline(turn.wake_at)):
                data = await wire.receive(size)
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


async def probe(
    plan: Plan,
    watch: Callable[[Event], object] | None = None,
    talk: Talk | None = None,
    keep: Callable[[Exchange], object] | None = None,
    make: SessionMaker | None = None,
) -> Exchange:
    """Carry out *plan* and return the recording. Every network failure is an event in it.

    *watch* is called with each event immediately. *talk* holds the session, if it opens, instead of the
    plan's own acts and linger. *make* returns the
    session: see ``Client``.

    When cancelled or interrupted, *watch* still gets Ended("interrupted") and *keep* the recording up to there:
    it cannot be returned then. Raises PlanError for a plan that cannot be carried out on any network.
    """
    ready = check(plan)
    tape = Tape(watch)
    try:
        end = await _carry_out(ready, tape, talk, make)
    except BaseException as raised:
        if any(isinstance(each, (KeyboardInterrupt, trio.Cancelled)) for each in leaves(raised)):
            try:
                tape.add(Ended(tape.now(), "interrupted"))
            finally:
                if keep is not None:
                    keep(tape.exchange(plan))
        raise
    at = tape.now() if end.seen is None else max(end.seen, tape.events[-1].at)
    tape.add(Ended(at, end.how, end.error))
    return tape.exchange(plan)


async def _carry_out(ready: Ready, tape: Tape, talk: Talk | None, make: SessionMaker | None) -> End:
    limits = ready.plan.limits
    began = trio.current_time()
    # One scope for both limits, because each scope takes a tenth of the time for a URL in a list.
    first = min(limits.connect_timeout, limits.max_time)
    with trio.CancelScope(deadline=began + first) as whole:
        connecting = True
        wire = await reach(ready, tape)
        if isinstance(wire, End):
            return wire
        try:
            await trio.lowlevel.checkpoint_if_cancelled()  # time may have run out just as it opened
            whole.deadline = began + limits.max_time
            connecting = False
            client = partial(ready.client, _alpn(tape))
            if talk is None:
                end = await converse(wire, client(make), tape, ready.plan)
            else:
                end = await talk.converse(wire, client, tape, whole)
        finally:
            await wire.close()
        return late_alert(end, tape)
    if connecting and first < limits.max_time:
        return too_long(tape, first, "connect timeout")
    return too_long(tape, limits.max_time, "maximum time")


def late_alert(end: End, tape: Tape) -> End:
    """Write TlsFailed where the peer's alert came before any application byte.

    In TLS 1.3 our side of the handshake is complete before the server checks our certificate, or finds none
    (RFC 8446 section 2), so its refusal arrives while wsprobe already waits for the answer.
    """
    if end.alert is not None and not any(isinstance(event, Received) for event in tape.events):
        done = next((event for event in tape.events if isinstance(event, TlsDone)), None)
        shown, issuers = (None, ()) if done is None else (done.certificate, done.issuers)
        tape.add(TlsFailed(tape.now(), "alert", end.error, b"", shown, end.alert, issuers=issuers))
    return end


def _alpn(tape: Tape) -> str | None:
    return next((event.alpn for event in tape.events if isinstance(event, TlsDone)), None)


def too_long(tape: Tape, seconds: float, limit: str) -> End:
    """The end by a time *limit*, with the current step."""
    return End("timeout", f"{_under_way(tape)} took longer than {seconds:g} s ({limit})")


def _under_way(tape: Tape) -> str:
    """The step in progress when the time ran out."""
    kinds = {type(event) for event in tape.events}
    tried = ", ".join(event.address for event in tape.events if isinstance(event, Connecting))
    steps = (
        (Sent, "the exchange"),
        (TunnelSent, "connecting through the proxy"),
        (Connected, "the TLS handshake"),
        (Connecting, f"connecting to {tried}"),
    )
    return next((words for kind, words in steps if kind in kinds), "resolving the name")
