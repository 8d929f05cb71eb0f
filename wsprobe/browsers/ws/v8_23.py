"""ws 8.23, measured with 8.23.0 on Node 20.20.2."""

from __future__ import annotations

from wsprobe.browsers.runtime.constructor import Constructor
from wsprobe.browsers.ws.facts import Facts

FACTS = Facts(
    version="8.23",
    constructor=Constructor(
        source="ws lib/websocket.js",
        no_arguments=("SyntaxError", None),
        code=None,
        empty_fragment=False,
        protocol_case=True,
    ),
    request=(
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "{key}"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ("Sec-WebSocket-Protocol", "{protocols}"),
        ("User-Agent", "{user_agent}"),
        ("Host", "{host}"),
        ("Authorization", "{authorization}"),
    ),
    exceptions={
        "no-new": "Class constructor WebSocket cannot be invoked without 'new'",
        "no-arguments": "Invalid URL: undefined",
        "url": "Invalid URL: {url}",
        "scheme": 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"',
        "fragment": "The URL contains a fragment identifier",
        "subprotocol": "An invalid or duplicated subprotocol was specified",
        "subprotocol-twice": "An invalid or duplicated subprotocol was specified",
        "close-code": "First argument must be a valid error code number",
        "close-reason": "The message must not be greater than 123 bytes",
        "send-connecting": "WebSocket is not open: readyState 0 (CONNECTING)",
        "closed-early": "WebSocket was closed before the connection was established",
    },
    close_timeout=30,
    most_payload=100 * 1024 * 1024,
    most_fragments=16 * 1024,
    most_pongs=60,
)
