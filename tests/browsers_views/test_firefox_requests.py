"""What Firefox asks, and asks again with credentials; which policies keep it from asking."""

from msgspec.structs import replace

from tests.browsers_views.recordings import KEY, OPEN, recorded
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Http2, Priority

FIREFOX = ENGINES["firefox"]


def test_how_it_asks_over_http2():
    """As it was measured to."""
    page = Page("https://h.example/")
    asks = FIREFOX.first(FIREFOX.construct("wss://h.example/", page), page, "key").http2
    assert asks is not None
    assert replace(asks, fields=()) == Http2(
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
    )


def unauthorized(url, challenge, page=None):
    answer = f"HTTP/1.1 401 x\r\nWWW-Authenticate: {challenge}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    return recorded(answer.encode(), url=url, page=page, browser="firefox")


def test_credentials_of_the_url_are_tried_challenge_by_challenge():
    url, page = "ws://u:p@127.0.0.1:9000/x", Page()
    first = unauthorized(url, 'Digest realm="r", nonce="n", Basic')
    digest = FIREFOX.follow([first], page, KEY)
    assert b"\r\nUpgrade: websocket\r\nAuthorization: Digest username=" in digest.request
    assert FIREFOX.view(url, page, [first]).outcome == "follows"
    basic = FIREFOX.follow([first, first], page, KEY)
    assert basic.request.endswith(b"\r\nAuthorization: Basic dTpw\r\n\r\n")
    assert FIREFOX.follow([first, first, first], page, KEY) is None
    view = FIREFOX.view(url, page, [first, first, first])
    assert (view.outcome, view.cookies) == ("failed", ("a=b",) * 3)
    opened = FIREFOX.view(url, page, [first, recorded(OPEN, url=url, browser="firefox")])
    assert ([event.type for event in opened.events], opened.url) == (["open", "close"], url)


def test_a_page_that_upgrades_what_is_insecure():
    page = Page("http://page.example/", csp="upgrade-insecure-requests")
    made = FIREFOX.construct("ws://h.example:8080/x", page)
    assert (made.url, made.target and made.target.url) == ("ws://h.example:8080/x", "wss://h.example:8080/x")
    view = FIREFOX.view("ws://h.example/x", page, [])
    assert view.console == (
        "Content-Security-Policy: "
        "Upgrading insecure request \u2018ws://h.example/x\u2019 to use \u2018wss\u2019",
    )
    local = replace(page, url="http://localhost/")
    assert (
        FIREFOX.construct("ws://h.example/x", local).target
        == FIREFOX.construct("ws://h.example/x", Page()).target
    )
