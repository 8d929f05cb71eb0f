"""TLS: certificates, alerts, ends, and peers that speak another protocol (RFC 8446, RFC 5280)."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.certificate import faults
from wsprobe.exchange import Certificate, TlsDone, TlsFailed
from wsprobe.judge.finding import Entry, Finding, shown, shown_words
from wsprobe.judge.subject import has, how
from wsprobe.read.looks import looks_like
from wsprobe.read.reading import Reading

_TLS = "RFC 6455 section 4.1, first list, item 5"

CERTIFICATE_EXPIRED = Entry(
    "certificate-expired",
    "fail",
    _TLS + "; RFC 5280 section 6.1.3",
    title="The certificate has expired",
    meaning="Its last day has passed, so no client trusts it.",
    usual="a renewal that failed, or a renewed certificate that the server did not load",
    advice="Renew the certificate and reload the server.",
)
CERTIFICATE_NOT_YET_VALID = Entry(
    "certificate-not-yet-valid",
    "fail",
    _TLS + "; RFC 5280 section 6.1.3",
    title="The certificate is not valid yet",
    meaning="Its first day is in the future.",
    usual="a wrong clock, here or where the certificate was made",
    advice="Check both clocks.",
)
CERTIFICATE_UNKNOWN_CA = Entry(
    "certificate-unknown-ca",
    "fail",
    _TLS + "; RFC 5280 section 6.1",
    title="The certificate's issuer is not trusted",
    meaning="No authority trusted on this machine has signed this certificate, directly or through others.",
    usual="a private authority, a proxy that intercepts TLS, or a server that does not send its intermediate "
    "certificate",
    advice="Have the server send the whole chain, or trust the authority with `--cacert`.",
)
CERTIFICATE_SELF_SIGNED = Entry(
    "certificate-self-signed",
    "fail",
    _TLS + "; RFC 5280 section 6.1",
    title="The certificate is self-signed",
    meaning="It is signed with its own key, so only clients set up to trust it accept it.",
    usual="a development certificate, or a server's default one",
    advice="Use a certificate from an authority, or trust this one with `--cacert`.",
)
CERTIFICATE_WRONG_NAME = Entry(
    "certificate-wrong-name",
    "fail",
    _TLS + "; RFC 9525 section 6",
    title="The certificate is for other names",
    meaning="None of its names is the host in the URL.",
    usual="a default certificate of a shared server, or a name that was added later",
    advice="Use one of the certificate's names, or have this one added.",
)
CERTIFICATE_INVALID = Entry(
    "certificate-invalid",
    "fail",
    _TLS + "; RFC 5280 section 6",
    title="The certificate is not acceptable",
    meaning="Verification failed for another reason; the text comes from the TLS library.",
    usual="a certificate not meant for servers, a weak key, or a chain in the wrong order",
    advice="Read the reason, and look at every certificate of the chain.",
)
CERTIFICATE_UNCHECKED = Entry(
    "certificate-unchecked",
    "warn",
    _TLS,
    title="The certificate would not have been accepted",
    meaning="Verification was switched off (`-k`). A browser would have stopped here.",
    usual="a development certificate",
    advice="Try again without `-k`: only that shows what users see.",
)
PINNED_KEY_MISMATCH = Entry(
    "pinned-key-mismatch",
    "fail",
    _TLS,
    title="The server's key is not the pinned one",
    meaning="The certificate has another public key than the one that `--pinnedpubkey` names. Nothing was "
    "sent.",
    usual="a certificate that was renewed with a new key, another server, or a proxy that reads TLS on the way",
    advice="Find out why the key changed before you pin the new one.",
)
TLS_ALERT = Entry(
    "tls-alert",
    "fail",
    _TLS + "; RFC 8446 section 6.2",
    title="The server broke off TLS with an alert",
    meaning="The server refused the TLS handshake; the number of the alert says why.",
    usual="TLS versions, ciphers or names that the two sides do not share",
    advice="Look in the server's TLS log for the alert.",
)
TLS_ALERT_HANDSHAKE_FAILURE = Entry(
    "tls-alert-handshake-failure",
    "fail",
    _TLS + "; RFC 8446 section 6.2",
    title="The server found no TLS settings in common",
    meaning="Alert 40, handshake_failure: no cipher, group or signature suits both sides.",
    usual="a very old or very strict server, or one that requires a client certificate",
    advice="Compare both sides' versions and ciphers; try `--tls-min` and `--tls-max`.",
)
TLS_ALERT_PROTOCOL_VERSION = Entry(
    "tls-alert-protocol-version",
    "fail",
    _TLS + "; RFC 8446 section 6.2",
    title="The server does not speak the TLS versions that were offered",
    meaning="Alert 70, protocol_version.",
    usual="a server limited to TLS 1.0 or 1.1, or to TLS 1.3",
    advice="Try `--tls-min` and `--tls-max`; update whichever side is older.",
)
TLS_ALERT_UNRECOGNIZED_NAME = Entry(
    "tls-alert-unrecognized-name",
    "fail",
    _TLS + "; RFC 6066 section 3",
    title="The server does not know the requested name",
    meaning="Alert 112, unrecognized_name: the server has no certificate or site for the name in SNI.",
    usual="a name that is not configured on that server, or a URL with an IP address",
    advice="Use the server's own name, or `--servername`.",
)
TLS_ALERT_NO_APPLICATION_PROTOCOL = Entry(
    "tls-alert-no-application-protocol",
    "fail",
    _TLS + "; RFC 7301 section 3.2",
    title="The server does not speak HTTP/1.1 here",
    meaning="Alert 120, no_application_protocol: the server accepts none of the protocols that ALPN offered "
    "(http/1.1).",
    usual="a port for HTTP/2 or another protocol only",
    advice="Use a port that speaks HTTP/1.1.",
)
TLS_ALERT_CERTIFICATE_REQUIRED = Entry(
    "tls-alert-certificate-required",
    "fail",
    _TLS + "; RFC 8446 section 6.2",
    title="The server requires a client certificate",
    meaning="The server requires a certificate from the client, or rejected the one it received.",
    usual="mutual TLS: `--cert` and `--key` are missing, or the certificate is from the wrong authority",
    advice="Give a client certificate with `--cert` and `--key`.",
)
TLS_DROPPED = Entry(
    "tls-dropped",
    "fail",
    _TLS,
    title="The connection ended during the TLS handshake",
    meaning="The server closed or reset the connection before it had sent anything in TLS.",
    usual="a port that speaks no TLS, a firewall that blocks the name, or a load balancer without a "
    "server behind it",
    advice="Try `ws://` on that port; look in the logs of the server and the load balancer.",
)
TLS_ERROR = Entry(
    "tls-error",
    "fail",
    _TLS,
    title="TLS could not be set up",
    meaning="The TLS library gave up; its text says why.",
    usual="TLS options on the command line that do not suit the server, or a broken TLS message",
    advice="Read the text of the TLS library; try without TLS options.",
)
TLS_TO_PLAIN_PORT = Entry(
    "tls-to-plain-port",
    "fail",
    _TLS,
    title="TLS spoken to a port that does not speak it",
    meaning="The URL says `wss:`, but what came back is not TLS.",
    usual="`wss://` used for a port without TLS, or TLS that ends at a proxy before this server",
    advice="Use `ws://` for that port, or the port that speaks TLS.",
)
TLS_TRUNCATED = Entry(
    "tls-truncated",
    "note",
    "RFC 8446 section 6.1",
    title="TLS ended without close_notify",
    meaning="TCP closed before TLS ended. That is common, but the last bytes may be missing.",
    usual="a server that closes its socket without closing TLS",
    advice="Nothing needs to be done, unless the end of the answer or session is missing.",
)
TIMEOUT_TLS = Entry(
    "timeout-tls",
    "fail",
    _TLS,
    title="The time limit ran out in the TLS handshake",
    meaning="TCP is connected, but the server did not finish the TLS handshake.",
    usual="a port that speaks no TLS and waits for plain text",
    advice="Try `ws://` on that port.",
)


_REASONS = {
    "expired": CERTIFICATE_EXPIRED,
    "not-yet-valid": CERTIFICATE_NOT_YET_VALID,
    "unknown-ca": CERTIFICATE_UNKNOWN_CA,
    "self-signed": CERTIFICATE_SELF_SIGNED,
    "wrong-name": CERTIFICATE_WRONG_NAME,
}

_ALERTS = {
    40: TLS_ALERT_HANDSHAKE_FAILURE,
    70: TLS_ALERT_PROTOCOL_VERSION,
    112: TLS_ALERT_UNRECOGNIZED_NAME,
    120: TLS_ALERT_NO_APPLICATION_PROTOCOL,
    # Alerts from a server that can only be about the client's certificate (RFC 8446 section 6.2).
    **dict.fromkeys((41, 42, 43, 44, 45, 46, 48, 116), TLS_ALERT_CERTIFICATE_REQUIRED),
}

_SPOKEN = {
    "": "HTTP",
    "ssh": "SSH",
    "smtp": "SMTP",
    "ftp": "FTP",
    "http2": "HTTP/2",
    "text": "plain text",
    "noise": "no protocol known here",
}

_NAMES_LISTED = 12


def tls(reading: Reading) -> Iterator[Finding]:
    """Report how the TLS handshake failed, or which fault was let pass."""
    for event in reading.exchange.events if has(reading, TlsDone, TlsFailed) else ():
        if isinstance(event, TlsDone) and event.problem:
            said = f"verification was switched off; it would have reported: {shown_words(event.problem)}"
            yield CERTIFICATE_UNCHECKED.found(_with(event.certificate, said))
        elif isinstance(event, TlsFailed) and how(reading) != "timeout":
            yield _failed(reading, event)
            yield from _besides(reading, event)
    if how(reading) == "truncated":
        yield TLS_TRUNCATED.found("the connection was closed without TLS close_notify")


def _failed(reading: Reading, event: TlsFailed) -> Finding:
    said = shown_words(event.error).rstrip(".") or "no reason is recorded"
    match event.kind:
        case "certificate":
            return _certificate(reading, event, said)
        case "pinned-key":
            return PINNED_KEY_MISMATCH.found(_with(event.certificate, said))
        case "alert":
            return _ALERTS.get(event.alert or 0, TLS_ALERT).found(said)
        case "not-tls":
            spoken = _SPOKEN.get(looks_like(event.received), "something else")
            begins = event.received.split(b"\n", 1)[0].rstrip(b"\r")[:80]
            return TLS_TO_PLAIN_PORT.found(
                f"what came back is not TLS but {spoken}: {shown(begins)}", received=begins
            )
        case "fin" | "reset":
            return TLS_DROPPED.found(said)
        case _:
            return TLS_ERROR.found(said)


def _besides(reading: Reading, event: TlsFailed) -> Iterator[Finding]:
    """Report the faults of the certificate that verification did not reach."""
    if event.kind != "certificate" or event.certificate is None:
        return
    for reason, words in faults(event.certificate, _meant(reading), reading.exchange.started):
        if reason != event.reason:
            yield _REASONS[reason].found(f"also: the certificate {shown_words(words)}")


def _meant(reading: Reading) -> str:
    """Return the name that the certificate must have."""
    return reading.exchange.plan.tls.server_name or reading.exchange.plan.target.host


def _certificate(reading: Reading, event: TlsFailed, said: str) -> Finding:
    host = _meant(reading)
    shown_by = event.certificate
    entry = _REASONS.get(event.reason, CERTIFICATE_INVALID)
    expected = received = None
    if shown_by is not None and entry == CERTIFICATE_WRONG_NAME:
        expected, received = host, ", ".join(shown_by.names[:_NAMES_LISTED])
    elif shown_by is not None and entry == CERTIFICATE_EXPIRED:
        received = shown_by.not_after
    elif shown_by is not None and entry == CERTIFICATE_NOT_YET_VALID:
        received = shown_by.not_before
    title = entry.title
    words = title[0].lower() + title[1:]
    return entry.found(
        _with(shown_by, words if said.lower() in words else f"{words} ({said})"),
        expected=None if expected is None else expected.encode(),
        received=None if received is None else received.encode(),
    )


def _with(certificate: Certificate | None, said: str) -> str:
    if certificate is None:
        return said
    names = ", ".join(certificate.names[:_NAMES_LISTED])
    more = len(certificate.names) - _NAMES_LISTED
    names += f" and {more} more" if more > 0 else ""
    parts = (
        ("subject", certificate.subject),
        ("issuer", certificate.issuer),
        ("names", names),
        ("valid from", certificate.not_before),
        ("until", certificate.not_after),
    )
    return f"{said}; " + ", ".join(f"{name} {shown_words(value)}" for name, value in parts if value)
