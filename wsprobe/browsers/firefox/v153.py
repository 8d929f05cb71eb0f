"""Firefox ESR 153, measured with 153.7.0 on Debian 13."""

from __future__ import annotations

from wsprobe.browsers.firefox.facts import Facts
from wsprobe.exchange import Http2, Priority

FACTS = Facts(
    version="153",
    user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    accept_encoding="gzip, deflate, br, zstd",
    accept_encoding_cleartext="gzip, deflate",
    request=(
        ("Host", "{host}"),
        ("User-Agent", "{user_agent}"),
        ("Accept", "*/*"),
        ("Accept-Language", "en-US,en;q=0.9"),
        ("Accept-Encoding", "{accept_encoding}"),
        ("Sec-WebSocket-Version", "13"),
        ("Origin", "{origin}"),
        ("Sec-WebSocket-Protocol", "{protocols}"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Sec-WebSocket-Key", "{key}"),
        ("Sec-Fetch-Storage-Access", "{storage_access}"),
        ("Connection", "Upgrade"),
        ("Cookie", "{cookies}"),
        ("Sec-Fetch-Dest", "{dest}"),
        ("Sec-Fetch-Mode", "{mode}"),
        ("Sec-Fetch-Site", "{site}"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Upgrade", "websocket"),
        ("Authorization", "{authorization}"),
    ),
    connect=(
        (":method", "CONNECT"),
        (":path", "{resource}"),
        (":authority", "{host}"),
        (":scheme", "https"),
        (":protocol", "websocket"),
        ("user-agent", "{user_agent}"),
        ("accept", "*/*"),
        ("accept-language", "en-US,en;q=0.9"),
        ("accept-encoding", "{accept_encoding}"),
        ("sec-websocket-version", "13"),
        ("origin", "{origin}"),
        ("sec-websocket-protocol", "{protocols}"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("sec-fetch-storage-access", "{storage_access}"),
        ("cookie", "{cookies}"),
        ("sec-fetch-dest", "{dest}"),
        ("sec-fetch-mode", "{mode}"),
        ("sec-fetch-site", "{site}"),
        ("pragma", "no-cache"),
        ("cache-control", "no-cache"),
        ("authorization", "{authorization}"),
    ),
    http2=Http2(
        fields=(),
        settings=((1, 65536), (2, 0), (4, 131072), (5, 16384)),
        window=12517377,
        stream=3,
        priority=Priority(depends_on=0, weight=21, exclusive=False),
        stream_window=12451840,
        never_indexed=(b"cookie", b"authorization"),
        data_max=16000,
        header_apart=True,
        end_stream="never",
        reads_if_left_out=True,
    ),
    exceptions={
        "no-new": "WebSocket constructor: 'new' is required",
        "no-arguments": "WebSocket constructor: At least 1 argument required, but only 0 passed",
        "syntax": "An invalid or illegal string was specified",
        "csp": "NS_ERROR_CONTENT_BLOCKED",  # a name: there is no message
        "mixed-content": "The operation is insecure.",
        "close-code": "A parameter or an operation is not supported by the underlying object",
        "close-reason": "An invalid or illegal string was specified",
        "send-connecting": "An attempt was made to use an object that is not, or is no longer, usable",
    },
    console={
        # browser/locales/en-US/chrome/overrides/appstrings.properties
        "not-connected": "Firefox can\u2019t establish a connection to the server at {url}.",
        "interrupted": "The connection to {url} was interrupted while the page was loading.",
        # netwerk/locales/en-US/necko.properties
        "status-line": "The status line of the HTTP response is invalid",
        # dom/locales/en-US/chrome/security/csp.properties
        "csp": (
            "Content-Security-Policy: The page\u2019s settings blocked the loading of a resource (connect-src) "
            "at {url} because it violates the following directive: \u201c{directive}\u201d"
        ),
        "upgraded": (
            "Content-Security-Policy: Upgrading insecure request \u2018{url}\u2019 to use \u2018wss\u2019"
        ),
    },
    opening_timeout=20,
    closing_timeout=20,
    max_message=2**31 - 1,
    max_head=393_216,
    max_junk=128 * 1024,
    hop=60,
    together=1000,
    race=30_000,
)
