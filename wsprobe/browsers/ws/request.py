"""The bytes of ws's opening handshake. Source: ws lib/websocket.js (initAsClient), node lib/_http_client.js."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import unquote_to_bytes

from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.ws.facts import Facts
from wsprobe.exchange import Target
from wsprobe.target import host_header


def request(made: Construction, page: Page, key: str, facts: Facts) -> bytes:
    """No Origin, no cookie, no User-Agent unless script sets one; the URL's credentials are sent at once."""
    to = made.target
    if to is None:
        raise ValueError("nothing is connected to: there is no request")
    fields = [
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Extensions", facts.extensions),
        ("Sec-WebSocket-Protocol", ",".join(made.protocols)),
        ("User-Agent", page.user_agent),
        ("Host", host_header(to)),
        ("Authorization", authorization(to)),
    ]
    lines = [f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in fields if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def authorization(to: Target) -> str:
    """Basic, of the URL's credentials; "" if it has none."""
    if to.userinfo is None:
        return ""
    user, _, password = to.userinfo.partition(":")
    own = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return f"Basic {b64encode(own).decode('ascii')}"
