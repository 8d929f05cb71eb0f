"""The opening handshake, byte for byte as Chromium sends it (measured; net/http/http_network_transaction.cc,
net/websockets/websocket_stream.cc, websocket_basic_handshake_stream.cc)."""

from __future__ import annotations

from wsprobe.browsers.chromium.facts import Facts
from wsprobe.browsers.engine import Construction
from wsprobe.browsers.page.origin import origin
from wsprobe.browsers.page.security import trustworthy_host
from wsprobe.browsers.view import Page
from wsprobe.exchange import Target


def request(made: Construction, page: Page, key: str, facts: Facts, authorization: str = "") -> bytes:
    """The whole request head; *authorization*: the value of Authorization, "" if none is sent."""
    to = made.target
    if to is None:
        raise ValueError("nothing is connected to: there is no request")
    near = to.secure or trustworthy_host(to.host)
    fields = [
        ("Host", host(to)),
        ("Connection", "Upgrade"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Authorization", authorization),
        ("User-Agent", page.user_agent or facts.user_agent),
        ("Upgrade", "websocket"),
        ("Origin", origin(page)),
        ("Sec-WebSocket-Version", "13"),
        ("Accept-Encoding", facts.accept_encoding if near else facts.accept_encoding_cleartext),
        ("Accept-Language", facts.accept_language),
        ("Cookie", page.cookies),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Extensions", facts.extensions),
        ("Sec-WebSocket-Protocol", ", ".join(made.protocols)),
    ]
    lines = [f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in fields if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def host(to: Target) -> str:
    """The value of Host."""
    name = f"[{to.host}]" if ":" in to.host else to.host
    return name if to.port == (443 if to.secure else 80) else f"{name}:{to.port}"
