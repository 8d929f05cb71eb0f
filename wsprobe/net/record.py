"""One exchange, from the plan to the recording."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable

import trio

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
from wsprobe.net.dial.reach import reach
from wsprobe.net.plan import Ready, check
from wsprobe.net.pump import converse
from wsprobe.net.run import leaves
from wsprobe.net.tape import Tape
from wsprobe.net.wire import End


async def probe(
    plan: Plan,
    watch: Callable[[Event], object] | None = None,
    talk: AsyncIterable[Act] | None = None,
    keep: Callable[[Exchange], object] | None = None,
) -> Exchange:
    """Carry out *plan* and return the recording. Whatever the network does is an event in it.

    *watch* is called with each event at once. *talk* gives things to send while the session is open (only
    ``do``, ``data`` and ``code`` count); when it ends, the session is closed with 1000.

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


async def _carry_out(ready: Ready, tape: Tape, talk: AsyncIterable[Act] | None) -> End:
    limits = ready.plan.limits
    with trio.move_on_after(limits.max_time):
        with trio.move_on_after(limits.connect_timeout) as connecting:
            wire = await reach(ready, tape)
        if connecting.cancelled_caught:
            return _too_long(tape, limits.connect_timeout, "connect timeout")
        if isinstance(wire, End):
            return wire
        try:
            end = await converse(wire, ready.client(), tape, talk)
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
        shown = next((event.certificate for event in tape.events if isinstance(event, TlsDone)), None)
        tape.add(TlsFailed(tape.now(), "alert", end.error, certificate=shown, alert=end.alert))
    return end


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
