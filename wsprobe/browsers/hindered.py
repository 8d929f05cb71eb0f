"""What keeps a request from being sent, and the words for it: one table, a column a library.

``hindered.toml`` has them: what connect() reports, what is wrong with a certificate, which TLS alert came. What
an engine says around such a word is in its own ``establish`` module, and in the facts of its version.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from wsprobe.browsers.network import hindrance
from wsprobe.data_file import toml_beside
from wsprobe.exchange import Certificate, ConnectFailed, ResolveFailed, TlsDone, TlsFailed, TunnelFailed
from wsprobe.read.reading import Reading

CERTIFICATE_REQUIRED = 116
"""RFC 8446 section 4.4.2.4: comes when the client's handshake is done, so it is a read that fails."""

Kind = Literal["name", "connect", "tunnel", "certificate", "alert", "not-tls", "fin", "reset", "error"]


class Hindered(Struct, frozen=True):
    """Why no request was sent."""

    at: int
    """Microseconds."""
    kind: Kind
    """``error`` is any other failure of TLS."""
    error: str
    """In words, as recorded."""
    host: str
    """The target's."""
    key: str = ""
    """Of its row: an errno, what is wrong with a certificate (``TlsFailed.reason``), or an alert's number."""
    certificate: Certificate | None = None
    received: bytes = b""
    """What came from the server in place of TLS."""
    let_pass: bool = False
    """The certificate is one that wsprobe let pass, and no engine would."""

    def word(self, library: str, default: Any = None) -> Any:
        """What *library* calls it; *default* if it has no name for it."""
        return column(self.kind, library).get(self.key, default)


def hindered(reading: Reading) -> Hindered | None:
    """What kept the request from being sent; None if nothing did."""
    event, host = hindrance(reading), reading.exchange.plan.target.host
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
            return Hindered(event.at, kind, event.error, host, key, event.certificate, event.received)
        case None:
            return None


@cache
def column(kind: str, library: str) -> Mapping[str, Any]:
    """Key of a row -> what *library* calls that, in the order of the table; of the kinds that have rows."""
    return {key: row[library] for key, row in _table().get(kind, {}).items() if library in row}


@cache
def _table() -> dict[str, dict[str, dict[str, Any]]]:
    return toml_beside(__file__, "hindered.toml")
