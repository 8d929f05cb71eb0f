"""undici 7.30, measured with 7.30.2 on Node 20.20.2."""

from __future__ import annotations

from wsprobe.browsers.runtime.constructor import Constructor
from wsprobe.browsers.undici.facts import Facts

FACTS = Facts(
    version="7.30",
    user_agent="undici",
    accept_encoding={False: "gzip, deflate", True: "br, gzip, deflate"},
    constructor=Constructor(
        source="undici lib/web/websocket/websocket.js",
        protocols=("repeated", "invalid"),
        blocks_ports=True,
    ),
    request=(
        ("host", "{host}"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "{key}"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "{protocols}"),
        ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ("accept", "*/*"),
        ("accept-language", "*"),
        ("sec-fetch-mode", "websocket"),
        ("user-agent", "{user_agent}"),
        ("pragma", "no-cache"),
        ("cache-control", "no-cache"),
        ("accept-encoding", "{accept_encoding}"),
    ),
    exceptions={
        "no-new": "Class constructor WebSocket cannot be invoked without 'new'",
        "no-arguments": "WebSocket constructor: 1 argument required, but 0 found.",
        "url": "TypeError: Invalid URL",
        "scheme": "expected a ws: or wss: url",
        "fragment": "hash",
        "subprotocol": "Invalid Sec-WebSocket-Protocol value",
        "subprotocol-twice": "Invalid Sec-WebSocket-Protocol value",
        "close-code": "invalid code",
        "close-reason": "Reason must be less than 123 bytes; received {size}",
        "send-connecting": "Sent before connected.",
    },
    llhttp=9,
    tells_why=False,
    repeated=(401, 421),
    stays_compressed=True,
    connect_timeout=10,
    headers_timeout=300,
    most_payload=128 * 1024 * 1024,
    most_fragments=131_072,
    most_inflated=128 * 1024 * 1024,
)
