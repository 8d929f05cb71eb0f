"""Failures before an engine's request was sent, and their names in each library; objections to a certificate.

``hindrance`` finds the failure, if any, that prevented the request; each engine decides how to report it.
``hindered.toml`` has the names, with a column for each library: errors of connect(), faults of a certificate,
TLS alerts. The text around such a name is in the facts of an engine's version, or beside the engine's checks of
the connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from wsprobe.data_file import toml_beside
from wsprobe.exchange import (
    Certificate,
    Connected,
    ConnectFailed,
    Exchange,
    ResolveFailed,
    TlsDone,
    TlsFailed,
    TunnelFailed,
)
from wsprobe.read.reading import Reading
from wsprobe.recording.certificate import (
    OLD_TLS,
    SELF_SIGNED,
    common_names,
    covers,
    faults,
    is_address,
    untrusted,
)

Failure = ResolveFailed | ConnectFailed | TlsFailed | TunnelFailed
FAILED = frozenset((ResolveFailed, ConnectFailed, TlsFailed, TunnelFailed))
"""The types of ``Failure``. To look an event's own type up in a set takes 35 ns, an isinstance that fails 180
for each of these types, and every engine goes through all events."""
_TELLING = frozenset((Connected, ResolveFailed, ConnectFailed, TlsFailed, TunnelFailed, TlsDone))


CommonNames = Literal["", "openssl", "gnutls"]
"""A library's rule for a certificate without names of hosts in subjectAltName (RFC 9525 section 6.3 refuses it,
as Chromium, Firefox and rustls do); measured.

``openssl``: a common name counts, one of several too, if subjectAltName has no DNS name. Node and Bun have the
same rule in code of their own.
``gnutls``: the only common name counts, if subjectAltName has neither a DNS name nor an address.
Neither of them takes a common name for an address."""

BY_COMMON_NAME = (
    "it accepts the certificate by its common name, which wsprobe refuses; -k lets the recording continue"
)


def by_common_name(exchange: Exchange, rule: CommonNames) -> bool:
    """True if an engine with *rule* accepts the certificate of *exchange*, which wsprobe refuses or would."""
    if not rule or certificate_faults(exchange) != {"wrong-name"}:
        return False
    last = next(e for e in reversed(exchange.events) if isinstance(e, TlsDone | TlsFailed))
    name = exchange.plan.tls.server_name or exchange.plan.target.host
    return last.certificate is not None and _named(last.certificate, name, rule)


def _named(shown: Certificate, name: str, rule: CommonNames) -> bool:
    found = common_names(shown)
    if is_address(name) or not all(map(is_address, shown.names)):
        return False
    if rule == "gnutls" and (shown.names or len(found) != 1 or found[0].endswith(".")):
        return False
    return any(covers(each, name) for each in found)


def hindrance(reading: Reading, rule: CommonNames = "") -> Failure | TlsDone | None:
    """The last failure that no connection came after, or the TLS of a certificate that we let pass and no
    engine with *rule* would; None if nothing kept the request from being sent."""
    failed: Failure | None = None
    for event in reading.exchange.events:
        if type(event) not in _TELLING:  # of six events one is, and three engines ask: ``FAILED`` says why so
            continue
        match event:
            case Connected():
                failed = None
            case ResolveFailed() | ConnectFailed() | TlsFailed() | TunnelFailed():
                failed = event
            case TlsDone(verified=False, problem=str()) if not by_common_name(reading.exchange, rule):
                return event
            case _:
                pass
    return failed


def given_up(reading: Reading) -> bool:
    """True if wsprobe stopped before there was a result: an engine would have continued."""
    pinned = any(isinstance(e, TlsFailed) and e.kind == "pinned-key" for e in reading.exchange.events)
    return pinned or reading.exchange.how_ended in ("timeout", "interrupted")


def certificate_faults(exchange: Exchange) -> set[str]:
    """The faults of the certificate that was refused, or that wsprobe accepted although it is invalid (values
    of ``TlsFailed.reason``); empty without a known fault."""
    plan, found = exchange.plan, set[str]()
    for event in exchange.events:
        if isinstance(event, TlsDone) and event.problem is None:
            continue
        if not isinstance(event, TlsDone) and not (
            isinstance(event, TlsFailed) and event.kind == "certificate"
        ):
            continue
        if isinstance(event, TlsFailed):
            found.add(event.reason or "other")
        elif untrusted(event.problem or ""):
            found.add("self-signed" if (event.problem or "").startswith(SELF_SIGNED) else "unknown-ca")
        if event.certificate is not None:
            name = plan.tls.server_name or plan.target.host
            found |= {reason for reason, _ in faults(event.certificate, name, exchange.started)}
    return found


CERTIFICATE_REQUIRED = 116
"""The alert certificate_required (RFC 8446 section 4.4.2.4). It arrives after the client's handshake is
complete, so a read fails."""

Kind = Literal["name", "connect", "tunnel", "certificate", "alert", "not-tls", "fin", "reset", "error"]


class Hindered(Struct, frozen=True):
    """Why no request was sent."""

    at: int
    """When it failed, in microseconds."""
    kind: Kind
    """``error`` is any other failure of TLS."""
    error: str
    """In words, as recorded."""
    host: str
    """The target's host."""
    key: str = ""
    """The key of its row: an errno, a certificate's fault (``TlsFailed.reason``), or an alert's number."""
    certificate: Certificate | None = None
    received: bytes = b""
    """The server's bytes, if they are not TLS."""
    let_pass: bool = False
    """True for an invalid certificate that wsprobe accepted, but this engine would not."""
    accepted: bool = False
    """True for a certificate that wsprobe refused, but this engine would accept."""

    def word(self, library: str, default: Any = None) -> Any:
        """The name that *library* uses; *default* if it has none."""
        return column(self.kind, library).get(self.key, default)


