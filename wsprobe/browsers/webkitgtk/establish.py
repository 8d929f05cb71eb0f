"""The console texts of failures before a connection could carry HTTP.

Sources: GLib's gio/gthreadedresolver.c, gio/gsocketclient.c, gio/gsocket.c; glib-networking's
tls/base/gtlsconnection-base.c, tls/gnutls/gtlsconnection-gnutls.c; and those of ``hindered.toml``.
"""

from __future__ import annotations

from wsprobe.browsers.hindered import Hindered, hindered
from wsprobe.browsers.network import CommonNames, given_up
from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.browsers.webkitgtk.handshake import Failed
from wsprobe.read.reading import Reading

_TLS = "tls/base/gtlsconnection-base.c"


COMMON_NAMES: CommonNames = "gnutls"


def not_established(reading: Reading, facts: Facts) -> tuple[int, Failed | None] | None:
    """(microseconds, failure) if no request could be sent; None if one was sent, or if the result is still
    open. The failure is None where only wsprobe fails, at a certificate."""
    found = hindered(reading, COMMON_NAMES)
    if found is None or (given_up(reading) and not found.let_pass):
        return None
    return found.at, None if found.accepted else _failure(found, facts)


def _failure(found: Hindered, facts: Facts) -> Failed:
    texts = facts.failures
    match found.kind:
        case "name":
            failure = texts["resolve"].format(host=found.host, error=found.error or "Name or service not known")
            return Failed(failure, "the name did not resolve: gio/gthreadedresolver.c")
        case "connect":
            failure = texts["connect"].format(host=found.host, error=found.word("glibc", found.error))
            return Failed(failure, "no connection: gio/gsocketclient.c")
        case "tunnel":
            return Failed(texts["proxy"], "the proxy opened no tunnel: gio/gsocketclient.c")
        case "certificate":
            return Failed(texts["certificate"], f"the certificate is not valid: {_TLS}")
        case "alert":
            failure = texts["alert"].format(alert=found.word("gnutls", "(null)"))
            return Failed(failure, f"TLS alert {found.key or None}: {_TLS}")
        case "fin":
            return Failed(texts["handshake-ended"], f"the connection ended in the TLS handshake: {_TLS}")
        case "reset":
            error = texts["receive"].format(error="Connection reset by peer")
            return Failed(texts["handshake-reset"].format(error=error), f"reset in the TLS handshake: {_TLS}")
    return Failed(texts["handshake"], f"the answer is not TLS: {_TLS}")
