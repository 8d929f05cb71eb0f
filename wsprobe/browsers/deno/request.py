"""The bytes of Deno's opening handshake. Source: deno ext/websocket/lib.rs (handshake_http1)."""

from __future__ import annotations

from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.ws.request import authorization
from wsprobe.target import host_header


def request(made: Construction, page: Page, key: str, facts: Facts) -> bytes:
    """No Origin and no extension; the URL's credentials are sent at once."""
    to = made.target
    if to is None:
        raise ValueError("nothing is connected to: there is no request")
    fields = [
        ("user-agent", page.user_agent or facts.user_agent),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", ", ".join(made.protocols)),
        ("authorization", authorization(to)),
        ("host", host_header(to)),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", key),
    ]
    lines = [f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in fields if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
