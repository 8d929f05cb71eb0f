"""Bun 1.4, measured with 1.4.5 on Linux."""

from __future__ import annotations

from wsprobe.browsers.bun.facts import Facts
from wsprobe.browsers.runtime.constructor import Constructor

FACTS = Facts(
    version="1.4",
    constructor=Constructor(
        source="bun src/bun.js/bindings/webcore/WebSocket.cpp",
        no_new="ERR_ILLEGAL_CONSTRUCTOR",
        no_arguments=("TypeError", "ERR_MISSING_ARGS"),
        code=None,
    ),
    request=(
        ("Host", "{host}"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ("Sec-WebSocket-Key", "{key}"),
        ("Sec-WebSocket-Protocol", "{protocols}"),
        ("Authorization", "{authorization}"),
        ("User-Agent", "{user_agent}"),
    ),
    exceptions={
        "no-new": "Use `new WebSocket(...)` instead of `WebSocket(...)`",
        "no-arguments": "Not enough arguments",
        "url": "Invalid url for WebSocket {url}",
        "scheme": "Wrong url scheme for WebSocket {url}",
        "fragment": "URL has fragment component {url}",
        "subprotocol": "Wrong protocol for WebSocket '{subprotocol}'",
        "subprotocol-twice": "WebSocket protocols contain duplicates: '{subprotocol}'",
        "close-code": (
            "The close code must be a valid WebSocket close code (1000-1014, excluding the reserved codes "
            "1004-1006, or in the range of 3000 to 4999). Received {code}."
        ),
        "close-reason": "The close reason must not be greater than 123 UTF-8 bytes. Received {size} bytes.",
        "send-connecting": "The object is in an invalid state.",
    },
    failed="WebSocket connection to '{url}' failed: {failure}",
    failures={
        "closed-early": ("WebSocket is closed before the connection is established", ""),
        "invalid": ("Invalid response", "HPE_INVALID_CONSTANT"),
        "too-large": ("Response headers too large", ""),
        "status": ("Expected 101 status code: {status}", ""),
        "no-upgrade": ("Missing upgrade header", ""),
        "no-connection": ("Missing connection header", ""),
        "no-accept": ("Missing websocket accept header", ""),
        "upgrade": ("Invalid upgrade header", ""),
        "connection": ("Invalid connection header", ""),
        "accept": ("Mismatch websocket accept header", ""),
        "version": ("Invalid websocket version", ""),
        "protocol": ("Mismatch client protocol", ""),
        "no-protocol": ("Missing client protocol", ""),
        "extension": ("Unsupported websocket extension", ""),
        "ended": ("Connection ended", "ECONNRESET"),
        "reset": ("Connection ended: read ECONNRESET", "ECONNRESET"),
        "refused": ("Failed to connect", "{code}"),
        "tls": ("TLS handshake failed: {why}", "{code}"),
        "rsv1": ("Protocol error - RSV1 must be clear", "WS_ERR_UNEXPECTED_RSV_1"),
        "rsv23": ("Protocol error - RSV2 and RSV3 must be clear", "WS_ERR_UNEXPECTED_RSV_2_3"),
        "mask": ("Protocol error - unexpected mask from server", "WS_ERR_UNEXPECTED_MASK"),
        "fragmented": ("Protocol error - control frame is fragmented", "WS_ERR_EXPECTED_FIN"),
        "control": (
            "Protocol error - invalid control frame: {length}",
            "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
        ),
        "opcode": ("Protocol error - unsupported control frame: {opcode}", "WS_ERR_INVALID_OPCODE"),
        "unexpected": ("Protocol error - unexpected opcode: {opcode}", "WS_ERR_INVALID_OPCODE"),
        "close-code": ("Protocol error - invalid close code: {code}", "WS_ERR_INVALID_CLOSE_CODE"),
        "length": ("Payload length over 2^53 - 1", "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH"),
        "too-big": ("Message too big", "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"),
        "utf-8": ("Server sent invalid UTF8", "WS_ERR_INVALID_UTF8"),
        "deflate": ("Invalid compressed data", "Z_DATA_ERROR"),
    },
    most_head=17 * 1024,  # measured: 17,134 bytes pass, 17,634 do not
    most_fields=1024,
    most_message=128 * 1024 * 1024,
    close_timeout=36,
)
