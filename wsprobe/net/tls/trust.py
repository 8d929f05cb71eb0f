"""What a TLS connection is held to: the context for a plan's options, and what a failed verification means."""

from __future__ import annotations

import os
import ssl
import warnings

from wsprobe.certificate import SELF_SIGNED, UNKNOWN_ISSUER, faults
from wsprobe.exchange import Certificate, TlsOptions
from wsprobe.net.fault import PlanError

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}

REASONS = {
    2: "unknown-ca",
    9: "not-yet-valid",
    10: "expired",
    18: "self-signed",
    19: "unknown-ca",
    20: "unknown-ca",
    21: "unknown-ca",
    62: "wrong-name",
    64: "wrong-name",
}
"""OpenSSL's X509_V_ERR numbers (openssl/x509_vfy.h) in the words of ``TlsFailed.reason``."""


def context(options: TlsOptions) -> ssl.SSLContext:
    """Return the context for *options*. Raises PlanError for what cannot be used."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not options.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if options.alpn:
        made.set_alpn_protocols(list(options.alpn))
    _versions(made, options)
    _authorities(made, options)
    if options.certificate is not None:
        _own_certificate(made, options.certificate, options.key)
    if keys := os.environ.get("SSLKEYLOGFILE"):
        try:
            made.keylog_filename = keys
        except OSError as error:
            raise PlanError(f"SSLKEYLOGFILE {keys!r} cannot be written: {_said(error)}") from None
    return made


def _versions(made: ssl.SSLContext, options: TlsOptions) -> None:
    lowest, highest = _version(options.minimum), _version(options.maximum)
    if lowest and highest and lowest > highest:
        raise PlanError(f"no TLS version is at least {options.minimum} and at most {options.maximum}")
    lowest = lowest or min(highest or ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    with warnings.catch_warnings():
        # Python deprecates the old versions; somebody who asks for them wants to know what the server does.
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = lowest
        if highest:
            made.maximum_version = highest
    if lowest < ssl.TLSVersion.TLSv1_2:
        # OpenSSL 3 offers TLS 1.0 and 1.1 at security level 0 only: their signatures are SHA-1 and MD5.
        made.set_ciphers("DEFAULT:@SECLEVEL=0")


def _version(text: str | None) -> ssl.TLSVersion | None:
    if text is None:
        return None
    try:
        return VERSIONS[text]
    except KeyError:
        raise PlanError(f"unknown TLS version {text!r}: one of {', '.join(VERSIONS)}") from None


def _authorities(made: ssl.SSLContext, options: TlsOptions) -> None:
    if options.ca_file is None and options.ca_path is None:
        made.load_default_certs()
        return
    if options.ca_path is not None and not os.path.isdir(options.ca_path):
        raise PlanError(f"CA path {options.ca_path!r} is not a directory")
    try:
        made.load_verify_locations(options.ca_file, options.ca_path)
    except (OSError, ValueError) as error:
        raise PlanError(f"CA file {options.ca_file!r} cannot be used: {_said(error)}") from None


def _own_certificate(made: ssl.SSLContext, certificate: str, key: str | None) -> None:
    try:
        # The password callback keeps OpenSSL from asking on the terminal.
        made.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        where = repr(certificate) if key is None else f"{certificate!r} with key {key!r}"
        raise PlanError(f"client certificate {where} cannot be used: {_said(error)}") from None


def _said(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no certificate or key in PEM form that matches").replace("_", " ").lower()
    return (isinstance(error, OSError) and error.strerror) or str(error)


def problem(shown: Certificate, name: str, now: str, known: bool) -> str | None:
    """Return what verification would have said of *shown*, None if nothing is known against it.

    *name*: whom we meant to reach; *now*: ISO 8601, UTC; *known*: a trusted authority stands at the end of its
    chain.
    """
    said = [f"it {words}" for _, words in faults(shown, name, now)]
    if not known:
        said.insert(0, SELF_SIGNED if shown.subject == shown.issuer else UNKNOWN_ISSUER)
    return ", ".join(said) or None
