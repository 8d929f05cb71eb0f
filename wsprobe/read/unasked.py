"""What the peer did before it can have had what we sent: told by the time of a round trip."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.exchange import Connected, Ended, Event, Received, Sent, TlsFailed
from wsprobe.read.reading import Reading
from wsprobe.request.target import loopback


def reset_unasked(reading: Reading) -> bool:
    """True if the connection was reset before the peer can have had our request: less than a round trip after.

    Engines then fail in connecting, in writing the request or in reading the answer: a race (measured).
    """
    events = reading.exchange.events
    if reading.received or reading.exchange.how_ended != "reset":
        return False
    connected, took = connecting(events)
    if connected is None or any(isinstance(e, TlsFailed) for e in events[connected:]):
        return False
    asked = next((e for e in events[connected:] if isinstance(e, Sent)), None)
    return asked is None or events[-1].at - asked.at < took


PROMPT = 5000
"""Microseconds that a server takes to end the connection once our Close came, beyond the way there and back."""


def ended_unasked(reading: Reading, answered: int | None, ended: int) -> bool:
    """True if the peer cannot have had our Close when it ended the connection or our stream: none was sent, or
    the end came, at *ended*, less than a quarter of a round trip after *answered*, when it was.

    An end that was there before our Close went out has the time of that Close (``net.probe``). A quarter: times
    near the machine's own are measured with an error of their size.
    """
    return answered is None or ended <= answered or 4 * (ended - answered) < _round_trip(reading)


def ended_in_answer(reading: Reading, answered: int | None, ended: int) -> bool:
    """True if the peer ended the connection when it could just have had our Close, sent at *answered*: most
    servers wait for it (RFC 6455 section 7.1.1)."""
    if answered is None or ended_unasked(reading, answered, ended):
        return False
    return ended - answered <= _round_trip(reading) + PROMPT


def _round_trip(reading: Reading) -> int:
    """Microseconds there and back, at most: of connecting, or of the first answer if that was faster; 0 on this
    machine, and where there was neither."""
    events = reading.exchange.events
    at, took = connecting(events)
    if at is None:
        return 0
    connected = events[at]
    if isinstance(connected, Connected) and loopback(connected.address):
        return 0
    asked = next((e.at for e in events[at:] if isinstance(e, Sent)), None)
    first = next((e.at for e in events[at:] if isinstance(e, Received)), None)
    return took if asked is None or first is None or first < asked else min(took, first - asked)


def spoke_unasked(reading: Reading) -> bool:
    """True if the peer's first bytes, or its end, came before it can have had our request."""
    events = reading.exchange.events
    connected, took = connecting(events)
    if connected is None:
        return False
    asked = next((e for e in events[connected:] if isinstance(e, Sent)), None)
    first = next((e for e in events[connected:] if isinstance(e, Received | Ended)), None)
    if asked is None or first is None:
        return False
    return first.at - asked.at < took


def connecting(events: Sequence[Event]) -> tuple[int | None, int]:
    """The place of the last ``Connected`` in *events*, None without one, and the microseconds that it took."""
    for at in reversed(range(len(events))):
        if isinstance(events[at], Connected):
            return at, events[at].at - events[max(0, at - 1)].at
    return None, 0