def hindered(reading: Reading, rule: CommonNames = "") -> Hindered | None:
    """The failure before the request was sent; None if it was sent. *rule*: the engine's for common names."""
    event, host = hindrance(reading, rule), reading.exchange.plan.target.host
    match event:
        case ResolveFailed():
            return Hindered(event.at, "name", event.error, event.host)
        case ConnectFailed():
            return Hindered(event.at, "connect", event.error, host, event.errno)
        case TunnelFailed():
            return Hindered(event.at, "tunnel", event.error, host)
        case TlsDone():
            shown = event.certificate
            return Hindered(event.at, "certificate", event.problem or "", host, "", shown, let_pass=True)
        case TlsFailed():
            kind: Kind = "error" if event.kind == "pinned-key" else event.kind
            key = event.reason if event.alert is None else str(event.alert)
            accepted = kind == "certificate" and by_common_name(reading.exchange, rule)
            shown = event.certificate
            return Hindered(event.at, kind, event.error, host, key, shown, event.received, accepted=accepted)
        case None:
            return None


def pending(readings: Sequence[Reading], rule: CommonNames) -> str:
    """Why an engine with *rule* would go on after the last of *readings*, which wsprobe did not; else ""."""
    found = hindered(readings[-1], rule) if readings else None
    return BY_COMMON_NAME if found is not None and found.accepted else ""


@cache
def column(kind: str, library: str) -> Mapping[str, Any]:
    """Key of a row -> its name in *library*, in the order of the table; only for kinds with rows."""
    return {key: row[library] for key, row in _table().get(kind, {}).items() if library in row}


@cache
def _table() -> dict[str, dict[str, dict[str, Any]]]:
    return toml_beside(__file__, "hindered.toml")


def objections(exchange: Exchange) -> dict[str, str]:
    """Browser -> its error, in its own words, for an invalid certificate, or for a version of TLS that it does
    not support; only browsers that object. The certificate may have been refused or accepted by wsprobe.

    Chromium and Firefox refuse TLS before 1.2, and WebKitGTK accepts it (measured). Nothing is known about
    engines without an entry. A browser's list of authorities differs from ours, and a recording does not show
    its other rules for public authorities (Certificate Transparency, revocation).
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


def certificate_error(faults: set[str]) -> str:
    """Chromium's net error for a certificate with these *faults* (values of ``TlsFailed.reason``)."""
    errors = column("certificate", "chromium")
    return next((error for fault, error in errors.items() if fault in faults), "ERR_CERT_INVALID")


def _listed(library: str, found: set[str]) -> str:
    """The words of *library* for the faults *found*: Firefox checks trust, name and time separately, GnuTLS
    sets every flag that applies."""
    words = column("certificate", library)
    return ", ".join(dict.fromkeys(word for fault, word in words.items() if fault in found))
