"""RFC 6455 section 4.1, items 2 and 3: Upgrade and Connection."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown
from wsprobe.judge.subject import elements, handshake, status_span, where
from wsprobe.read.reading import Reading

_NAMES = (b"upgrade", b"connection", b"sec-websocket-accept")


def bare(reading: Reading) -> Iterator[Finding]:
    """A 101 with none of the three headers that make it WebSocket's (section 4.2.2, step 5)."""
    response = handshake(reading)
    if response is not None and not any(response.head.all(name) for name in _NAMES):
        yield found(
            "bare-101",
            "a 101 without Upgrade, Connection and Sec-WebSocket-Accept",
            status_span(response),
        )


def upgrade(reading: Reading, want: bytes = b"websocket") -> Iterator[Finding]:
    """Upgrade is *want*, letter case aside."""
    response = handshake(reading)
    if response is None:
        return
    fields = response.head.all(b"upgrade")
    if not fields:
        yield found("upgrade-missing", "the 101 has no Upgrade header", status_span(response), expected=want)
        return
    values = elements(fields)
    span = where(response.head, fields)
    whole = b", ".join(field.value for field in fields)
    if len(values) == 1 and values[0].lower() == want:
        return
    if any(value.lower() == want for value in values):
        yield found(
            "upgrade-list",
            f"ambiguous: Upgrade holds {shown(whole)}, not just {shown(want)}; Firefox opens, Chromium 156 and "
            "WebKitGTK fail (measured)",
            span,
            expected=want,
            received=whole,
        )
    else:
        said = f"Upgrade is {shown(whole)}, not {shown(want)}" if whole else "Upgrade is empty"
        yield found("upgrade-not-websocket", said, span, expected=want, received=whole)


def connection(reading: Reading, *, as_list: bool = True) -> Iterator[Finding]:
    """Connection contains the token Upgrade; with *as_list* off it must be that token, as up to hybi-10."""
    response = handshake(reading)
    if response is None:
        return
    fields = response.head.all(b"connection")
    if not fields:
        yield found(
            "connection-missing", "the 101 has no Connection header", status_span(response), expected=b"Upgrade"
        )
        return
    values = elements(fields)
    whole = b", ".join(field.value for field in fields)
    alone = len(values) == 1
    if not any(value.lower() == b"upgrade" for value in values) or not (as_list or alone):
        said = f"Connection is {shown(whole)}, without Upgrade" if whole else "Connection is empty"
        yield found(
            "connection-no-upgrade",
            said if as_list else f"Connection is {shown(whole)}, not Upgrade",
            where(response.head, fields),
            expected=b"Upgrade",
            received=whole,
        )
    elif not alone:
        yield found(
            "connection-list",
            f"ambiguous: Connection is {shown(whole)}, where the server is told to send Upgrade alone; the "
            "token is "
            "there, and that is all a client looks for",
            where(response.head, fields),
            expected=b"Upgrade",
            received=whole,
        )
