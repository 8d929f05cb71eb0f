"""What kept an engine's request from being sent, as the recording has it. What it makes of that is its own."""

from __future__ import annotations

from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Ended,
    ResolveFailed,
    Sent,
    TlsDone,
    TlsFailed,
    TunnelFailed,
)
from wsprobe.read.reading import Reading

Failure = ResolveFailed | ConnectFailed | TlsFailed | TunnelFailed


def hindrance(reading: Reading) -> Failure | TlsDone | None:
    """The last failure that no connection came after, or the TLS of a certificate that we let pass and no
    engine would; None if nothing kept the request from being sent."""
    failed: Failure | None = None
    for event in reading.exchange.events:
        match event:
            case Connected():
                failed = None
            case ResolveFailed() | ConnectFailed() | TlsFailed() | TunnelFailed():
                failed = event
            case TlsDone(verified=False, problem=str()):
                return event
            case _:
                pass
    return failed


def given_up(reading: Reading) -> bool:
    """True if we stopped trying before there was a result: an engine would have gone on."""
    last = reading.exchange.events[-1]
    return isinstance(last, Ended) and last.how in ("timeout", "interrupted")


def reset_unasked(reading: Reading) -> bool:
    """True if the connection was reset before the peer can have had our request: less than a round trip after.

    Engines then fail in connecting, in writing the request or in reading the answer: a race (measured).
    """
    events = reading.exchange.events
    connected = next((n for n in reversed(range(len(events))) if isinstance(events[n], Connected)), None)
    last = events[-1] if events else None
    if reading.received or connected is None or not isinstance(last, Ended) or last.how != "reset":
        return False
    if any(isinstance(e, TlsFailed) for e in events[connected:]):
        return False
    asked = next((e for e in events[connected:] if isinstance(e, Sent)), None)
    before = events[max(0, connected - 1)]
    return asked is None or last.at - asked.at < events[connected].at - before.at
