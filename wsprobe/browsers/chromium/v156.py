"""Chromium 156, measured with 156.0.8078.79 on Debian 13."""

from __future__ import annotations

from wsprobe.browsers.chromium.facts import Facts
from wsprobe.exchange import Http2, Priority

FACTS = Facts(
    version="156",
    # Headless mode says HeadlessChrome; this is what a person's browser sends.
    user_agent=(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    ),
    accept_encoding="gzip, deflate, br, zstd",
    accept_encoding_cleartext="gzip, deflate",
    request=(
        ("Host", "{host}"),
        ("Connection", "Upgrade"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Authorization", "{authorization}"),
        ("User-Agent", "{user_agent}"),
        ("Upgrade", "websocket"),
        ("Origin", "{origin}"),
        ("Sec-WebSocket-Version", "13"),
        ("Accept-Encoding", "{accept_encoding}"),
        ("Accept-Language", "en-US,en;q=0.9"),
        ("Cookie", "{cookies}"),
        ("Sec-WebSocket-Key", "{key}"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ("Sec-WebSocket-Protocol", "{protocols}"),
    ),
    connect=(
        (":method", "CONNECT"),
        (":authority", "{host}"),
        (":scheme", "https"),
        (":path", "{resource}"),
        (":protocol", "websocket"),
        ("pragma", "no-cache"),
        ("cache-control", "no-cache"),
        ("authorization", "{authorization}"),
        ("user-agent", "{user_agent}"),
        ("origin", "{origin}"),
        ("sec-websocket-version", "13"),
        ("accept-encoding", "{accept_encoding}"),
        ("accept-language", "en-US,en;q=0.9"),
        ("cookie", "{cookies}"),
        ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ("sec-websocket-protocol", "{protocols}"),
    ),
    http2=Http2(
        fields=(),
        settings=((1, 65536), (2, 0), (4, 6291456), (6, 256 * 1024)),
        window=15663105,
        priority=Priority(depends_on=0, weight=146, exclusive=True),
        data_max=16375,
        end_stream="close",
    ),
    exceptions={
        "no-new": (
            "Failed to construct 'WebSocket': Please use the 'new' operator, "
            "this DOM object constructor cannot be called as a function."
        ),
        "no-arguments": "Failed to construct 'WebSocket': 1 argument required, but only 0 present.",
        "url": "Failed to construct 'WebSocket': The URL '{url}' is invalid.",
        "scheme": (
            "Failed to construct 'WebSocket': The URL's scheme must be either 'http', 'https', 'ws', or 'wss'. "
            "'{scheme}' is not allowed."
        ),
        "fragment": (
            "Failed to construct 'WebSocket': The URL contains a fragment identifier ('{fragment}'). "
            "Fragment identifiers are not allowed in WebSocket URLs."
        ),
        "subprotocol": "Failed to construct 'WebSocket': The subprotocol '{subprotocol}' is invalid.",
        "subprotocol-twice": "Failed to construct 'WebSocket': The subprotocol '{subprotocol}' is duplicated.",
        "mixed-content": (
            "Failed to construct 'WebSocket': "
            "An insecure WebSocket connection may not be initiated from a page loaded over HTTPS."
        ),
        "close-code": (
            "Failed to execute 'close' on 'WebSocket': "
            "The close code must be either 1000, or between 3000 and 4999. {code} is neither."
        ),
        "close-reason": (
            "Failed to execute 'close' on 'WebSocket': "
            "The close reason must not be greater than 123 UTF-8 bytes."
        ),
        "send-connecting": "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.",
    },
    console={
        "failed": "WebSocket connection to '{url}' failed: {failure}",
        "late-send": "WebSocket is already in CLOSING or CLOSED state.",
        "mixed-content": (
            "Mixed Content: The page at '{page}' was loaded over HTTPS, but attempted to connect "
            "to the insecure WebSocket endpoint '{url}'. "
            "This request has been blocked; this endpoint must be available over WSS."
        ),
        "mixed-content-local": (
            "Mixed Content: The page at '{page}' was loaded over HTTPS, but attempted to connect "
            "to the insecure WebSocket endpoint '{url}'. "
            "This endpoint should be available via WSS. Insecure access is deprecated."
        ),
        "insecure-deprecated": (
            "Connecting to a non-secure WebSocket server from a secure origin is deprecated."
        ),
        "csp": (
            "Connecting to '{url}' violates the following Content Security Policy directive: "
            '"{directive}".{fallback} The action has been blocked.'
        ),
        "csp-fallback": (
            " Note that 'connect-src' was not explicitly set, so 'default-src' is used as a fallback."
        ),
    },
    failures={
        # third_party/blink/renderer/modules/websockets/websocket_common.cc
        "closed-early": "WebSocket is closed before the connection is established.",
        # net/websockets/websocket_stream.cc
        "establishment": "Error in connection establishment: net::{error}",
        "canceled": "WebSocket opening handshake was canceled",
        "timed-out": "WebSocket opening handshake timed out",
        "tunnel": "Establishing a tunnel via proxy server failed.",
        "unauthorized": "HTTP Authentication failed; no valid credentials available",
        # net/websockets/websocket_basic_handshake_stream.cc
        "empty": "Connection closed before receiving a handshake response",
        "handshake": "Error during WebSocket handshake: {detail}",
        "net-error": "net::{error}",
        "status-line": "Invalid status line",
        "status": "Unexpected response code: {status}",
        "missing": "'{name}' header is missing",
        "multiple": "'{name}' header must not appear more than once in a response",
        "upgrade": "'Upgrade' header value is not 'WebSocket': {value}",
        "accept": "Incorrect 'Sec-WebSocket-Accept' header value",
        "connection": "'Connection' header value must contain 'Upgrade'",
        # net/websockets/websocket_http2_handshake_stream.cc
        "stream-closed": "Stream closed with error: net::{error}",
        # net/websockets/websocket_handshake_stream_base.cc
        "subprotocol-unasked": (
            "Response must not include 'Sec-WebSocket-Protocol' header if not present in request: {value}"
        ),
        "subprotocol-mismatch": (
            "'Sec-WebSocket-Protocol' header value '{value}' in response does not match any of sent values"
        ),
        "subprotocol-missing": "Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received",
        "extensions": "'Sec-WebSocket-Extensions' header value is rejected by the parser: {value}",
        "extension-unknown": "Found an unsupported extension '{name}' in 'Sec-WebSocket-Extensions' header",
        "deflate-twice": "Received duplicate permessage-deflate response",
        "deflate": "Error in permessage-deflate: {detail}",
        # net/websockets/websocket_deflate_parameters.cc
        "parameter-unknown": "Received an unexpected permessage-deflate extension parameter",
        "parameter-twice": "Received duplicate permessage-deflate extension parameter {name}",
        "parameter-invalid": "Received invalid {name} parameter",
        "parameter-without-value": "client_max_window_bits must have value",
        # net/websockets/websocket_channel.cc
        "frame-header": "Invalid frame header",
        "masked": "A server must not mask any frames that it sends to the client.",
        "reserved": (
            "One or more reserved bits are on: reserved1 = {rsv1}, reserved2 = {rsv2}, reserved3 = {rsv3}"
        ),
        "after-close": "{frame} received after close",
        "opcode": "Unrecognized frame opcode: {opcode}",
        "continuation": "Received unexpected continuation frame.",
        "unfinished": "Received start of new message but previous message is unfinished.",
        "utf-8": "Could not decode a text frame as UTF-8.",
        "close-size": "Received a broken close frame with an invalid size of 1 byte.",
        "close-code": "Received a broken close frame containing a reserved status code.",
        "close-utf-8": "Received a broken close frame containing invalid UTF-8.",
    },
    opening_timeout=240,
    closing_timeout=60,
    tcp_close_timeout=2,
    max_head=256 * 1024,
    read_size=1000,
    local_network_access=True,
)
