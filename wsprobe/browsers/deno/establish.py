"""What Deno says of a connection that was not made.

Sources: deno ext/websocket/lib.rs (handshake_websocket: over TLS a handshake that failed is tried once more
over HTTP/2), rustls 0.23 src/error.rs, and those of ``hindered.toml``.
"""

from __future__ import annotations

from datetime import datetime

from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.hindered import CERTIFICATE_REQUIRED, Hindered, hindered
from wsprobe.exchange import Certificate
from wsprobe.read.reading import Reading

_KEYS = {"name": "dns", "tunnel": "connect", "fin": "tls-eof", "reset": "io-reset", "error": "io-reset"}
"""Kind -> key of its text, where that is another word."""


def not_connected(reading: Reading, facts: Facts) -> str | None:
    """What kept the request from being answered, None if nothing did."""
    found = hindered(reading)
    if found is None:
        return None
    match found.kind:
        case "certificate":
            return facts.failures["certificate"].format(why=_certificate(found))
        case "alert" if found.key == str(CERTIFICATE_REQUIRED):  # rustls has connected by then
            return facts.failures["no-h2"]
        case "alert" if found.key:
            alert = found.word("rustls", f"Unknown(0x{int(found.key):x})")
            return facts.failures["alert"].format(alert=alert)
        case "alert":
            return facts.failures["io-reset"]
        case kind:
            return facts.failures[_KEYS.get(kind, kind)]


def _certificate(found: Hindered) -> str:
    """``{seconds}`` stands for the time now, and for how long ago that is."""
    shown = found.certificate
    match found.key:
        case "expired" if shown is not None:
            after = _seconds(shown.not_after)
            return (
                "certificate expired: verification time {seconds} (UNIX), "
                f"but certificate is not valid after {after} ({{seconds}} seconds ago)"
            )
        case "not-yet-valid" if shown is not None:
            before = _seconds(shown.not_before)
            return (
                "certificate not valid yet: verification time {seconds} (UNIX), "
                f"but certificate is not valid before {before} ({{seconds}} seconds in future)"
            )
        case "wrong-name" if shown is not None:
            return f'certificate not valid for name "{found.host}"; certificate {_valid_for(shown)}'
        case _:
            return "UnknownIssuer"


def _valid_for(shown: Certificate) -> str:
    names = [f"IpAddress({name})" if _is_ip(name) else f'DnsName("{name}")' for name in shown.names]
    if not names:
        return "is not valid for any names (according to its subjectAltName extension)"
    *others, last = names
    return f"is only valid for {', '.join(others)} or {last}" if others else f"is only valid for {last}"


def _is_ip(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _seconds(moment: str) -> int:
    """Since 1970; 0 where the certificate has no such time."""
    try:
        return round(datetime.fromisoformat(moment).timestamp())
    except ValueError:
        return 0
