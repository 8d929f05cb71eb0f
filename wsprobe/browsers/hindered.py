"""Failures before a request is sent, and their names: one table, with a column for each library.

``hindered.toml`` has the table: errors of connect(), faults of a certificate, TLS alerts. The text around such
a name is in the facts of an engine's version, or beside the engine's checks of the connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from wsprobe.browsers.network import BY_COMMON_NAME, CommonNames, by_common_name, hindrance
from wsprobe.data_file import toml_beside
from wsprobe.exchange import Certificate, ConnectFailed, ResolveFailed, TlsDone, TlsFailed, TunnelFailed
from wsprobe.read.reading import Reading

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
