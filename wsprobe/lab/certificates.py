"""Makes good and bad certificates when needed, with trustme (extra ``lab``)."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime
from functools import cached_property
from types import ModuleType
from typing import Any

from wsprobe.lab.ports import Fault
from wsprobe.version import extra

SUBDOMAINS = "*.lab.localhost"
"""The names of one site in one certificate, which may share a connection over HTTP/2."""


class NoCertificates(RuntimeError):
    """trustme is not installed. The message is one line with the command to install it."""


class Certificates:
    """Two authorities, only one of them trusted, and the TLS contexts made from them."""

    def __init__(self) -> None:
        """Raises NoCertificates."""
        self._trustme = _trustme()
        self._contexts: dict[tuple[Fault, str, tuple[str, ...]], ssl.SSLContext] = {}

    @cached_property
    def _authority(self) -> Any:
        return self._trustme.CA(organization_name="wsprobe lab")

    @cached_property
    def _stranger(self) -> Any:
        return self._trustme.CA(organization_name="an authority that nobody trusts")

    @property
    def authority(self) -> bytes:
        """The authority's certificate as PEM. Clients that trust it accept the good certificates."""
        pem: bytes = self._authority.cert_pem.bytes()
        return pem

    def context(self, fault: Fault, host: str, alpn: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLContext:
        """The server's TLS context for clients that connect to *host*, with *fault*. *alpn*: best first."""
        if (fault, host, alpn) not in self._contexts:
            self._contexts[fault, host, alpn] = self._context(fault, host, alpn)
        return self._contexts[fault, host, alpn]

    def _context(self, fault: Fault, host: str, alpn: tuple[str, ...]) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if alpn:
            made.set_alpn_protocols(list(alpn))
        issuer = self._stranger if fault == "unknown-ca" else self._authority
        names = ("other.example",) if fault == "wrong-name" else (host, "localhost", SUBDOMAINS)
        dates = {}
        if fault == "expired":
            dates = {"not_before": _day(2020, 1, 1), "not_after": _day(2020, 1, 31)}
        if fault == "common-name":
            self._by_common_name("localhost").configure_cert(made)
        else:
            issuer.issue_cert(*names, **dates).configure_cert(made)
        if fault == "client-certificate":
            self._authority.configure_trust(made)
            made.verify_mode = ssl.CERT_REQUIRED
        if fault == "old-version":
            made.set_ciphers("DEFAULT@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                made.minimum_version = ssl.TLSVersion.TLSv1
                made.maximum_version = ssl.TLSVersion.TLSv1_1
        return made

    def _by_common_name(self, name: str) -> Any:
        """A certificate without subjectAltName, which trustme always writes."""
        from cryptography import x509  # trustme has imported it by now
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

        made = self._authority.issue_cert(name, common_name=name)
        old = x509.load_pem_x509_certificate(made.cert_chain_pems[0].bytes())
        own: Any = load_pem_private_key(self._authority.private_key_pem.bytes(), None)
        new = x509.CertificateBuilder(
            old.issuer,
            old.subject,
            old.public_key(),
            old.serial_number,
            old.not_valid_before_utc,
            old.not_valid_after_utc,
            [each for each in old.extensions if each.oid != x509.SubjectAlternativeName.oid],
        )
        signed = new.sign(own, SHA256())
        return self._trustme.LeafCert(made.private_key_pem.bytes(), signed.public_bytes(Encoding.PEM), [])


def _day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def _trustme() -> ModuleType:
    try:
        import trustme
    except ImportError:
        raise NoCertificates(
            f"this scenario speaks TLS and needs trustme to make a certificate: {extra('lab')}"
        ) from None
    return trustme
