"""Chromium's request, credentials, URLs, and the parsers beneath the view."""

from __future__ import annotations

import pytest

from tests.browsers_views.recordings import KEY, recorded
from wsprobe.browsers import ENGINES
from wsprobe.browsers.chromium.constructor import is_local, parse_url
from wsprobe.browsers.chromium.handshake import Agreed, Fault, agree, parse
from wsprobe.browsers.chromium.http import parse as parse_head
from wsprobe.browsers.chromium.http import read_answer, split_list
from wsprobe.browsers.chromium.request import authorization
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Received, Target

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


@pytest.mark.parametrize("challenge", ["Bearer", "Bearer, Basic realm=a", "Negotiate", 'Digest realm="a"'])
def test_challenges_that_credentials_are_no_answer_to(challenge):
    reading = recorded(answer(challenge), page=SAME_SITE, url=SECRET)
    assert CHROMIUM.follow([reading], SAME_SITE, KEY) is None


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


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("ws://a b/", "ws://a%20b/"),
        ("ws://a*b/", "ws://a%2Ab/"),
        ("ws://h/a|b?a|b", "ws://h/a%7Cb?a|b"),
        ("ws://'u:'p@h:1/", "ws://%27u:%27p@h:1/"),
        ("ws://[a b]/", None),
        ("ws://1 .2.3.4/", None),
        ("rel x", "http://page.example/rel%20x"),
    ],
)
def test_departures_of_chromiums_url_parser(text, href):
    address = parse_url(text, "http://page.example/")
    assert (address.href if address is not None else None) == href


def test_local_addresses():
    local = ["10.1.2.3", "foo.local", "local.", "[fd00::1]", "0.0.0.0", "[::ffff:10.0.0.1]", "100.64.0.1"]
    assert all(map(is_local, local))
    assert not any(
        map(is_local, ["192.0.2.2", "172.32.0.1", "foo", "[::ffff:8.8.8.8]", "local.example", "[ff02::1]"])
    )


def test_lists_are_split_at_commas_outside_quotes():
    assert split_list(b'a, "b,c" ,,"d\\",e",f"') == (b"a", b'"b,c"', b"", b'"d\\",e"', b'f"')


@pytest.mark.parametrize(
    ("head", "version", "status"),
    [
        (b"HTTP/1.1 101 x", (1, 1), 101),
        (b"HTTP/0.9 200 x", (0, 9), 200),
        (b"HTTP/0.9 200 x\r\nA: b", (1, 0), 200),
        (b"http/3.5 0404", (1, 1), 404),
        (b"HTTP/2.0  7x", (2, 0), 7),
        (b"HTTP 101", (1, 0), 101),
        (b"HTTP/1.1\t101", (1, 1), 200),
        (b"HTTP/1.1 " + b"9" * 5000, (1, 1), 2**31 - 1),
    ],
)
def test_status_lines(head, version, status):
    headers = parse_head(head)
    assert (headers.version, headers.status) == (version, status)


def test_fields():
    headers = parse_head(b"HTTP/1.1 1\r\nA : b,\n\tc\rnocolon\r\n d: e\r\n: f\r\nG(: h\r\nLocation: i,j\r\n")
    assert headers.fields == ((b"a", (b"b", b"c")), (b"location", (b"i,j",)))


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("a", ["a"]),
        ('a , b;c = "d"; e', ["a", "b"]),
        ("a;", []),
        ("a b", []),
        ('a; b=""', []),
        ('a;b="c d"', []),
    ],
)
def test_extension_lists(value, names):
    assert [extension.name for extension in parse(value)] == names


def test_extensions_agreed_and_not():
    assert agree([]) == Agreed(False, "")
    assert agree([b'permessage-deflate; server_max_window_bits="1\\2"']) == Agreed(
        True, 'permessage-deflate; server_max_window_bits="1\\2"'
    )
    assert agree([b"permessage-deflate", b"x"]) == Fault("extension-unknown", "x")


@pytest.mark.parametrize(
    ("pieces", "settled"),
    [
        ((b"HTTP/1.1 403 No\r\n\r", b"\n", b"body"), 1),
        ((b"1234567", b"8", b"9"), 1),
        ((b"12345678", b"9"), 0),
    ],
)
def test_a_head_is_settled_when_its_last_byte_came(pieces, settled):
    """Where it is no HTTP, that is the eighth."""
    reading = recorded(*pieces)
    [*_, when] = [event.at for event in reading.exchange.events if isinstance(event, Received)][: settled + 1]
    for default_port in (False, True):
        assert read_answer(reading, secure=False, default_port=default_port, max_head=1000).at == when
