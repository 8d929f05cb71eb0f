"""RFC 6455 section 4.1, item 6: the selected subprotocol."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown, times
from wsprobe.judge.subject import handshake, status_span, where
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import split_list

_LISTED = 10


def protocol(reading: Reading) -> Iterator[Finding]:
    """Sec-WebSocket-Protocol is one of those offered, once, or is not there."""
    response = handshake(reading)
    if response is None:
        return
    offered = reading.request.protocols
    fields = response.head.all(b"sec-websocket-protocol")
    wanted = b", ".join(offered[:_LISTED]) + (b", ..." if len(offered) > _LISTED else b"")
    if not fields:
        if offered:
            yield found(
                "protocol-none-selected",
                f"{shown(wanted)} offered, none selected: RFC 6455 lets the client go on, the WHATWG standard "
                "fails",
                status_span(response),
                expected=wanted,
            )
        return
    if len(fields) > 1:
        yield found(
            "protocol-several",
            f"Sec-WebSocket-Protocol is there {times(len(fields))}",
            where(response.head, fields[1:]),
            received=b", ".join(field.value for field in fields),
        )
    value, span = fields[0].value, where(response.head, fields)
    if value in offered:
        return
    if not value:
        id = "protocol-empty" if offered else "protocol-empty-unasked"
        said = "Sec-WebSocket-Protocol is empty"
        yield found(
            id,
            said
            if offered
            else f"ambiguous: {said}, and none was asked for; Firefox opens, Chromium 156 and "
            "WebKitGTK fail (measured)",
            span,
            expected=wanted,
            received=value,
        )
    elif not offered:
        yield found(
            "protocol-unrequested", f"{shown(value)} was selected, and none was asked for", span, received=value
        )
    else:
        id, words = _difference(value, offered)
        yield found(id, f"{shown(value)} {words}", span, expected=wanted, received=value)


def _difference(value: bytes, offered: tuple[bytes, ...]) -> tuple[str, str]:
    if b"," in value and any(part in offered for part in split_list(value)):
        return "protocol-list", "is a list; one subprotocol is to be selected"
    if value.lower() in (name.lower() for name in offered):
        return "protocol-case", "differs in letter case from what was offered"
    return "protocol-mismatch", "is not one of those offered"
