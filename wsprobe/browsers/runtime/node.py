"""Errors as Node words them: of name resolution, of the network, of OpenSSL.

Sources: node lib/internal/errors.js (SystemError, DNSException), lib/_tls_wrap.js, src/crypto/crypto_common.cc;
OpenSSL 3.0 ssl/ssl_err.c and include/openssl/x509_vfy.h for the texts.
"""

from __future__ import annotations

from wsprobe.browsers.network import hindrance
from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsDone, TlsFailed, TunnelFailed
from wsprobe.read.reading import Reading

SOCKET_HANG_UP = ("socket hang up", "ECONNRESET")
READ_RESET = ("read ECONNRESET", "ECONNRESET")

_CERTIFICATE = {
    "unknown-ca": ("unable to verify the first certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    "self-signed": ("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"),
    "expired": ("certificate has expired", "CERT_HAS_EXPIRED"),
    "not-yet-valid": ("certificate is not yet valid", "CERT_NOT_YET_VALID"),
}
_ALERTS = {
    10: "sslv3 alert unexpected message",
    20: "sslv3 alert bad record mac",
    22: "tlsv1 alert record overflow",
    40: "sslv3 alert handshake failure",
    42: "sslv3 alert bad certificate",
    43: "sslv3 alert unsupported certificate",
    44: "sslv3 alert certificate revoked",
    45: "sslv3 alert certificate expired",
    46: "sslv3 alert certificate unknown",
    47: "sslv3 alert illegal parameter",
    48: "tlsv1 alert unknown ca",
    49: "tlsv1 alert access denied",
    50: "tlsv1 alert decode error",
    51: "tlsv1 alert decrypt error",
    70: "tlsv1 alert protocol version",
    71: "tlsv1 alert insufficient security",
    80: "tlsv1 alert internal error",
    86: "tlsv1 alert inappropriate fallback",
    90: "tlsv1 alert user cancelled",
    109: "tlsv13 alert missing extension",
    110: "tlsv1 unsupported extension",
    112: "tlsv1 unrecognized name",
    115: "tlsv1 unknown psk identity",
    116: "tlsv13 alert certificate required",
    120: "tlsv1 alert no application protocol",
}
_AFTER_HANDSHAKE = 116
"""RFC 8446 section 4.4.2.4: comes when the client's handshake is done, so it is a read that fails."""


def not_connected(reading: Reading) -> tuple[str, str] | None:
    """(message, code) of the error that kept the request from being answered; None if nothing did.

    ``{thread}`` stands for what OpenSSL calls the thread: another number each time.
    """
    failure = hindrance(reading)
    match failure:
        case ResolveFailed():
            return f"getaddrinfo ENOTFOUND {failure.host}", "ENOTFOUND"
        case ConnectFailed():
            return _refused(reading, failure)
        case TlsFailed():
            return _tls(reading, failure)
        case TlsDone():
            return failure.problem or "", "CERT_UNTRUSTED"
        case TunnelFailed():
            return failure.error, "ECONNRESET"
        case None:
            return None


def _refused(reading: Reading, failure: ConnectFailed) -> tuple[str, str]:
    """One address has its own error; of several, an AggregateError without a message is made (net.js)."""
    code = failure.errno or "ECONNREFUSED"
    port = f":{failure.port}" if failure.port else ""
    tried = sum(isinstance(event, ConnectFailed) for event in reading.exchange.events)
    return ("" if tried > 1 else f"connect {code} {failure.address}{port}"), code


def _tls(reading: Reading, failure: TlsFailed) -> tuple[str, str]:
    if failure.kind == "certificate":
        if failure.reason == "wrong-name":
            return _wrong_name(reading, failure), "ERR_TLS_CERT_ALTNAME_INVALID"
        return _CERTIFICATE.get(failure.reason, (failure.error, "CERT_UNTRUSTED"))
    if failure.kind == "alert" and failure.alert is not None:
        return _alert(failure.alert)
    if failure.kind == "not-tls":
        return _openssl("0A00010B", "ssl3_get_record:wrong version number:ssl/record/ssl3_record.c:350:")
    if failure.kind == "fin":
        return "Client network socket disconnected before secure TLS connection was established", "ECONNRESET"
    return READ_RESET


def _openssl(number: str, rest: str) -> tuple[str, str]:
    return f"write EPROTO {{thread}}:error:{number}:SSL routines:{rest}\n", "EPROTO"


def _alert(number: int) -> tuple[str, str]:
    reason = _ALERTS.get(number, f"reason({1000 + number})")
    where = f"ssl3_read_bytes:{reason}:ssl/record/rec_layer_s3.c:1601:SSL alert number {number}"
    message, code = _openssl(f"{0x0A000000 + 1000 + number:08X}", where)
    if number == _AFTER_HANDSHAKE:
        code = "ERR_SSL_" + reason.upper().replace(" ", "_")
        message = message.removeprefix("write EPROTO ")
    return message, code


def _wrong_name(reading: Reading, failure: TlsFailed) -> str:
    """checkServerIdentity in lib/tls.js."""
    host = reading.exchange.plan.target.host
    names = failure.certificate.names if failure.certificate is not None else ()
    start = "Hostname/IP does not match certificate's altnames: "
    if host.replace(".", "").isdigit() or ":" in host:
        addresses = [name for name in names if name.replace(".", "").isdigit() or ":" in name]
        return f"{start}IP: {host} is not in the cert's list: {', '.join(addresses)}"
    listed = ", ".join(f"DNS:{name}" for name in names)
    return f"{start}Host: {host}. is not in the cert's altnames: {listed}"
