"""TLS: certificates, alerts, ends, and peers that speak another protocol (RFC 8446, RFC 5280)."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.exchange import Certificate, TlsDone, TlsFailed
from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, shown, shown_words
from wsprobe.judge.subject import has, how
from wsprobe.read.looks import looks_like
from wsprobe.read.reading import Reading
from wsprobe.recording.certificate import faults

_REASONS = {
    "expired": F.CERTIFICATE_EXPIRED,
    "not-yet-valid": F.CERTIFICATE_NOT_YET_VALID,
    "unknown-ca": F.CERTIFICATE_UNKNOWN_CA,
    "self-signed": F.CERTIFICATE_SELF_SIGNED,
    "wrong-name": F.CERTIFICATE_WRONG_NAME,
}

_ALERTS = {
    40: F.TLS_ALERT_HANDSHAKE_FAILURE,
    70: F.TLS_ALERT_PROTOCOL_VERSION,
    112: F.TLS_ALERT_UNRECOGNIZED_NAME,
    120: F.TLS_ALERT_NO_APPLICATION_PROTOCOL,
    # Alerts from a server that can only be about the client's certificate (RFC 8446 section 6.2).
    **dict.fromkeys((41, 42, 43, 44, 45, 46, 48, 116), F.TLS_ALERT_CERTIFICATE_REQUIRED),
}

_HANDSHAKE_FAILURE = 40

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
    failed = set[tuple[str, str]]()  # a browser tries again, and fails in the same way
    for event in reading.exchange.events if has(reading, TlsDone, TlsFailed) else ():
        if isinstance(event, TlsDone) and event.problem:
            said = f"verification was switched off; it would have reported: {shown_words(event.problem)}"
            yield F.CERTIFICATE_UNCHECKED.found(_with(event.certificate, said))
        elif isinstance(event, TlsFailed) and how(reading) != "timeout":
            if (event.kind, event.error) in failed:
                continue
            failed.add((event.kind, event.error))
            yield _failed(reading, event)
            yield from _besides(reading, event)
    if how(reading) == "truncated":
        yield F.TLS_TRUNCATED.found("the connection was closed without TLS close_notify")


def _failed(reading: Reading, event: TlsFailed) -> Finding:
    said = shown_words(event.error).rstrip(".") or "no reason is recorded"
    match event.kind:
        case "certificate":
            return _certificate(reading, event, said)
        case "pinned-key":
            return F.PINNED_KEY_MISMATCH.found(_with(event.certificate, said))
        case "alert":
            if event.alert == _HANDSHAKE_FAILURE and _requested(event.received):
                asked = f"{said}, after it requested a client certificate"
                return F.TLS_ALERT_CERTIFICATE_REQUIRED.found(asked)
            return _ALERTS.get(event.alert or 0, F.TLS_ALERT).found(said)
        case "not-tls":
            spoken = _SPOKEN.get(looks_like(event.received), "something else")
            begins = event.received.split(b"\n", 1)[0].rstrip(b"\r")[:80]
            return F.TLS_TO_PLAIN_PORT.found(
                f"what came back is not TLS but {spoken}: {shown(begins)}", received=begins
            )
        case "fin" | "reset":
            after = event.certificate is not None
            return (F.TLS_DROPPED_LATE if after else F.TLS_DROPPED).found(said)
        case _:
            return F.TLS_ERROR.found(said)


def _requested(received: bytes) -> bool:
    """Whether the server's messages, in the clear up to TLS 1.2, have a CertificateRequest (RFC 5246 section
    7.4.4). If the client then sends none, it may refuse with handshake_failure (section 7.4.6)."""
    messages, at = b"", 0
    while received[at : at + 1] == b"\x16":
        end = at + 5 + int.from_bytes(received[at + 3 : at + 5])
        messages += received[at + 5 : end]
        at = end
    at = 0
    while at < len(messages) and messages[at] != 13:
        at += 4 + int.from_bytes(messages[at + 1 : at + 4])
    return at < len(messages)


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
    entry = _REASONS.get(event.reason, F.CERTIFICATE_INVALID)
    expected = received = None
    if shown_by is not None and entry == F.CERTIFICATE_WRONG_NAME:
        expected, received = host, ", ".join(shown_by.names[:_NAMES_LISTED])
    elif shown_by is not None and entry == F.CERTIFICATE_EXPIRED:
        received = shown_by.not_after
    elif shown_by is not None and entry == F.CERTIFICATE_NOT_YET_VALID:
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
