"""Firefox's parts: status line, fields, bodies, extensions, credentials, policies."""

from __future__ import annotations

import pytest

from tests.browsers_views.recordings import OPEN, seen
from wsprobe.browsers.firefox.constructor import violations
from wsprobe.browsers.firefox.handshake import BadExtension, Deflate, agree, integer
from wsprobe.browsers.firefox.http import BadField, BadStatus, Fields, Start, Status, begins
from wsprobe.browsers.firefox.http import parse as parse_status
from wsprobe.browsers.firefox.request import authorizations, challenges
from wsprobe.browsers.url import parse as parse_address
from wsprobe.exchange import Target


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 101 Switching Protocols", Status(1, 1, 101)),
        (b"HTTP/1.1  101\tx", Status(1, 1, 101)),
        (b"HTTP/1.10 101", Status(1, 1, 101)),
        (b"HTTP/1.2 7 x", Status(1, 1, 7)),
        (b"HTTP/1.0 101 x", Status(1, 0, 101)),
        (b"HTTP/1.x 101 x", Status(1, 0, 101)),
        (b"HTTP/11.1 101 x", Status(1, 0, 101)),
        (b"HTTP/1.99999999999 101 x", Status(1, 0, 101)),
        (b"HTTP/1.4294967295 101 x", Status(1, 1, 101)),
        (b"HTTP/1.4294967296 101 x", Status(1, 0, 101)),
        (b"HTTP/1.42949672950 101 x", Status(1, 0, 101)),
        (b"HTTP/1." + b"0" * 5000 + b"1 101 x", Status(1, 1, 101)),
        (b"HTTP 101 x", Status(1, 0, 101)),
        (b"HTTP/2 200 OK", Status(2, 0, 200)),
        (b"HTTP/3.7 200 OK", Status(3, 0, 200)),
        (b"icy 200 OK", Status(1, 0, 200)),
        (b"http/1.1 101 x", Status(0, 9, 200)),
        (b"HTTPS/1.1 101 x", Status(0, 9, 200)),
        (b"HTTP/1.1", Status(1, 1, 200)),
    ],
)
def test_status_lines(line, status):
    assert parse_status(line) == status


@pytest.mark.parametrize(
    "rest", [b"abc", b"", b"-1 x", b"+101", b"0101 x", b"1011", b"101x", b"101. x", b"101\0 x"]
)
def test_a_space_wants_a_status_code_behind_it(rest):
    with pytest.raises(BadStatus):
        parse_status(b"HTTP/1.1 " + rest)


def test_fields_are_merged_but_for_those_that_have_one_value():
    fields = Fields()
    for line in (b"Upgrade: h2c", b"UPGRADE:\twebsocket ", b"Upgrade: ", b"Set-Cookie: a", b"Set-Cookie: b"):
        fields.add(line)
    fields.add(b"Content-Type: text/plain")
    fields.add(b"Content-Type: text/html")
    assert fields.values == {
        b"upgrade": b"h2c, websocket",
        b"set-cookie": b"a\nb",
        b"content-type": b"text/plain",
    }
    assert fields.tokens(b"upgrade", b", \t") == [b"h2c", b"websocket"]


def test_what_is_no_field_is_skipped():
    fields = Fields()
    for line in (b"no colon\0", b" X: folded onto nothing", b"X : y", b": y", b"a b: \0", b"\xe4: y"):
        fields.add(line)
    assert fields.values == {}


@pytest.mark.parametrize(
    "lines",
    [
        [b"X: a\0b"],
        [b"Location: /a", b"Location: /b"],
        [b"Location:", b"Location: /b"],
        [b"Content-Disposition: a", b"Content-Disposition: b"],
        [b"Content-Length: 3", b"Content-Length: 4"],
        [b"Content-Length: 3, 4"],
        [b"Content-Length: 3,"],
        [b"Content-Length:", b"Content-Length: 7"],
    ],
)
def test_some_fields_end_it_all(lines):
    fields = Fields()
    *first, last = lines
    for line in first:
        fields.add(line)
    with pytest.raises(BadField):
        fields.add(last)


@pytest.mark.parametrize(
    ("values", "length"),
    [(["5"], 5), (["5", "5, 5"], 5), (["5,5"], 5), (["abc"], -1), ([""], -1), (["+5"], -1), (["9" * 5000], -1)],
)
def test_content_length(values, length):
    fields = Fields()
    for value in values:
        fields.add(f"Content-Length: {value}".encode())
    assert fields.content_length == length


