"""The WHATWG WebSockets Standard with Fetch, as of 2025-07 and 2026-07, followed to the letter."""

from wsprobe.browsers.standard.engine import Standard
from wsprobe.browsers.standard.handshake import Letter

ENGINE = Standard(
    Letter(
        name="whatwg",
        version="2025-07-14",
        relative_urls=True,
        throws_security_error=False,
        policies=True,
        conforming_status_line=False,
        missing_protocol_fails=True,
        request=(
            ("Host", "{host}"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "{key}"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Protocol", "{protocols}"),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
            ("Origin", "{origin}"),
            ("Pragma", "no-cache"),
            ("Cache-Control", "no-cache"),
            ("User-Agent", "{user_agent}"),
            ("Cookie", "{cookies}"),
        ),
        offer="permessage-deflate; client_max_window_bits",
        fetch=True,
        established="WHATWG WebSockets section 2.2",
        status="WHATWG WebSockets section 2.2, processResponse",
    )
)
