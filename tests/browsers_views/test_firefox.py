"""What is Firefox's own and no row: credentials in turn, a page that upgrades, a Pong to be sent, masks."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import KEY, OPEN, frame, recorded
from tests.cases import every
from tests.http2.lines import STREAM
from tests.http2.test_read import ON, answer
from tests.http2.test_read import exchange as http2_exchange
from wsprobe.browsers import ENGINES, facts
from wsprobe.browsers.engine import Page
from wsprobe.browsers.firefox.channel import FrameReader
from wsprobe.browsers.firefox.request import Facts
from wsprobe.read import read
from wsprobe.wire.http2 import data

FIREFOX = ENGINES["firefox"]


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


PING, BAD = frame(0x89, b""), frame(0x87, b"p")


def types(view):
    return tuple(event.type for event in view.events)


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((PING + BAD,), ("open", "close")),
        ((PING, BAD), ("open", "error", "close")),
        ((BAD,), ("open", "error", "close")),
        ((PING + b"\x88\x03\x03\xe8\xff",), ("open", "error", "close")),
    ],
)
def test_over_http2_a_pong_still_to_be_sent_hides_an_error(pieces, told):
    """Measured: in the same read, unless the bad frame is the server's Close."""
    made = http2_exchange(ON, answer(b"200"), *(data(STREAM, piece) for piece in pieces), how="timeout")
    later = [replace(event, at=event.at + 1000 * n) for n, event in enumerate(made.events)]
    reading = read(replace(made, events=tuple(later)))
    assert types(FIREFOX.view(reading.exchange.plan.target.url, Page(), [reading])) == told


@every({f"{size} bytes": size for size in (0, 1, 3, 4, 5, 15, 16, 17, 24, 125, 126, 65535, 65536)})
def test_a_masked_message_is_unmasked(size):
    mask, payload = b"\x01\x02\x03\x04", (bytes(range(256)) * 300)[:size]
    header = frame(0x82, payload)[: -size or None]
    masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
    received = header[:1] + bytes((header[1] | 0x80,)) + header[2:] + mask + masked
    (unit,) = FrameReader(False, facts("firefox", "153", Facts)).read(received)
    assert unit.payload == payload