@pytest.mark.parametrize(
    ("content_type", "typed"),
    [
        ("text/html", True),
        ("text/", True),
        (", text/html; charset=x", True),
        ("", False),
        ("garbage", False),
        ("*/*", False),
        ("text /html", False),
        ("; charset=utf-8", False),
    ],
)
def test_only_a_type_spares_the_look_into_the_body(content_type, typed):
    fields = Fields()
    fields.add(f"Content-Type: {content_type}".encode())
    assert fields.typed is typed


def _fields(*lines):
    fields = Fields()
    for line in lines:
        fields.add(line.encode())
    return fields


@pytest.mark.parametrize(
    ("code", "lines", "body", "start"),
    [
        (101, ["Content-Length: 9"], b"", Start(0, True)),
        (204, [], b"", Start(0, True)),
        (403, ["Content-Length: 0"], b"", Start(0, True)),
        (403, ["Content-Length: 3"], b"ab", None),
        (403, ["Content-Length: 3"], b"abc", Start(3, True)),
        (403, ["Content-Length: 999"], b"x" * 512, None),
        (403, ["Content-Length: 999"], b"x" * 513, Start(513, False)),
        (403, ["Content-Length: 999", "Content-Type: a/b"], b"x", Start(1, False)),
        (403, ["Content-Type: a/b"], b"", None),
        (403, ["Content-Type: a/b"], b"x", Start(1, False)),
        (403, ["Transfer-Encoding: gzip, Chunked", "Content-Type: a/b"], b"5\r\n", None),
        (403, ["Transfer-Encoding: chunked", "Content-Type: a/b"], b"\r\n 5;e\r\nh", Start(9, False)),
        (403, ["Transfer-Encoding: chunked"], b"1\r\nx\r\n0\r\nA: b\r\n", None),
        (403, ["Transfer-Encoding: chunked"], b"1\r\nx\r\n0\r\nA: b\r\n\r\n", Start(17, True)),
        (403, ["Transfer-Encoding: chunked"], b"zz\r\n", Start(4, False)),
        (403, ["Transfer-Encoding: x", "Content-Length: 0"], b"", Start(0, True)),
    ],
)
def test_when_a_body_begins(code, lines, body, start):
    assert begins(code, _fields(*lines), body, 0) == start


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"12", 12),
        (b"015", 15),
        (b'"12"', 12),
        (b"g12", 12),
        (b"x12", 12),
        (b"0x12", 12),
        (b"12xyz", 12),
        (b"12 13", 12),
        (b"-12", -12),
        (b"f12", None),
        (b"12abc", None),
        (b"0xc", None),
        (b"", None),
        (b'""', None),
        (b"99999999999", None),
    ],
)
def test_numbers_as_the_string_library_reads_them(text, number):
    assert integer(text) == number


@pytest.mark.parametrize(
    ("value", "agreed"),
    [
        (b"", None),
        (b" \t", None),
        (b"permessage-deflate", Deflate()),
        (b"permessage-deflate;", Deflate()),
        (b"permessage-deflate;\tserver_no_context_takeover", Deflate()),
        (b"permessage-deflate; server_no_context_takeover=", Deflate()),
        (b"permessage-deflate; server_max_window_bits= 9", Deflate(9)),
        (b"permessage-deflate; client_max_window_bits=12, permessage-deflate", Deflate()),
    ],
)
def test_extensions_that_agree(value, agreed):
    assert agree(value) == agreed


@pytest.mark.parametrize(
    "value",
    [
        b"Permessage-Deflate",
        b"permessage-deflate, permessage-deflate",
        b"permessage-deflate,",
        b"permessage-deflate;;server_no_context_takeover",
        b";permessage-deflate",
        b"permessage-deflate; foo",
        b"permessage-deflate; server_max_window_bits =9",
        b"permessage-deflate; server_max_window_bits=7",
        b"permessage-deflate; server_max_window_bits",
        b"permessage-deflate; server_no_context_takeover=1",
        b"permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    ],
)
def test_extensions_that_do_not(value):
    with pytest.raises(BadExtension):
        agree(value)


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


@pytest.mark.parametrize(
    ("pieces", "opens"),
    [
        ((b"Upgrade: websocket\r\r\n",), False),
        ((b"Upgrade: websocket\r", b"\r\n"), True),
        ((b"Upgrade: websocket\r\r", b"\n"), False),
        ((b"Upgrade: websocket\r", b"\r", b"\n"), True),
        ((b"Upg\r", b"rade: websocket\r\n"), True),
    ],
)
def test_a_carriage_return_at_the_end_of_a_read_is_left_out(pieces, opens):
    head = OPEN.replace(b"Upgrade: websocket\r\n", b"", 1)
    line, _, rest = head.partition(b"\r\n")
    view = seen(line + b"\r\n" + pieces[0], *pieces[1:], rest, browser="firefox")
    assert next(event.type for event in view.events) == ("open" if opens else "error")
