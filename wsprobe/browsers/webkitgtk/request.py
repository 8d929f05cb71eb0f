"""The opening handshake, byte for byte as WebKitGTK sends it (measured).

Sources: Source/WebCore/Modules/websockets/ThreadableWebSocketChannel.cpp (webSocketConnectRequest),
libsoup/websocket/soup-websocket.c (soup_websocket_client_prepare_handshake). libsoup writes the fields that it
knows before those that it does not, so Sec-Fetch-* stand last.
"""

from __future__ import annotations

import re

from wsprobe.browsers.page.address import parse
from wsprobe.browsers.page.origin import fetch_site, origin
from wsprobe.browsers.page.security import trustworthy_host
from wsprobe.browsers.view import Page
from wsprobe.browsers.webkitgtk.facts import Facts
from wsprobe.exchange import Target
from wsprobe.pattern import pattern

_ESCAPE = pattern("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
"""RFC 3986 section 2.3."""


def request(
    first: Target,
    to: Target,
    protocols: tuple[str, ...],
    page: Page,
    key: str,
    facts: Facts,
    authorization: str = "",
) -> bytes:
    """The whole request head to *to*; *first* is where the first request went, before all redirects."""
    fields = [
        ("User-Agent", page.user_agent or facts.user_agent),
        ("Origin", origin(page)),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", ", ".join(protocols)),
        ("Sec-WebSocket-Extensions", facts.extensions),
        ("Accept-Encoding", facts.accept_encoding if first.secure else facts.accept_encoding_cleartext),
        ("Accept-Language", facts.accept_language),
        ("Host", host(to)),
        ("Cookie", page.cookies if to.host == first.host else ""),
        ("Authorization", authorization),
        *_metadata(first, page),
    ]
    lines = [f"GET {_normal(to.resource)} HTTP/1.1", *(f"{name}: {value}" for name, value in fields if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def _normal(resource: str) -> str:
    """Escaped is only what must be, in capitals (GLib, glib/guri.c: uri_decoder)."""
    return _ESCAPE.sub(_normal_escape, resource)


def _normal_escape(escape: re.Match[str]) -> str:
    char = chr(int(escape[1], 16))
    return char if char in _UNRESERVED else escape[0].upper()


def host(to: Target) -> str:
    """The value of Host."""
    name = f"[{to.host}]" if ":" in to.host else to.host
    return name if to.port == (443 if to.secure else 80) else f"{name}:{to.port}"


def _metadata(first: Target, page: Page) -> list[tuple[str, str]]:
    """Fetch Metadata, to potentially trustworthy URLs only; a redirect changes nothing in it."""
    address = parse(first.url)
    if address is None or not (first.secure or trustworthy_host(first.host, rooted=False)):
        return []
    return [
        ("Sec-Fetch-Dest", "websocket"),
        ("Sec-Fetch-Mode", "websocket"),
        ("Sec-Fetch-Site", fetch_site(page, address)),
    ]
