"""What Deno says of a connection that was not made.

Sources: deno ext/websocket/lib.rs (handshake_websocket: over TLS a handshake that failed is tried once more
over HTTP/2), rustls 0.23 src/error.rs and src/msgs/enums.rs for the texts.
"""

from __future__ import annotations

from datetime import datetime

from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.network import hindrance
from wsprobe.exchange import Certificate, ConnectFailed, ResolveFailed, TlsDone, TlsFailed, TunnelFailed
from wsprobe.read.reading import Reading

_ALERTS = {
    0: "CloseNotify",
    10: "UnexpectedMessage",
    20: "BadRecordMac",
    21: "DecryptionFailed",
    22: "RecordOverflow",
    30: "DecompressionFailure",
    40: "HandshakeFailure",
    41: "NoCertificate",
    42: "BadCertificate",
    43: "UnsupportedCertificate",
    44: "CertificateRevoked",
    45: "CertificateExpired",
    46: "CertificateUnknown",
    47: "IllegalParameter",
    48: "UnknownCA",
    49: "AccessDenied",
    50: "DecodeError",
    51: "DecryptError",
    60: "ExportRestriction",
    70: "ProtocolVersion",
    71: "InsufficientSecurity",
    80: "InternalError",
    86: "InappropriateFallback",
    90: "UserCanceled",
    100: "NoRenegotiation",
    109: "MissingExtension",
    110: "UnsupportedExtension",
    111: "CertificateUnobtainable",
    112: "UnrecognisedName",
    113: "BadCertificateStatusResponse",
    114: "BadCertificateHashValue",
    115: "UnknownPSKIdentity",
    116: "CertificateRequired",
    120: "NoApplicationProtocol",
}
_AFTER_HANDSHAKE = 116
"""Comes when the client's handshake is done (RFC 8446 section 4.4.2.4): rustls has connected by then."""


def not_connected(reading: Reading, facts: Facts) -> str | None:
    """What kept the request from being answered, None if nothing did."""
    said = facts.failures
    match hindrance(reading):
        case ResolveFailed():
            return said["dns"]
        case ConnectFailed():
            return said["connect"]
        case TlsFailed() as failure:
            return _tls(reading, failure, facts)
        case TlsDone():
            return said["certificate"].format(why="UnknownIssuer")
        case TunnelFailed():
            return said["connect"]
        case None:
            return None


def _tls(reading: Reading, failure: TlsFailed, facts: Facts) -> str:
    said = facts.failures
    match failure.kind:
        case "certificate":
            return said["certificate"].format(why=_certificate(reading, failure))
        case "alert" if failure.alert == _AFTER_HANDSHAKE:
            return said["no-h2"]
        case "alert" if failure.alert is not None:
            return said["alert"].format(alert=_ALERTS.get(failure.alert, f"Unknown(0x{failure.alert:x})"))
        case "not-tls":
            return said["not-tls"]
        case "fin":
            return said["tls-eof"]
        case _:
            return said["io-reset"]


def _certificate(reading: Reading, failure: TlsFailed) -> str:
    """``{seconds}`` stands for the time now, and for how long ago that is."""
    shown = failure.certificate
    match failure.reason:
        case "expired" if shown is not None:
            after = _seconds(shown.not_after)
            return (
                "certificate expired: verification time {seconds} (UNIX), "
                f"but certificate is not valid after {after} ({{seconds}} seconds ago)"
            )
        case "not-yet-valid" if shown is not None:
            before = _seconds(shown.not_before)
            return (
                "certificate not valid yet: verification time {seconds} (UNIX), "
                f"but certificate is not valid before {before} ({{seconds}} seconds in future)"
            )
        case "wrong-name" if shown is not None:
            host = reading.exchange.plan.target.host
            return f'certificate not valid for name "{host}"; certificate {_valid_for(shown)}'
        case _:
            return "UnknownIssuer"


def _valid_for(shown: Certificate) -> str:
    names = [f"IpAddress({name})" if _is_ip(name) else f'DnsName("{name}")' for name in shown.names]
    if not names:
        return "is not valid for any names (according to its subjectAltName extension)"
    *others, last = names
    return f"is only valid for {', '.join(others)} or {last}" if others else f"is only valid for {last}"


def _is_ip(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _seconds(moment: str) -> int:
    """Since 1970; 0 where the certificate has no such time."""
    try:
        return round(datetime.fromisoformat(moment).timestamp())
    except ValueError:
        return 0
