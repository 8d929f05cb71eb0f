"""What stands in the console when there was no connection to speak HTTP on.

Sources: GLib's gio/gthreadedresolver.c, gio/gsocketclient.c, gio/gsocket.c; glib-networking's
tls/base/gtlsconnection-base.c, tls/gnutls/gtlsconnection-gnutls.c; GnuTLS's lib/alert.c.

"""

from __future__ import annotations

from wsprobe.browsers.network import Failure, given_up, hindrance
from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.handshake import Failed
from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsDone, TlsFailed, TunnelFailed
from wsprobe.read.reading import Reading

_RESET = "Connection reset by peer"
_ERRORS = {
    "ECONNREFUSED": "Connection refused",
    "ECONNRESET": _RESET,
    "ECONNABORTED": "Software caused connection abort",
    "ETIMEDOUT": "Connection timed out",
    "EHOSTUNREACH": "No route to host",
    "ENETUNREACH": "Network is unreachable",
    "EHOSTDOWN": "Host is down",
    "ENETDOWN": "Network is down",
    "EADDRNOTAVAIL": "Cannot assign requested address",
    "EACCES": "Permission denied",
    "EPERM": "Operation not permitted",
}
"""Error of connect() -> the C library's text."""

_ALERTS = {
    0: "Close notify",
    10: "Unexpected message",
    20: "Bad record MAC",
    21: "Decryption failed",
    22: "Record overflow",
    30: "Decompression failed",
    40: "Handshake failed",
    41: "No certificate (SSL 3.0)",
    42: "Certificate is bad",
    43: "Certificate is not supported",
    44: "Certificate was revoked",
    45: "Certificate is expired",
    46: "Unknown certificate",
    47: "Illegal parameter",
    48: "CA is unknown",
    49: "Access was denied",
    50: "Decode error",
    51: "Decrypt error",
    60: "Export restriction",
    70: "Error in protocol version",
    71: "Insufficient security",
    80: "Internal error",
    86: "Inappropriate fallback",
    90: "User canceled",
    100: "No renegotiation is allowed",
    109: "An extension was expected but was not seen",
    110: "An unsupported extension was sent",
    111: "Could not retrieve the specified certificate",
    112: "The server name sent was not recognized",
    115: "The SRP/PSK username is missing or not known",
    116: "Certificate is required",
    120: "No supported application protocol could be negotiated",
}
_TLS = "tls/base/gtlsconnection-base.c"


def not_established(reading: Reading, facts: Facts) -> tuple[int, Failed] | None:
    """(microseconds, failure) if no request could be sent; None if one could, or if that is still open."""
    hindered = hindrance(reading)
    if isinstance(hindered, TlsDone):
        return hindered.at, Failed(facts.failures["certificate"], f"the certificate is not good: {_TLS}")
    if hindered is None or given_up(reading):
        return None
    return hindered.at, _failure(hindered, reading, facts)


def _failure(event: Failure, reading: Reading, facts: Facts) -> Failed:
    texts = facts.failures
    match event:
        case ResolveFailed():
            failure = texts["resolve"].format(host=event.host, error=event.error or "Name or service not known")
            return Failed(failure, "the name did not resolve: gio/gthreadedresolver.c")
        case ConnectFailed():
            error = _ERRORS.get(event.errno, event.error)
            failure = texts["connect"].format(host=reading.exchange.plan.target.host, error=error)
            return Failed(failure, "no connection: gio/gsocketclient.c")
        case TunnelFailed():
            return Failed(texts["proxy"], "the proxy opened no tunnel: gio/gsocketclient.c")
    return _tls(event, facts)


def _tls(event: TlsFailed, facts: Facts) -> Failed:
    texts = facts.failures
    if event.kind == "certificate":
        return Failed(texts["certificate"], f"the certificate is not good: {_TLS}")
    if event.kind == "alert":
        name = _ALERTS.get(-1 if event.alert is None else event.alert, "(null)")
        return Failed(texts["alert"].format(alert=name), f"TLS alert {event.alert}: {_TLS}")
    if event.kind == "fin":
        return Failed(texts["handshake-ended"], f"the connection ended in the TLS handshake: {_TLS}")
    if event.kind == "reset":
        error = texts["receive"].format(error=_RESET)
        return Failed(texts["handshake-reset"].format(error=error), f"reset in the TLS handshake: {_TLS}")
    return Failed(texts["handshake"], f"what came is not TLS: {_TLS}")
