"""Firefox's errors if no connection for HTTP could be made.

A script can distinguish what the standard wants to look alike: a TLS fault has code 1015, everything else 1006.
Sources: netwerk/protocol/websocket/WebSocketChannel.cpp (OnStartRequest), dom/websocket/WebSocket.cpp
(ScheduleConnectionCloseEvents), security/nss/lib/ssl/ssl3gthr.c.

"""

from __future__ import annotations

from wsprobe.browsers.firefox.handshake import ABNORMAL, TLS, Failed
from wsprobe.browsers.hindered import Hindered, hindered
from wsprobe.browsers.network import given_up
from wsprobe.read.reading import Reading

_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"
_GATHER = "security/nss/lib/ssl/ssl3gthr.c"
_RECORD_HEADER = 5
_MAX_RECORD = 2**14 + 2048
"""The most bytes of a TLS record. Firefox refuses a longer one at its header (ssl3_GatherData)."""
_DEFINITE = ("certificate", "alert", "not-tls")
"""Kinds of failure that more waiting could not have changed."""


def not_established(reading: Reading) -> tuple[int, Failed | None] | None:
    """(microseconds, failure) if no request was answered; the failure is None while Firefox still waits.

    None if there was a connection, or if the result is still open.
    """
    found = hindered(reading)
    if found is None or (given_up(reading) and not (found.let_pass or found.kind in _DEFINITE)):
        return None
    return found.at, _failure(found)


def _failure(found: Hindered) -> Failed | None:
    match found.kind:
        case "name":
            return Failed(f"the name did not resolve: {_CHANNEL}")
        case "connect":
            return Failed(f"no connection, {found.key or found.error}: {_CHANNEL}")
        case "tunnel":
            return Failed(f"the proxy opened no tunnel: {_CHANNEL}")
        case "fin" | "reset":
            return Failed(f"the connection ended during the TLS handshake: {_CHANNEL}", ABNORMAL)
        case "not-tls":
            return _not_tls(found.received)
    what = f"the certificate is not valid, {found.error}" if found.let_pass else found.error
    return Failed(f"TLS failed, {what}: {_CHANNEL}", TLS)


def _not_tls(received: bytes) -> Failed | None:
    """The failure if the bytes are not TLS: Firefox takes them for a TLS record, and waits for its end
    (ssl3_GatherData)."""
    if len(received) < _RECORD_HEADER:
        return None
    length = int.from_bytes(received[3:_RECORD_HEADER], "big")
    if length > _MAX_RECORD:
        return Failed(f"the answer is not TLS: {_GATHER}", TLS)
    if len(received) >= _RECORD_HEADER + length:
        return Failed(f"the answer is not a TLS record: {_GATHER}", TLS)
    return None
