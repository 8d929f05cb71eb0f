"""The WebSocket API, W3C Candidate Recommendation of 20 September 2012, followed to the letter."""

from wsprobe.browsers.standard.engine import Standard
from wsprobe.browsers.standard.handshake import Letter

ENGINE = Standard(
    Letter(
        name="w3c-cr-2012",
        version="2012-09-20",
        relative_urls=False,
        throws_security_error=True,
        policies=False,
        conforming_status_line=True,
        missing_protocol_fails=False,
        request=(
            ("Host", "{host}"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "{key}"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Protocol", "{protocols}"),
            ("Origin", "{origin}"),
            ("User-Agent", "{user_agent}"),
            ("Cookie", "{cookies}"),
        ),
        offer="",
        fetch=False,
        established="W3C CR 2012 section 4",
        status="W3C CR 2012 section 4",
    )
)
