"""What Chromium asks, and asks again with credentials."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import KEY, OPEN, recorded
from wsprobe.browsers import ENGINES, facts
from wsprobe.browsers.chromium import http2
from wsprobe.browsers.chromium.http import parse as parse_head
from wsprobe.browsers.chromium.request import Facts, asks, authorization
from wsprobe.browsers.engine import Page
from wsprobe.browsers.local_network import space_of_host
from wsprobe.exchange import Http2, Priority, Target
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


@pytest.mark.parametrize(
    ("url", "host", "encoding"),
    [
        ("ws://h.example:80/", "h.example", "gzip, deflate"),
        ("wss://h.example:443/", "h.example", "gzip, deflate, br, zstd"),
        ("wss://h.example:80/", "h.example:80", "gzip, deflate, br, zstd"),
        ("ws://[::1]:8/", "[::1]:8", "gzip, deflate, br, zstd"),
        ("ws://localhost/", "localhost", "gzip, deflate, br, zstd"),
    ],
)
def test_host_and_accept_encoding_depend_on_where_it_goes(url, host, encoding):
    lines = asked(url, Page("https://p.example/", user_agent="mine") if url[:3] == "wss" else Page())
    assert lines[1] == f"Host: {host}"
    assert f"Accept-Encoding: {encoding}" in lines
    assert ("User-Agent: mine" in lines) == (url[:3] == "wss")


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


def digest(*challenges, resource):
    to = Target("", False, "h", 80, resource, userinfo="u:p")
    return authorization(parse_head(answer(*challenges)), to, KEY)


@pytest.mark.parametrize(
    ("challenges", "resource", "expected"),
    [
        (
            ("Basic realm=b", 'Digest realm="a", nonce="abc"'),
            "/both",
            'Digest username="u", realm="a", nonce="abc", uri="/both", '
            'response="2435dbc7342a70a5d948bd67bfd495bb"',
        ),
        (
            ('Digest realm="a", nonce="n", Basic realm="b"',),
            "/list",
            'Digest username="u", realm="a", nonce="n", uri="/list", '
            'response="b3d40fc0a80a889a766a8b9afbbc2735"',
        ),
        (
            ('Digest realm="a", nonce="abc", opaque="o"',),
            "/dignoqop",
            'Digest username="u", realm="a", nonce="abc", uri="/dignoqop", '
            'response="971cfcaf3e02bb9a92d22bf69a0af1f7", opaque="o"',
        ),
        (
            ('Digest realm="a", nonce="abc", algorithm=SHA-256',),
            "/digsha",
            'Digest username="u", realm="a", nonce="abc", uri="/digsha", algorithm=SHA-256, '
            'response="7255ee1656224522bfe0fc61148902ddc384b14505167fc96099bd76a37e1d99"',
        ),
        (('Digest realm="a", algorithm=FOO, nonce="a"', "Basic realm=b"), "/", "Basic dTpw"),
        (("basic",), "/", "Basic dTpw"),
    ],
)
def test_answers_as_chromium_156_gave_them(challenges, resource, expected):
    assert digest(*challenges, resource=resource) == expected


def test_a_digest_with_qop_has_a_cnonce_made_of_the_key():
    made = digest('Digest realm="a", nonce="abc", qop="auth-int, auth", algorithm=MD5-sess', resource="/x")
    assert 'qop=auth, nc=00000001, cnonce="' in made
    assert made == digest(
        'Digest realm="a", nonce="abc", qop="auth-int, auth", algorithm=MD5-sess', resource="/x"
    )


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


LOCAL = """0.0.0.0 0.255.255.255
    10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.255.255.255
    169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 [::] [::1]
    [fc00::] [fdff::1]
    [fe80::] [febf::] [fec0::] [feff::] [2001:db8::] [2001:db8:ffff::] [3fff::] [3fff:fff::]
    a.local LOCAL local.
    [::ffff:192.168.0.1]"""


PUBLIC = """1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
    169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 [::2] [fbff::] [fe00::] [fe7f::] [ff00::]
    [2001:db7::] [2001:db9::] [3ffe::] [3fff:1000::] local.a alocal [::ffff:8.8.8.8]"""


def test_the_local_network():
    assert [host for host in LOCAL.split() if space_of_host(host) == "public"] == []
    assert [host for host in PUBLIC.split() if space_of_host(host) != "public"] == []
