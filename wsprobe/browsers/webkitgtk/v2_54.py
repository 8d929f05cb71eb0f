"""WebKitGTK 2.54 with libsoup 3.6, measured with 2.54.3 and 3.6.5 on Debian 13."""

from __future__ import annotations

from wsprobe.browsers.webkitgtk.facts import Facts

FACTS = Facts(
    version="2.54",
    user_agent=(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/60.5 Safari/605.1.15"
    ),
    accept_encoding="gzip, deflate, br",
    accept_encoding_cleartext="gzip, deflate",
    request=(
        ("User-Agent", "{user_agent}"),
        ("Origin", "{origin}"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "{key}"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", "{protocols}"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ("Accept-Encoding", "{accept_encoding}"),
        ("Accept-Language", "C"),  # from the locale: this is what the C locale gives
        ("Host", "{host}"),
        ("Cookie", "{cookies}"),
        ("Authorization", "{authorization}"),
        ("Sec-Fetch-Dest", "{dest}"),
        ("Sec-Fetch-Mode", "{mode}"),
        ("Sec-Fetch-Site", "{site}"),
    ),
    exceptions={
        "no-new": "Constructor requires 'new' operator",
        "no-arguments": "Not enough arguments",
        "syntax": "The string did not match the expected pattern.",
        "security": "The operation is insecure.",
        "access": "The object does not support the operation or argument.",
        "state": "The object is in an invalid state.",
    },
    console={
        # Source/WebKit/WebProcess/Network/WebSocketChannel.cpp
        "failed": "WebSocket connection to '{url}' failed: {failure}",
        # The same of a connection that mixed content kept from being made.
        "failed-unmade": "WebSocket connection failed: {failure}",
        # Source/WebCore/Modules/websockets/WebSocket.cpp
        "url": "Invalid url for WebSocket {url}",
        "scheme": "Wrong url scheme for WebSocket {url}",
        "fragment": "URL has fragment component {url}",
        "port": "WebSocket port {port} blocked",
        "address": "WebSocket address {host} blocked",
        "subprotocol": "Wrong protocol for WebSocket '{subprotocol}'",
        "subprotocol-twice": "WebSocket protocols contain duplicates: '{subprotocol}'",
        "close-reason": "WebSocket close message is too long.",
        # Source/WebCore/loader/MixedContentChecker.cpp
        "mixed-content": (
            "[blocked] The page at {page} requested insecure content from {url}. "
            "This content was blocked and must be served over HTTPS."
        ),
        # Of a loopback host the sentence is printed without its end (measured).
        "mixed-content-loopback": (
            "[blocked] The page at {page} requested insecure content from {url}. "
            "This content was blocked and must"
        ),
        # Source/WebCore/page/csp/ContentSecurityPolicy.cpp
        "csp": (
            "Refused to connect to {url} because it does not appear in the connect-src directive "
            "of the Content Security Policy."
        ),
        "csp-fallback": (
            "Refused to connect to {url} because it appears in neither the connect-src directive "
            "nor the default-src directive of the Content Security Policy."
        ),
    },
    failures={
        # Source/WebCore/Modules/websockets/WebSocket.cpp
        "closed-early": "WebSocket is closed before the connection is established.",
        # libsoup/soup-session.c
        "not-accepted": "The server did not accept the WebSocket handshake.",
        "redirects": "Too many redirects",
        "restarts": "Message was restarted too many times",
        "location-missing": "Location header is missing or empty in response headers",
        "location-invalid": "Invalid URI “{location}” in Location response header",
        # libsoup/http1/soup-client-message-io-http1.c, soup-message-io-data.c, soup-body-input-stream.c
        "head": "Could not parse HTTP response",
        "head-size": "Header too big",
        "encoding": "Unrecognized HTTP response encoding",
        "ended": "Connection terminated unexpectedly",
        # libsoup/websocket/soup-websocket.c
        "ignored": "Server ignored WebSocket handshake",
        "subprotocol": "Server requested unsupported protocol",
        "extension": "Server requested unsupported extension",
        "parameter-twice": "Server returned a duplicated parameter in “{name}” WebSocket extension header",
        "accept": "Server returned incorrect “Sec-WebSocket-Accept” key",
        # libsoup/websocket/soup-websocket-extension-deflate.c
        "parameter": "Invalid parameter '{name}' in permessage-deflate extension header",
        "parameter-value": "Invalid value of parameter '{name}' in permessage-deflate extension header",
        "rsv1": "Received a non-first frame with RSV1 flag set",
        "inflate": "Failed to uncompress incoming frame",
        # libsoup/websocket/soup-websocket-connection.c
        "response": "Received invalid WebSocket response from the server",
        "data": "Received invalid WebSocket data from the server",
        "payload-size": (
            "Received WebSocket payload from the server larger than configured max-incoming-payload-size"
        ),
        # GLib: gio/gthreadedresolver.c, gsocketclient.c, gsocket.c
        "resolve": "Error resolving “{host}”: {error}",
        "connect": "Could not connect to {host}: {error}",
        "receive": "Error receiving data: {error}",
        # glib-networking: tls/base/gtlsconnection-base.c, tls/gnutls/gtlsconnection-gnutls.c
        "certificate": "Unacceptable TLS certificate",
        "alert": "Peer sent fatal TLS alert: {alert}",
        "handshake-ended": (
            "Peer failed to perform TLS handshake: The TLS connection was non-properly terminated."
        ),
        "handshake-reset": "Peer failed to perform TLS handshake: {error}",
        "handshake": "Error performing TLS handshake: An unexpected TLS packet was received.",
        "read-after-end": (
            "Error reading data from TLS socket: The specified session has been invalidated for some reason."
        ),
        "proxy": "Proxy connection failed",
    },
    closing_timeout=5,
    max_head=100 * 1024,
    max_resends=20,
    subprotocol_case=False,
)
