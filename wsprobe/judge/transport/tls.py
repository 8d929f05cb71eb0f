"""TLS: certificates, alerts, and peers that speak something else (RFC 6455 section 4.1, RFC 8446, RFC 5280)."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.certificate import faults
from wsprobe.exchange import Certificate, TlsDone, TlsFailed
from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import FINDINGS, found, shown
from wsprobe.judge.subject import how
from wsprobe.read.guess import looks_like
from wsprobe.read.reading import Reading

_REASONS = {
    "expired": "certificate-expired",
    "not-yet-valid": "certificate-not-yet-valid",
    "unknown-ca": "certificate-unknown-ca",
    "self-signed": "certificate-self-signed",
    "wrong-name": "certificate-wrong-name",
}

_ALERTS = {
    40: "tls-alert-handshake-failure",
    70: "tls-alert-protocol-version",
    112: "tls-alert-unrecognized-name",
    120: "tls-alert-no-application-protocol",
    # What a server can only mean of the client's certificate (RFC 8446 section 6.2).
    **dict.fromkeys((41, 42, 43, 44, 45, 46, 48, 116), "tls-alert-certificate-required"),
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
    """How the TLS handshake failed, or what was let pass of it."""
    for event in reading.exchange.events:
        if isinstance(event, TlsDone) and event.problem:
            said = f"verification was switched off; it would have said: {_text(event.problem)}"
            yield found("certificate-unchecked", _with(event.certificate, said))
        elif isinstance(event, TlsFailed) and how(reading) != "timeout":
            yield _failed(reading, event)
            yield from _besides(reading, event)
    if how(reading) == "truncated":
        yield found("tls-truncated", "the connection was closed without TLS close_notify")


def _failed(reading: Reading, event: TlsFailed) -> Finding:
    said = _text(event.error).rstrip(".") or "no reason is recorded"
    match event.kind:
        case "certificate":
            return _certificate(reading, event, said)
        case "alert":
            return found(_ALERTS.get(event.alert or 0, "tls-alert"), said)
        case "not-tls":
            spoken = _SPOKEN.get(looks_like(event.received), "something else")
            begins = event.received.split(b"\n", 1)[0].rstrip(b"\r")[:80]
            return found(
                "tls-to-plain-port", f"what came back is not TLS but {spoken}: {shown(begins)}", received=begins
            )
        case "fin" | "reset":
            return found("tls-dropped", said)
        case _:
            return found("tls-error", said)


def _besides(reading: Reading, event: TlsFailed) -> Iterator[Finding]:
    """The faults of the certificate that verification did not come to."""
    if event.kind != "certificate" or event.certificate is None:
        return
    for reason, words in faults(event.certificate, _meant(reading), reading.exchange.started):
        if reason != event.reason:
            yield found(_REASONS[reason], f"besides, the certificate {_text(words)}")


def _meant(reading: Reading) -> str:
    """The name that the certificate is to be for."""
    return reading.exchange.plan.tls.server_name or reading.exchange.plan.target.host


def _certificate(reading: Reading, event: TlsFailed, said: str) -> Finding:
    host = _meant(reading)
    shown_by = event.certificate
    id = _REASONS.get(event.reason, "certificate-invalid")
    expected = received = None
    if shown_by is not None and id == "certificate-wrong-name":
        expected, received = host, ", ".join(shown_by.names[:_NAMES_LISTED])
    elif shown_by is not None and id == "certificate-expired":
        received = shown_by.not_after
    elif shown_by is not None and id == "certificate-not-yet-valid":
        received = shown_by.not_before
    title = FINDINGS[id].title
    words = title[0].lower() + title[1:]
    return found(
        id,
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
    return f"{said}; " + ", ".join(f"{name} {_text(value)}" for name, value in parts if value)


def _text(words: str) -> str:
    return shown(words.encode("utf-8", "surrogatepass"))
