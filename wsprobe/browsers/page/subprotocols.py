"""The constructor's second argument (WHATWG WebSockets, constructor; RFC 6455 section 4.1, item 10)."""

from __future__ import annotations

from collections.abc import Iterable

from wsprobe.browsers.view import Page

TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def given(page: Page) -> tuple[str, ...]:
    """The sequence of subprotocols asked for: a string stands for a sequence of one."""
    if page.protocols is None:
        return ()
    return (page.protocols,) if isinstance(page.protocols, str) else page.protocols


def first_invalid(protocols: Iterable[str]) -> str | None:
    """The first that is no token (empty ones included), None if all are."""
    return next((p for p in protocols if not p or not TOKEN.issuperset(p)), None)


def escaped(subprotocol: str) -> str:
    """As Chromium and WebKit name one in messages, by UTF-16 code units (EncodeSubprotocolString in
    websocket_common.cc, encodeProtocolString in WebSocket.cpp)."""
    units = subprotocol.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(_escaped_unit(code) for code in codes)


def _escaped_unit(code: int) -> str:
    if not 0x20 <= code <= 0x7E:
        return f"\\u{code:04X}"
    return "\\\\" if code == 0x5C else chr(code)


def first_repeated(protocols: Iterable[str]) -> str | None:
    """The first that was there before (letter case counts in every engine measured), None if none was."""
    seen: set[str] = set()
    for protocol in protocols:
        if protocol in seen:
            return protocol
        seen.add(protocol)
    return None
