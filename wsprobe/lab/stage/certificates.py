"""Certificates as the stage has them: values only, nothing is signed."""

from __future__ import annotations

from collections.abc import Mapping

from wsprobe.exchange import Certificate
from wsprobe.lab.listeners import Fault

NOT_VALID: Mapping[Fault, str] = {
    "unknown-ca": "unable to get local issuer certificate",
    "expired": "certificate has expired",
    "wrong-name": "IP address mismatch, certificate is not valid for '{}'.",
}
"""Fault -> what OpenSSL says of it, with the host's name filled in."""


def certificate(host: str, fault: Fault) -> Certificate:
    """Return what *host* shows of itself, with that *fault*."""
    return Certificate(
        der=b"",
        subject="O=wsprobe lab",
        issuer="O=wsprobe lab, authority",
        names=("other.example",) if fault == "wrong-name" else (host,),
        not_before="2020-01-01T00:00:00Z",
        not_after="2020-01-31T00:00:00Z" if fault == "expired" else "2040-01-01T00:00:00Z",
    )
