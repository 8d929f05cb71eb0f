"""What Bun says of a connection that was not made: in Node's words, but with BoringSSL's numbers."""

from __future__ import annotations

from wsprobe.browsers.bun.facts import Facts
from wsprobe.browsers.network import hindrance
from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsDone, TlsFailed, TunnelFailed
from wsprobe.read.reading import Reading

_CERTIFICATE = {
    "unknown-ca": ("unable to verify the first certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    "self-signed": ("self signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"),
    "expired": ("certificate has expired", "CERT_HAS_EXPIRED"),
    "not-yet-valid": ("certificate is not yet valid", "CERT_NOT_YET_VALID"),
    "wrong-name": ("Hostname/IP does not match certificate's altnames", "ERR_TLS_CERT_ALTNAME_INVALID"),
}
_ALERTS = {
    0: "SSLV3_ALERT_CLOSE_NOTIFY",
    10: "SSLV3_ALERT_UNEXPECTED_MESSAGE",
    20: "SSLV3_ALERT_BAD_RECORD_MAC",
    21: "TLSV1_ALERT_DECRYPTION_FAILED",
    22: "TLSV1_ALERT_RECORD_OVERFLOW",
    30: "SSLV3_ALERT_DECOMPRESSION_FAILURE",
    40: "SSLV3_ALERT_HANDSHAKE_FAILURE",
    41: "SSLV3_ALERT_NO_CERTIFICATE",
    42: "SSLV3_ALERT_BAD_CERTIFICATE",
    43: "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    44: "SSLV3_ALERT_CERTIFICATE_REVOKED",
    45: "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    46: "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    47: "SSLV3_ALERT_ILLEGAL_PARAMETER",
    48: "TLSV1_ALERT_UNKNOWN_CA",
    49: "TLSV1_ALERT_ACCESS_DENIED",
    50: "TLSV1_ALERT_DECODE_ERROR",
    51: "TLSV1_ALERT_DECRYPT_ERROR",
    60: "TLSV1_ALERT_EXPORT_RESTRICTION",
    70: "TLSV1_ALERT_PROTOCOL_VERSION",
    71: "TLSV1_ALERT_INSUFFICIENT_SECURITY",
    80: "TLSV1_ALERT_INTERNAL_ERROR",
    86: "TLSV1_ALERT_INAPPROPRIATE_FALLBACK",
    90: "TLSV1_ALERT_USER_CANCELLED",
    100: "TLSV1_ALERT_NO_RENEGOTIATION",
    110: "TLSV1_ALERT_UNSUPPORTED_EXTENSION",
    112: "TLSV1_ALERT_UNRECOGNIZED_NAME",
    115: "TLSV1_ALERT_UNKNOWN_PSK_IDENTITY",
    116: "TLSV1_ALERT_CERTIFICATE_REQUIRED",
    120: "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
}
_CUT = "Client network socket disconnected before secure TLS connection was established"


def not_connected(reading: Reading, facts: Facts) -> tuple[str, str] | None:
    """(what failed, code) of what kept the request from being answered, None if nothing did."""
    match hindrance(reading):
        case ResolveFailed():
            return _filled(facts, "refused", code="ENOTFOUND")
        case ConnectFailed() as failure:
            return _filled(facts, "refused", code=failure.errno or "ECONNREFUSED")
        case TlsFailed() as failure:
            return _tls(failure, facts)
        case TlsDone() as done:
            return _filled(facts, "tls", why=done.problem or "", code="CERT_UNTRUSTED")
        case TunnelFailed():
            return facts.failures["ended"]
        case None:
            return None


def _filled(facts: Facts, key: str, **values: str) -> tuple[str, str]:
    text, code = facts.failures[key]
    return text.format(**values), code.format(**values)


def _tls(failure: TlsFailed, facts: Facts) -> tuple[str, str]:
    match failure.kind:
        case "certificate":
            why, code = _CERTIFICATE.get(failure.reason, (failure.error, "CERT_UNTRUSTED"))
            return _filled(facts, "tls", why=why, code=code)
        case "alert" if failure.alert is not None:
            name = _ALERTS.get(failure.alert, f"reason({1000 + failure.alert})")
            why = f"error:{0x10000000 + 1000 + failure.alert:08x}:SSL routines:OPENSSL_internal:{name}"
            return _filled(facts, "tls", why=why, code="EPROTO")
        case "not-tls":
            why = "error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER"
            return _filled(facts, "tls", why=why, code="EPROTO")
        case "fin":
            return _filled(facts, "tls", why=_CUT, code="ECONNRESET")
        case _:
            return facts.failures["reset"]
