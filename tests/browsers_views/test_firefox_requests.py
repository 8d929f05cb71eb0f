"""What Firefox asks, and asks again with credentials; which policies keep it from asking."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import KEY, OPEN, recorded
from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.firefox.constructor import violations
from wsprobe.browsers.firefox.request import authorizations, challenges
from wsprobe.browsers.url import parse as parse_address
from wsprobe.exchange import Http2, Priority, Target

FIREFOX = ENGINES["firefox"]


@every(
    {
        "a parameter of none": (b'realm="x", Basic', [("basic", {})]),
        "a token for a parameter": (b"Bearer abc", [("bearer", {})]),
        "two schemes": (b"A x=1, B y=2", [("a", {"x": b"1"}), ("b", {"y": b"2"})]),
        "a second parameter": (b"A x=1, y = 2", [("a", {"x": b"1", "y": b"2"})]),
        "an escape in quotes": (b'A x="1\\"2"', [("a", {"x": b'1"2'})]),
        "a quote that does not end": (b'A x="', [("a", {"x": b'"'})]),
        "nothing in quotes": (b'A x=""', [("a", {"x": b""})]),
        "capitals": (b"BASIC Realm=X", [("basic", {"realm": b"X"})]),
    }
)
def test_challenges(case):
    value, expected = case
    assert challenges(value) == expected


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


def test_challenges_in_one_field_and_in_several():
    one = b'Digest realm="a, b", nonce="n", Basic realm="c"'
    assert challenges(one) == [("digest", {"realm": b"a, b", "nonce": b"n"}), ("basic", {"realm": b"c"})]
    assert [scheme for scheme, _ in challenges(b'Bearer\nBasic realm="b"\nNegotiate')] == [
        "bearer",
        "basic",
        "negotiate",
    ]


def test_every_challenge_is_answered_in_turn():
    """The Digest is one that Firefox sent."""
    to = Target("ws://h/s/creds-both", False, "h", 80, "/s/creds-both", userinfo="user:secret")
    answers = list(authorizations(b'Bearer\nDigest realm="a", nonce="n"\nNTLM\nBasic realm="b"', to, "key"))
    assert answers == [
        'Digest username="user", realm="a", nonce="n", uri="/s/creds-both", '
        'response="9842ea272bc718516eab29d7ef3231dc"',
        "Basic dXNlcjpzZWNyZXQ=",
    ]


def test_a_digest_with_protection_counts_and_has_a_nonce_of_its_own():
    to = Target("ws://h/x", False, "h", 80, "/x", userinfo="u:p")
    (answer,) = authorizations(b'Digest realm="r", nonce="n", qop="auth", algorithm=MD5, opaque="o"', to, "key")
    head, _, tail = answer.partition('response="')
    assert head == 'Digest username="u", realm="r", nonce="n", uri="/x", algorithm=MD5, '
    assert tail[32:] == '", opaque="o", qop=auth, nc=00000001, cnonce="a62f2225bf70bfac"'


def test_no_credentials_no_answer():
    assert list(authorizations(b"Basic", Target("ws://h/", False, "h", 80, "/"), "key")) == []


def _address(url):
    address = parse_address(url)
    assert address is not None
    return address


@pytest.mark.parametrize(
    ("policy", "to", "directives"),
    [
        ("connect-src *", "ws://a.example/", []),
        ("connect-src ws:", "wss://a.example/", []),
        ("connect-src wss:", "ws://a.example/", ["connect-src wss:"]),
        ("connect-src http:", "ws://a.example/", ["connect-src http:"]),
        ("connect-src a.example", "ws://a.example/", ["connect-src http://a.example"]),
        ("connect-src WS://A.example:*/p/", "ws://a.example:9/p/q", []),
        ("connect-src ws://a.example/p", "ws://a.example/q", ["connect-src ws://a.example/p"]),
        ("connect-src ws://a.example:80", "wss://a.example/", []),
        ("connect-src ws://*.example", "ws://example/", ["connect-src ws://*.example"]),
        ("connect-src 'SELF'", "ws://page.example:8080/", []),
        ("connect-src 'self'", "ws://page.example/", ["connect-src 'self'"]),
        ("connect-src", "ws://a.example/", ["connect-src 'none'"]),
        ("connect-src 'none' ws:", "ws://a.example/", []),
        ("connect-src 'none', connect-src 'self'", "ws://b/", ["connect-src 'none'", "connect-src 'self'"]),
        ("default-src 'none'; script-src *", "ws://a.example/", ["default-src 'none'"]),
        ("script-src 'none'", "ws://a.example/", []),
        ("connect-src wss:; upgrade-insecure-requests", "ws://a.example/", []),
    ],
)
def test_policies(policy, to, directives):
    assert list(violations(policy, _address("http://page.example:8080/"), _address(to))) == directives


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


def test_no_sec_fetch_for_a_host_that_is_not_trustworthy():
    made = FIREFOX.construct("ws://h.example/x", Page())
    sent = FIREFOX.request(made, Page(), KEY)
    assert b"Sec-Fetch" not in sent
    assert b"Accept-Encoding: gzip, deflate\r\n" in sent
