"""What Chromium asks, and asks again with credentials."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import KEY, OPEN, recorded
from wsprobe.browsers import ENGINES, facts
from wsprobe.browsers.chromium import http2
from wsprobe.browsers.chromium.request import Facts, asks
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Http2, Priority
from wsprobe.read import read

FACTS = facts("chromium", "156", Facts)


CHROMIUM = ENGINES["chromium"]


UA = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    f"Chrome/{ENGINES['chromium'].version}.0.0.0 Safari/537.36"
)


def asked(url, page):
    made = CHROMIUM.construct(url, page)
    return CHROMIUM.request(made, page, KEY).decode().split("\r\n")


def test_the_request_field_for_field():
    page = Page("http://page.example:8080/x", protocols=("a", "b"), cookies="c=d; e=f")
    assert asked("ws://u:p@127.0.0.1:9000/p?q", page) == [
        "GET /p?q HTTP/1.1",
        "Host: 127.0.0.1:9000",
        "Connection: Upgrade",
        "Pragma: no-cache",
        "Cache-Control: no-cache",
        f"User-Agent: {UA}",
        "Upgrade: websocket",
        "Origin: http://page.example:8080",
        "Sec-WebSocket-Version: 13",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept-Language: en-US,en;q=0.9",
        "Cookie: c=d; e=f",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Protocol: a, b",
        "",
        "",
    ]


def test_nothing_is_asked_where_nothing_is_connected_to():
    with pytest.raises(ValueError, match="no request"):
        CHROMIUM.request(CHROMIUM.construct("ws://h:1/", Page()), Page(), KEY)


def answer(*challenges):
    fields = "".join(f"WWW-Authenticate: {challenge}\r\n" for challenge in challenges)
    return f"HTTP/1.1 401 x\r\n{fields}Content-Length: 0\r\n\r\n".encode()


SAME_SITE = Page("http://127.0.0.1:1/")


SECRET = "ws://us%20er:p%C3%A9@127.0.0.1:9000/x"


def test_a_401_is_answered_once_and_for_same_site_pages_only():
    reading = recorded(answer('Basic realm="x"'), page=SAME_SITE, url=SECRET)
    then = CHROMIUM.follow([reading], SAME_SITE, KEY)
    lines = then.request.decode().split("\r\n")
    assert lines[4:6] == ["Cache-Control: no-cache", "Authorization: Basic dXMgZXI6cMOp"]
    assert CHROMIUM.view(SECRET, SAME_SITE, [reading]).outcome == "follows"
    assert CHROMIUM.follow([reading, reading], SAME_SITE, KEY) is None
    twice = CHROMIUM.view(SECRET, SAME_SITE, [reading, reading])
    assert (twice.outcome, [e.type for e in twice.events]) == ("failed", ["error", "close"])
    assert twice.console[0].endswith("HTTP Authentication failed; no valid credentials available")
    assert CHROMIUM.follow([reading], Page("http://other.example/"), KEY) is None
    assert CHROMIUM.view(SECRET, Page("http://other.example/"), [reading]).outcome == "failed"


def test_how_it_asks_over_http2():
    """As it was measured to."""
    page = Page("https://h.example/", http="2")
    first = CHROMIUM.first(CHROMIUM.construct("wss://h.example/", page), page, "key").http2
    assert first is not None
    assert replace(first, fields=()) == Http2(
        fields=(),
        settings=((1, 65536), (2, 0), (4, 6291456), (6, 262144)),
        window=15663105,
        stream=1,
        tries=3,
        priority=Priority(depends_on=0, weight=146, exclusive=True),
        data_max=16375,
        end_stream="close",
    )
    made = CHROMIUM.construct("wss://h.example/", page)
    assert [asks(made, page, FACTS, refused=before).tries for before in range(4)] == [3, 2, 1, 1]


def test_when_it_would_have_asked_over_the_other_protocol():
    url = "wss://h.example/"
    cold, warm = Page("http://h.example/"), Page("https://h.example/", http="2")
    over_http1 = recorded(OPEN, url=url, page=cold)
    offered = read(
        replace(
            over_http1.exchange,
            plan=replace(over_http1.exchange.plan, tls=replace(over_http1.exchange.plan.tls, alpn=("h2",))),
        )
    )
    assert http2.otherwise(url, warm, []) == ""
    assert http2.otherwise(url, cold, [over_http1]) == ""
    assert http2.otherwise(url, cold, [offered]) == ""
    assert http2.otherwise(url, warm, [offered]) == ""
    assert "has an HTTP/2 connection, and uses it" in http2.otherwise(url, warm, [over_http1])
