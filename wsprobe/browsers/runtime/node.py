"""Node's texts for errors of name resolution, the network and OpenSSL.

Sources: node lib/internal/errors.js (SystemError, DNSException), lib/_tls_wrap.js, src/crypto/crypto_common.cc,
and those of ``hindered.toml``.
"""

from __future__ import annotations

from wsprobe.browsers.hindered import CERTIFICATE_REQUIRED, Hindered, hindered
from wsprobe.exchange import ConnectFailed
from wsprobe.read.reading import Reading
from wsprobe.recording.certificate import common_names, is_address

SOCKET_HANG_UP = ("socket hang up", "ECONNRESET")
_NAMELESS = "Cert does not contain a DNS name"
READ_RESET = ("read ECONNRESET", "ECONNRESET")


def not_connected(reading: Reading) -> tuple[str, str] | None:
    """(message, code) of the error because of which no connection was made; None if one was.

    ``{thread}`` in the message stands for OpenSSL's number for the thread, which changes each time.
    """
    found = hindered(reading, "openssl")
    if found is None:
        return None
    match found.kind:
        case "name":
            return f"getaddrinfo ENOTFOUND {found.host}", "ENOTFOUND"
        case "connect":
            return _refused(reading, found)
        case "tunnel":
            return found.error, "ECONNRESET"
        case "certificate" if found.key == "wrong-name":
            return _wrong_name(found), "ERR_TLS_CERT_ALTNAME_INVALID"
        case "certificate":
            message, code = found.word("node", (found.error, "CERT_UNTRUSTED"))
            return message, code
        case "alert" if found.key:
            return _alert(found, int(found.key))
        case "not-tls":
            return _openssl("0A00010B", "ssl3_get_record:wrong version number:ssl/record/ssl3_record.c:350:")
        case "fin":
            return (
                "Client network socket disconnected before secure TLS connection was established",
                "ECONNRESET",
            )
    return READ_RESET


def _refused(reading: Reading, found: Hindered) -> tuple[str, str]:
    """(message, code) if no address accepted the connection. One address: its own error. Several: an
    AggregateError without a message (net.js)."""
    code = found.key or "ECONNREFUSED"
    *before, last = (event for event in reading.exchange.events if isinstance(event, ConnectFailed))
    port = f":{last.port}" if last.port else ""
    return ("" if before else f"connect {code} {last.address}{port}"), code


def _openssl(number: str, rest: str) -> tuple[str, str]:
    return f"write EPROTO {{thread}}:error:{number}:SSL routines:{rest}\n", "EPROTO"


def _alert(found: Hindered, number: int) -> tuple[str, str]:
    reason = found.word("openssl", f"reason({1000 + number})")
    where = f"ssl3_read_bytes:{reason}:ssl/record/rec_layer_s3.c:1601:SSL alert number {number}"
    message, code = _openssl(f"{0x0A000000 + 1000 + number:08X}", where)
    if number == CERTIFICATE_REQUIRED:
        code = "ERR_SSL_" + reason.upper().replace(" ", "_")
        message = message.removeprefix("write EPROTO ")
    return message, code


def _wrong_name(found: Hindered) -> str:
    """The message of a certificate for another name (lib/tls.js, checkServerIdentity)."""
    host = found.host
    names = found.certificate.names if found.certificate is not None else ()
    start = "Hostname/IP does not match certificate's altnames: "
    if is_address(host):
        addresses = filter(is_address, names)
        return f"{start}IP: {host} is not in the cert's list: {', '.join(addresses)}"
    if all(map(is_address, names)):
        own = ",".join(common_names(found.certificate)) if found.certificate is not None else ""
        return f"{start}Host: {host}. is not cert's CN: {own}" if own else f"{start}{_NAMELESS}"
    listed = ", ".join(f"{'IP Address' if is_address(name) else 'DNS'}:{name}" for name in names)
    return f"{start}Host: {host}. is not in the cert's altnames: {listed}"
