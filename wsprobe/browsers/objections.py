"""Browsers' objections to a certificate or to a version of TLS, in their own words.

The facts come from their sources or recordings; nothing is known about engines without an entry. A browser's
list of authorities differs from ours, and a recording does not show its other rules for public authorities
(Certificate Transparency, revocation).
"""

from __future__ import annotations

from wsprobe.browsers.chromium.handshake import certificate_error
from wsprobe.browsers.hindered import column
from wsprobe.browsers.network import by_common_name, certificate_faults
from wsprobe.exchange import Exchange, TlsDone
from wsprobe.recording.certificate import OLD_TLS


def objections(exchange: Exchange) -> dict[str, str]:
    """Browser -> its error for an invalid certificate, or for a version of TLS that it does not support; only
    browsers that object. The certificate may have been refused or accepted by wsprobe.

    Chromium and Firefox refuse TLS before 1.2, and WebKitGTK accepts it (measured).
    """
    found = certificate_faults(exchange)
    old = any(isinstance(event, TlsDone) and event.version in OLD_TLS for event in exchange.events)
    texts: dict[str, str] = {}
    if old:
        # Firefox has the first name where the server answers in its old version, the second where it says no.
        texts["chromium"] = "net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH"
        texts["firefox"] = "SSL_ERROR_UNSUPPORTED_VERSION or SSL_ERROR_PROTOCOL_VERSION_ALERT"
    elif found:
        texts["chromium"] = f"net::{certificate_error(found)}"
        if errors := _listed("firefox", found):
            texts["firefox"] = errors
    if (flags := _listed("gnutls", found)) and not by_common_name(exchange, "gnutls"):
        texts["webkitgtk"] = f"Unacceptable TLS certificate ({flags})"
    return texts


def _listed(library: str, found: set[str]) -> str:
    """The words of *library* for the faults *found*: Firefox checks trust, name and time separately, GnuTLS
    sets every flag that applies."""
    words = column("certificate", library)
    return ", ".join(dict.fromkeys(word for fault, word in words.items() if fault in found))
