"""Deno 2.9, measured with 2.9.6 on Linux."""

from __future__ import annotations

from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.runtime.constructor import Constructor

FACTS = Facts(
    version="2.9",
    user_agent="Deno/2.9.6",
    constructor=Constructor(
        source="deno ext/websocket/01_websocket.js",
        no_arguments=("TypeError", "ERR_MISSING_ARGS"),
        protocols=("repeated", "invalid"),
        shows_userinfo=False,
    ),
    request=(
        ("user-agent", "{user_agent}"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "{protocols}"),
        ("authorization", "{authorization}"),
        ("host", "{host}"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "{key}"),
    ),
    exceptions={
        "no-new": "Class constructor WebSocket cannot be invoked without 'new'",
        "no-arguments": "Failed to construct 'WebSocket': 1 argument required, but only 0 present",
        "url": "Invalid URL: '{url}'",
        "scheme": "Only ws & wss schemes are allowed in a WebSocket URL: received {scheme}:",
        "fragment": "Fragments are not allowed in a WebSocket URL",
        "subprotocol": "Invalid protocol value",
        "subprotocol-twice": "Cannot supply the same protocol multiple times",
        "close-code": "The close code must be either 1000 or in the range of 3000 to 4999: received {code}",
        "close-reason": "The close reason may not be longer than 123 bytes",
        "send-connecting": "'readyState' not OPEN",
    },
    failures={
        "status": "Invalid status code: {status}",
        "upgrade": "Invalid upgrade header",
        "connection": "Invalid connection header",
        "no-h2": "Didn't receive h2 alpn, aborting connection",
        "dns": "dns error",
        "connect": "tcp connect error",
        "cut": "connection closed before message completed",
        "reset": "connection error",
        "io-reset": "Connection reset by peer (os error 104)",
        "tls-eof": "tls handshake eof",
        "not-tls": "received corrupt message of type InvalidContentType",
        "alert": "received fatal alert: {alert}",
        "certificate": "invalid peer certificate: {why}",
        "head-too-large": "message head is too large",
        "Version": "invalid HTTP version parsed",
        "Status": "invalid HTTP status-code parsed",
        "Header": "invalid HTTP header parsed",
        "ContentLength": "invalid content-length parsed",
        "TransferEncoding": "unexpected transfer-encoding parsed",
    },
    most_head=8192 + 4096 * 100,
    most_fields=100,
    most_payload=64 << 20,
)
