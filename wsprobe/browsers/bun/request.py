"""The bytes of Bun's opening handshake. Source: bun src/http/websocket_client/WebSocketUpgradeClient.zig."""

from __future__ import annotations

from wsprobe.browsers.bun.facts import Facts
from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.ws.request import authorization
from wsprobe.target import host_header


def request(made: Construction, page: Page, key: str, facts: Facts) -> bytes:
    """No Origin, no User-Agent unless the script sets one; the URL's credentials are sent at once."""
    to = made.target
    if to is None:
        raise ValueError("nothing is connected to: there is no request")
    fields = [
        ("Host", host_header(to)),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Extensions", facts.extensions),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Protocol", ", ".join(made.protocols)),
        ("Authorization", authorization(to)),
        ("User-Agent", page.user_agent),
    ]
    lines = [f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in fields if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
