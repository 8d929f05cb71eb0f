"""What stands in the console when there was no connection to speak HTTP on.

Sources: net/base/net_errors_posix.cc, net/socket/tcp_client_socket.cc, net/ssl/openssl_ssl_util.cc,
net/socket/ssl_client_socket_impl.cc, net/cert/cert_status_flags.cc, net/websockets/websocket_stream.cc.

"""

from __future__ import annotations

from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.chromium.handshake import Failed
from wsprobe.browsers.network import Failure, certificate_faults, given_up, hindrance, reset_unasked
from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsDone, TlsFailed, TunnelFailed
from wsprobe.read.reading import Reading

_STREAM = "net/websockets/websocket_stream.cc"

_CONNECT = {
    "ECONNREFUSED": "ERR_CONNECTION_REFUSED",
    "ECONNRESET": "ERR_CONNECTION_RESET",
    "ECONNABORTED": "ERR_CONNECTION_ABORTED",
    "ETIMEDOUT": "ERR_CONNECTION_TIMED_OUT",
    "EHOSTUNREACH": "ERR_ADDRESS_UNREACHABLE",
    "ENETUNREACH": "ERR_ADDRESS_UNREACHABLE",
    "EHOSTDOWN": "ERR_ADDRESS_UNREACHABLE",
    "EADDRNOTAVAIL": "ERR_ADDRESS_INVALID",
    "ENETDOWN": "ERR_INTERNET_DISCONNECTED",
    "EACCES": "ERR_NETWORK_ACCESS_DENIED",
    "EPERM": "ERR_NETWORK_ACCESS_DENIED",
}
"""Error of connect() -> net error."""

_CERTIFICATE = {
    "unknown-ca": "ERR_CERT_AUTHORITY_INVALID",
    "self-signed": "ERR_CERT_AUTHORITY_INVALID",
    "wrong-name": "ERR_CERT_COMMON_NAME_INVALID",
    "expired": "ERR_CERT_DATE_INVALID",
    "not-yet-valid": "ERR_CERT_DATE_INVALID",
}
"""Fault of a certificate -> net error, the most serious first: of several, Chromium reports that one
(MapCertStatusToNetError)."""

_CERTIFICATE_REQUIRED = 116
_ALERT = {
    20: "ERR_SSL_BAD_RECORD_MAC_ALERT",
    40: "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
    42: "ERR_BAD_SSL_CLIENT_AUTH_CERT",
    43: "ERR_BAD_SSL_CLIENT_AUTH_CERT",
    44: "ERR_BAD_SSL_CLIENT_AUTH_CERT",
    45: "ERR_BAD_SSL_CLIENT_AUTH_CERT",
    46: "ERR_BAD_SSL_CLIENT_AUTH_CERT",
    48: "ERR_BAD_SSL_CLIENT_AUTH_CERT",
    49: "ERR_BAD_SSL_CLIENT_AUTH_CERT",
    51: "ERR_SSL_DECRYPT_ERROR_ALERT",
    70: "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
    71: "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
    112: "ERR_SSL_UNRECOGNIZED_NAME_ALERT",
}
"""Description of a fatal TLS alert -> net error; any other is ERR_SSL_PROTOCOL_ERROR."""


def not_established(reading: Reading, facts: Facts) -> tuple[int, Failed] | None:
    """(microseconds, failure) if no request could be sent; None if one could, or if that is still open."""
    hindered = hindrance(reading)
    if isinstance(hindered, TlsDone):
        return hindered.at, _failed(certificate_error(certificate_faults(reading.exchange)), facts)
    if hindered is None:
        return _reset_at_once(reading, facts)
    return None if given_up(reading) else (hindered.at, _failure(reading, hindered, facts))


def _failure(reading: Reading, event: Failure, facts: Facts) -> Failed:
    match event:
        case ResolveFailed():
            return _failed("ERR_NAME_NOT_RESOLVED", facts)
        case ConnectFailed():
            return _failed(_CONNECT.get(event.errno, "ERR_CONNECTION_FAILED"), facts)
        case TunnelFailed():
            return Failed(facts.failures["tunnel"], f"the proxy opened no tunnel: {_STREAM}")
    return _tls(reading, event, facts)


def _tls(reading: Reading, event: TlsFailed, facts: Facts) -> Failed:
    if event.alert == _CERTIFICATE_REQUIRED:
        return Failed(facts.failures["canceled"], f"the server asks for a client certificate: {_STREAM}")
    if event.kind == "certificate":
        return _failed(certificate_error(certificate_faults(reading.exchange)), facts)
    if event.kind == "alert":
        return _failed(_ALERT.get(event.alert or -1, "ERR_SSL_PROTOCOL_ERROR"), facts)
    if event.kind == "fin":
        return _failed("ERR_CONNECTION_CLOSED", facts)
    if event.kind == "reset":
        return _failed("ERR_CONNECTION_RESET", facts)
    return _failed("ERR_SSL_PROTOCOL_ERROR", facts)


def certificate_error(faults: set[str]) -> str:
    """The net error of a certificate with these *faults*, by the words of ``TlsFailed.reason``."""
    return next((error for fault, error in _CERTIFICATE.items() if fault in faults), "ERR_CERT_INVALID")


def _reset_at_once(reading: Reading, facts: Facts) -> tuple[int, Failed] | None:
    if not reset_unasked(reading):
        return None
    return reading.exchange.events[-1].at, _failed("ERR_CONNECTION_RESET", facts)


def _failed(error: str, facts: Facts) -> Failed:
    return Failed(facts.failures["establishment"].format(error=error), f"{error}: {_STREAM}")
