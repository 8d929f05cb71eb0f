"""Which protocol an engine asks over, what it sends, and what it asks next: pure, from what has been seen."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.browsers_views.http2_cases import KEY, load, sockets
from tests.cases import every
from tests.http2.test_read import ON, answer, exchange
from wsprobe.browsers import ENGINES
from wsprobe.browsers.chromium import http2 as chromium
from wsprobe.browsers.engine import Page
from wsprobe.browsers.page import opened_by
from wsprobe.browsers.standard.handshake import request_sent
from wsprobe.read import read
from wsprobe.read.http2_values import HeaderBlock
from wsprobe.read.reading import Field
from wsprobe.wire.http2 import settings

URL = "wss://chat.example:8443/ws"
LINES = load()


def fields(engine, page, url=URL):
    made = ENGINES[engine].construct(url, page)
    asked = ENGINES[engine].first(made, page, KEY).http2
    return [(name.decode(), value.decode()) for name, value in asked.fields]


@pytest.mark.parametrize(
    ("page", "warm"),
    [
        (Page(), False),
        (Page("https://chat.example:8443/"), False),
        (Page("https://chat.example:8443/", http="2"), True),
        (Page("https://chat.example/", http="2"), False),
        (Page("https://www.chat.example:8443/", http="2"), False),
        (Page("https://www.chat.example:8443/", http="2", shares=True), True),
        (Page("https://www.chat.example/", http="2", shares=True), False),
        (Page("https://other.test:8443/", http="2", shares=True), False),
        (Page("https://chat.example:8443/", http="2", csp="sandbox allow-scripts"), False),
    ],
)
def test_chromium_needs_a_session_and_firefox_none(page, warm):
    assert chromium.warm(URL, page) is warm
    for name, over_http2 in (("chromium", warm), ("firefox", True), ("webkitgtk", False), ("whatwg", False)):
        engine = ENGINES[name]
        first = engine.first(engine.construct(URL, page), page, KEY)
        assert (first.http2 is not None) is over_http2
        assert first.alpn == (("h2", "http/1.1") if over_http2 else ("http/1.1",))
        assert first.request == engine.request(engine.construct(URL, page), page, KEY)


def test_chromium_counts_32_bytes_more_for_a_field():
    for size, refused in ((256 * 1024, False), (256 * 1024 + 1, True)):
        fields = tuple(
            Field(name, name, value, (), (0, 0))
            for name, value in ((b":status", b"200"), (b"a", b"x" * (size - 75)))
        )
        assert chromium._malformed(HeaderBlock(1, 0, 0, fields, b"", True)) is refused


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (exchange(settings([(3, 100)]), asked=b""), False),
        (exchange(ON, asked=b""), True),
        (exchange(settings([(3, 100)])), True),
    ],
)
def test_the_standard_asks_where_it_is_announced_and_what_was_asked_counts(of, said):
    assert request_sent(read(of)) is said


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (b"", "ERR_HTTP2_PROTOCOL_ERROR"),
        (b"2x0", "ERR_HTTP2_PROTOCOL_ERROR"),
        (b"103", "ERR_HTTP2_PROTOCOL_ERROR"),
        (b"2147483647", "Unexpected response code: 2147483647"),
        (b"2147483648", "ERR_HTTP2_PROTOCOL_ERROR"),
        (b"9" * 5000, "ERR_HTTP2_PROTOCOL_ERROR"),
    ],
)
def test_which_statuses_chromium_takes_for_one(status, said):
    reading = read(exchange(ON, answer(status)))
    (line,) = ENGINES["chromium"].view(reading.exchange.plan.target.url, Page(), [reading]).console
    assert line.endswith(said)


def test_in_clear_nobody_asks_over_http2():
    page = Page("http://chat.example/", http="2")
    for name in ENGINES:
        made = ENGINES[name].construct("ws://chat.example/ws", page)
        assert ENGINES[name].first(made, page, KEY).http2 is None


def test_a_page_without_a_name_is_of_the_own_origin():
    assert opened_by(Page(""), URL).url == "https://chat.example:8443/"
    assert opened_by(Page("https://a.example/"), URL).url == "https://a.example/"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("ws://a.example/x?y#z", "http://a.example/"),
        ("wss://user:pass@a.example:443/", "https://a.example/"),
        ("WSS://A.example:8443/x", "https://a.example:8443/"),
        ("http://[::1]:81/x", "http://[::1]:81/"),
        ("/chat", "http://localhost/"),
        ("ws://[bad", "http://localhost/"),
        ("mailto:a@b.example", "http://localhost/"),
    ],
)
def test_the_page_of_a_url_s_own_origin(url, page):
    assert opened_by(Page(""), url).url == page


def test_what_a_page_asks_for_is_in_the_block():
    page = Page("https://a.test/", protocols=("chat", "b"), cookies="a=1; b=2")
    sent = fields("firefox", page, "wss://chat.example/ws?x=1")
    assert (":authority", "chat.example") in sent
    assert (":path", "/ws?x=1") in sent
    assert ("sec-websocket-protocol", "chat, b") in sent
    assert [value for name, value in sent if name == "cookie"] == ["a=1", "b=2"]
    assert ("sec-fetch-storage-access", "none") in sent
    assert ("sec-fetch-site", "cross-site") in sent
    names = {name for name, _ in sent}
    assert not names & {"host", "upgrade", "connection", "sec-websocket-key"}


@pytest.mark.parametrize(
    ("engine", "name", "protocols"),
    [
        ("chromium", "rst-refused-stream-before", ["2", "2"]),
        ("chromium", "rst-refused-twice-then-200", ["2", "2", "2"]),
        ("chromium", "rst-refused-twice-before", ["2", "2", "2"]),
        ("chromium", "rst-http11-required-before", ["2", "1.1"]),
        ("chromium", "goaway-refused-before", ["2", "1.1"]),
        ("chromium", "tcp-rst-before", ["2", "1.1"]),
        ("firefox", "rst-refused-stream-before", ["2"]),
        ("firefox", "rst-http11-required-before", ["2"]),
        ("firefox", "cross-cold-off", ["2", "1.1"]),
        ("firefox", "cross-cold-value-2", ["2"]),
    ],
)
def test_what_is_asked_next(engine, name, protocols):
    """A connection on which nothing was asked counts here, and not among the handshakes."""
    asked = sockets(ENGINES[engine], LINES[name])[0].asked
    assert ["1.1" if each.http2 is None else "2" for each in asked] == protocols


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_credentials_are_given_over_the_same_protocol(engine):
    first, second = sockets(ENGINES[engine], LINES["status-401-userinfo-then-200"])[0].asked
    assert first.http2 is not None
    assert second.http2 is not None
    assert b"authorization" not in dict(first.http2.fields)
    assert dict(second.http2.fields)[b"authorization"] == b"Basic dXNlcjpwYXNz"


@every(
    {
        "on": ((ON,), "open"),
        "off, then on": ((settings([(3, 100)]), ON), "follows"),
        "off": ((settings([]),), "follows"),
    }
)
def test_the_first_settings_decide_where_firefox_does_not_know_the_server(case):
    announced, outcome = case
    reading = read(exchange(*announced, answer(b"200")))
    assert ENGINES["firefox"].view(reading.exchange.plan.target.url, Page(), [reading]).outcome == outcome


def with_secret(*pieces, asked=True):
    """To a URL with a user and a password."""
    made = exchange(*pieces) if asked else exchange(*pieces, asked=b"")
    to = made.plan.target
    to = replace(to, userinfo="u:p", url=to.url.replace("wss://", "wss://u:p@"))
    return read(replace(made, plan=replace(made.plan, target=to)))


REFUSED = with_secret(ON, answer(b"401", (b"www-authenticate", b"Basic"), end_stream=True))


OFF = with_secret(settings([]), asked=False)


@every(
    {
        "a 401": ([REFUSED], "over HTTP/2, with"),
        "nothing announced": ([OFF], "over HTTP/1.1, without"),
        "a 401, then nothing announced": ([REFUSED, OFF], "over HTTP/1.1, with"),
        "nothing announced, then a 401": ([OFF, REFUSED], "over HTTP/2, with"),
        "two of them": ([REFUSED, REFUSED], ""),
    }
)
def test_what_is_asked_next_with_the_credentials_of_the_url(case):
    readings, expected = case
    url = readings[0].exchange.plan.target.url
    page = Page(url.replace("wss://u:p@", "https://"), http="2")
    for engine in ("chromium", "firefox"):
        then = ENGINES[engine].follow(readings, page, "key")
        assert ENGINES[engine].view(url, page, readings).outcome == ("follows" if expected else "failed")
        if then is None:
            assert not expected
            continue
        fields = dict(then.http2.fields) if then.http2 is not None else {}
        secret = b"Authorization: Basic dTpw\r\n" in then.request
        assert (b"authorization" in fields) is (secret and then.http2 is not None)
        over = f"over HTTP/{'2' if then.http2 is not None else '1.1'}"
        assert f"{over}, {'with' if secret else 'without'}" == expected
