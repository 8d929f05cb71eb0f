"""Chromium's errors if no connection for HTTP could be made.

Sources: net/socket/tcp_client_socket.cc, net/socket/ssl_client_socket_impl.cc,
net/websockets/websocket_stream.cc, and those of ``hindered.toml``.
"""

from __future__ import annotations

from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.handshake import Failed
from wsprobe.browsers.hindered import CERTIFICATE_REQUIRED, Hindered, column, hindered
from wsprobe.browsers.network import certificate_faults, given_up
from wsprobe.read.reading import Reading
from wsprobe.read.unasked import reset_unasked

_STREAM = "net/websockets/websocket_stream.cc"
_ERRORS = {
    "name": "ERR_NAME_NOT_RESOLVED",
    "connect": "ERR_CONNECTION_FAILED",
    "fin": "ERR_CONNECTION_CLOSED",
    "reset": "ERR_CONNECTION_RESET",
}
"""Kind -> net error, unless a more exact one is known. Any other kind is ERR_SSL_PROTOCOL_ERROR."""


def not_established(reading: Reading, facts: Facts) -> tuple[int, Failed] | None:
    """(microseconds, failure) if no request could be sent; None if one could, or if the recording does not
    tell."""
    found = hindered(reading)
    if found is None:
        return _reset_at_once(reading, facts)
    if given_up(reading) and not found.let_pass:
        return None
    return found.at, _failure(found, reading, facts)


def _failure(found: Hindered, reading: Reading, facts: Facts) -> Failed:
    if found.kind == "tunnel":
        return Failed(facts.failures["tunnel"], f"the proxy opened no tunnel: {_STREAM}")
    if found.kind == "alert" and found.key == str(CERTIFICATE_REQUIRED):
        return Failed(facts.failures["canceled"], f"the server requests a client certificate: {_STREAM}")
    if found.kind == "certificate":
        return _failed(certificate_error(certificate_faults(reading.exchange)), facts)
    return _failed(found.word("chromium", _ERRORS.get(found.kind, "ERR_SSL_PROTOCOL_ERROR")), facts)


def certificate_error(faults: set[str]) -> str:
    """The net error for a certificate with these *faults* (values of ``TlsFailed.reason``)."""
    errors = column("certificate", "chromium")
    return next((error for fault, error in errors.items() if fault in faults), "ERR_CERT_INVALID")


def _reset_at_once(reading: Reading, facts: Facts) -> tuple[int, Failed] | None:
    if not reset_unasked(reading):
        return None
    return reading.exchange.events[-1].at, _failed("ERR_CONNECTION_RESET", facts)


def _failed(error: str, facts: Facts) -> Failed:
    return Failed(facts.failures["establishment"].format(error=error), f"{error}: {_STREAM}")
