"""The opening handshake, byte for byte as Firefox sends it (measured; netwerk/protocol/http/nsHttpHandler.cpp,
nsHttpChannel.cpp, dom/security/SecFetch.cpp, netwerk/protocol/websocket/WebSocketChannel.cpp)."""

from __future__ import annotations

from wsprobe.browsers.engine import Construction
from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.page.address import parse
from wsprobe.browsers.page.origin import fetch_site, origin
from wsprobe.browsers.page.security import trustworthy_host
from wsprobe.browsers.view import Page
from wsprobe.exchange import Target


def request(made: Construction, page: Page, key: str, facts: Facts, authorization: str = "") -> bytes:
    """The whole request head; *authorization*: the value of Authorization, "" if none is sent."""
    to = made.target
    if to is None:
        raise ValueError("nothing is connected to: there is no request")
    near = to.secure or trustworthy_host(to.host)
    site = _site(page, to) if near else ""
    fields = [
        ("Host", host(to)),
        ("User-Agent", page.user_agent or facts.user_agent),
        ("Accept", "*/*"),
        ("Accept-Language", facts.accept_language),
        ("Accept-Encoding", facts.accept_encoding if near else facts.accept_encoding_cleartext),
        ("Sec-WebSocket-Version", "13"),
        ("Origin", origin(page)),
        ("Sec-WebSocket-Protocol", ", ".join(made.protocols)),
        ("Sec-WebSocket-Extensions", facts.extensions),
        ("Sec-WebSocket-Key", key),
        ("Sec-Fetch-Storage-Access", "none" if site == "cross-site" else ""),
        ("Connection", "Upgrade"),
        ("Cookie", page.cookies),
        ("Sec-Fetch-Dest", "empty" if near else ""),
        ("Sec-Fetch-Mode", "websocket" if near else ""),
        ("Sec-Fetch-Site", site),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Upgrade", "websocket"),
        ("Authorization", authorization),
    ]
    lines = [f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in fields if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def host(to: Target) -> str:
    """The value of Host."""
    name = f"[{to.host}]" if ":" in to.host else to.host
    return name if to.port == (443 if to.secure else 80) else f"{name}:{to.port}"


def _site(page: Page, to: Target) -> str:
    """http: and https: of one host are the same site (measured)."""
    address = parse(to.url)
    return fetch_site(page, address, schemeful=False) if address is not None else "cross-site"
