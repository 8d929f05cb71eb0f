"""The bytes of undici's opening handshake.

Sources: undici lib/web/websocket/connection.js (establishWebSocketConnection), lib/web/fetch/index.js
(fetching, httpNetworkOrCacheFetch), lib/dispatcher/client-h1.js (writeH1).
"""

from __future__ import annotations

from wsprobe.browsers.engine import Construction, Page
from wsprobe.browsers.undici.facts import Facts
from wsprobe.target import host_header


def request(made: Construction, page: Page, key: str, facts: Facts) -> bytes:
    """Names are in lower case. No Origin, no cookie, no credential: undici has no page and no jar."""
    to = made.target
    if to is None:
        raise ValueError("nothing is connected to: there is no request")
    fields = [
        ("host", host_header(to)),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", key),
        ("sec-websocket-version", "13"),
        *([("sec-websocket-protocol", ", ".join(made.protocols))] if made.protocols else []),
        ("sec-websocket-extensions", facts.extensions),
        ("accept", "*/*"),
        ("accept-language", "*"),
        ("sec-fetch-mode", "websocket"),
        ("user-agent", page.user_agent or facts.user_agent),
        ("pragma", "no-cache"),
        ("cache-control", "no-cache"),
        ("accept-encoding", facts.accept_encoding[to.secure]),
    ]
    lines = [f"GET {to.resource} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
