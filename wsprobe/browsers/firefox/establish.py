"""What there is to tell where there was no connection to speak HTTP on.

Firefox tells script apart what the standard wants to look alike: a fault of TLS is 1015, all else 1006.
Sources: netwerk/protocol/websocket/WebSocketChannel.cpp (OnStartRequest), dom/websocket/WebSocket.cpp
(ScheduleConnectionCloseEvents), security/nss/lib/ssl/ssl3gthr.c.

"""

from __future__ import annotations

from wsprobe.browsers.firefox.handshake import ABNORMAL, TLS, Failed
from wsprobe.browsers.network import Failure, given_up, hindrance
from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsDone, TlsFailed, TunnelFailed
from wsprobe.read.reading import Reading

_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"
_GATHER = "security/nss/lib/ssl/ssl3gthr.c"
_RECORD_HEADER = 5
_MAX_RECORD = 2**14 + 2048
"""Longer records are refused as soon as their header is there (ssl3_GatherData)."""


def not_established(reading: Reading) -> tuple[int, Failed | None] | None:
    """(microseconds, failure) if no request was answered; the failure is None where Firefox still waits.

    None if there was a connection, or if that is still open.
    """
    hindered = hindrance(reading)
    if isinstance(hindered, TlsDone):
        return hindered.at, _tls(f"the certificate is not valid, {hindered.problem}")
    if hindered is None or (given_up(reading) and not _definite(hindered)):
        return None
    return hindered.at, _failure(hindered)


def _definite(event: Failure) -> bool:
    """True for what no more patience would have changed."""
    return isinstance(event, TlsFailed) and event.kind in ("certificate", "alert", "not-tls")


def _failure(event: Failure) -> Failed | None:
    match event:
        case ResolveFailed():
            return Failed(f"the name did not resolve: {_CHANNEL}")
        case ConnectFailed():
            return Failed(f"no connection, {event.errno or event.error}: {_CHANNEL}")
        case TunnelFailed():
            return Failed(f"the proxy opened no tunnel: {_CHANNEL}")
        case TlsFailed(kind="fin" | "reset"):
            return Failed(f"the connection ended during the TLS handshake: {_CHANNEL}", ABNORMAL)
        case TlsFailed(kind="not-tls"):
            return _not_tls(event.received)
    return _tls(event.error)


def _not_tls(received: bytes) -> Failed | None:
    """Whatever comes is taken for a TLS record, and its end waited for (ssl3_GatherData)."""
    if len(received) < _RECORD_HEADER:
        return None
    length = int.from_bytes(received[3:_RECORD_HEADER], "big")
    if length > _MAX_RECORD:
        return Failed(f"what came is not TLS: {_GATHER}", TLS)
    if len(received) >= _RECORD_HEADER + length:
        return Failed(f"what came is no TLS record: {_GATHER}", TLS)
    return None


def _tls(what: str) -> Failed:
    return Failed(f"TLS failed, {what}: {_CHANNEL}", TLS)
