"""Headers of a 101 that say nothing there: none of them makes a client fail."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import found, shown
from wsprobe.judge.subject import handshake, where
from wsprobe.read.reading import Reading

_HIXIE = (
    b"sec-websocket-location",
    b"sec-websocket-origin",
    b"websocket-location",
    b"websocket-origin",
    b"websocket-protocol",
)


def fields(reading: Reading) -> Iterator[Finding]:
    """Headers of requests, of refusals and of old drafts."""
    response = handshake(reading)
    if response is None:
        return
    head = response.head
    if versions := head.all(b"sec-websocket-version"):
        yield found(
            "version-in-101",
            f"Sec-WebSocket-Version: {shown(versions[0].value)} in a 101 says nothing",
            where(head, versions),
        )
    if keys := head.all(b"sec-websocket-key"):
        same = keys[0].value == reading.request.key
        yield found(
            "key-in-101",
            "the 101 repeats our Sec-WebSocket-Key" if same else "the 101 has a Sec-WebSocket-Key",
            where(head, keys),
        )
    old = tuple(field for field in head.fields if field.key in _HIXIE)
    if old:
        yield found("hixie-fields", f"{shown(old[0].name)} belongs to the drafts of 2010", old[0].span)
