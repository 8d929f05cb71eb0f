"""The bytes of the opening handshake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe import __version__
from wsprobe.request.opening import Offer, OfferError, compose, fresh_key, raw, request
from wsprobe.request.target import parse

KEY = "dGhlIHNhbXBsZSBub25jZQ=="

PLAIN = [
    "GET /chat HTTP/1.1",
    "Host: example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    f"Sec-WebSocket-Key: {KEY}",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    f"User-Agent: wsprobe/{__version__}",
]


def lines(url="ws://example.com/chat", **options):
    data = request(parse(url), Offer(**{"key": KEY, **options}))
    assert data.endswith(b"\r\n\r\n")
    return data[:-4].decode("utf-8").split("\r\n")


def test_the_request_of_no_options():
    assert request(parse("ws://example.com/chat"), Offer(KEY)) == ("\r\n".join(PLAIN) + "\r\n\r\n").encode()


def test_all_options_in_their_order():
    assert lines(
        "wss://example.com:8443/chat?x#f",
        protocols=("chat", "superchat"),
        extensions=("permessage-deflate; server_no_context_takeover", "x-foo"),
        origin="https://example.org",
        version="8",
        user_agent="Agent/1",
        user="Aladdin:open sesame",
        cookies=("a=1", "b=2; c=3"),
        method="POST",
        http_version="1.0",
    ) == [
        "POST /chat?x HTTP/1.0",
        "Host: example.com:8443",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 8",
        "Sec-WebSocket-Protocol: chat, superchat",
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover, x-foo",
        "Origin: https://example.org",
        "User-Agent: Agent/1",
        "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",  # RFC 7617 section 2
        "Cookie: a=1; b=2; c=3",
    ]


@pytest.mark.parametrize(
    ("headers", "changed"),
    [
        (("X-A: 1",), [*PLAIN, "X-A: 1"]),
        # Exactly as given: letter case, white space, repeats, order.
        (("x-a:1", "X-B:  2 ", "x-a: 3"), [*PLAIN, "x-a:1", "X-B:  2 ", "x-a: 3"]),
        (("X-A;",), [*PLAIN, "X-A:"]),
        (("X-A:",), PLAIN),
        (("Host:",), [line for line in PLAIN if not line.startswith("Host")]),
        (("uSER-aGENT:  ",), PLAIN[:-1]),
        # A default's name takes the default's place, all of them if there are several.
        (("HOST: other",), [PLAIN[0], "HOST: other", *PLAIN[2:]]),
        (("host;",), [PLAIN[0], "host:", *PLAIN[2:]]),
        (("X: 1", "Host: a", "Host: b"), [PLAIN[0], "Host: a", "Host: b", *PLAIN[2:], "X: 1"]),
        (("Host:", "Host: b"), [PLAIN[0], "Host: b", *PLAIN[2:]]),
        (
            ("Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 13"),
            [*PLAIN[:5], "Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 13", *PLAIN[6:]],
        ),
        # A semicolon is curl's only where there is no colon.
        (("A;b: c",), [*PLAIN, "A;b: c"]),
        # White space before a colon is a fault worth sending.
        (("Upgrade : websocket",), [*PLAIN[:2], "Upgrade : websocket", *PLAIN[3:]]),
        (("Cookie: x",), [*PLAIN, "Cookie: x"]),
    ],
)
def test_header_options(headers, changed):
    assert lines(headers=headers) == changed


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"key": "not a key"}, "Sec-WebSocket-Key: not a key"),
        ({"key": ""}, "Sec-WebSocket-Key: "),
        ({"version": "thirteen"}, "Sec-WebSocket-Version: thirteen"),
        ({"request_target": "http://example.com/a b"}, "GET http://example.com/a b HTTP/1.1"),
        ({"request_target": "*"}, "GET * HTTP/1.1"),
        ({"protocols": ("a", "a", "")}, "Sec-WebSocket-Protocol: a, a, "),
        ({"origin": ""}, "Origin: "),
        ({"origin": "null"}, "Origin: null"),
        ({"user": "name"}, "Authorization: Basic bmFtZTo="),
        ({"user": "test:123\u00a3"}, "Authorization: Basic dGVzdDoxMjPCow=="),  # RFC 7617 section 2.1
        ({"headers": ("X: \u20ac",)}, "X: \u20ac"),
        ({"url": "ws://u%3a:p%40s@h/"}, "Authorization: Basic dTo6cEBz"),
        ({"url": "ws://u:p@h/", "user": "a:b"}, "Authorization: Basic YTpi"),
        ({"url": "ws://b\u00fccher.example/"}, "Host: xn--bcher-kva.example"),
        ({"url": "ws://[fe80::1%25eth0]:81/"}, "Host: [fe80::1]:81"),
    ],
)
def test_values_are_sent_as_given(options, line):
    assert line in lines(**options)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"no_compression": True}, "Sec-WebSocket-Extensions"),
        ({"user_agent": ""}, "User-Agent"),
        ({"key": None}, "Sec-WebSocket-Key"),
        ({"url": "ws://@h/"}, "Authorization"),
        ({}, "Origin"),
        ({}, "Cookie"),
        ({}, "Sec-WebSocket-Protocol"),
    ],
)
def test_not_sent(options, name):
    assert not [line for line in lines(**options) if line.startswith(name + ":")]


def test_bytes_that_are_no_text_are_sent_as_they_are():
    data = request(parse("ws://h/"), Offer(KEY, headers=("X: \udcff\udc80",), request_target="/\udcfe"))
    assert b"GET /\xfe HTTP/1.1\r\n" in data
    assert b"X: \xff\x80\r\n" in data


LINE_END = " contains a line end; to send one, write the request to a file: --raw-request"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"headers": ("X",)}, "header 'X' has no colon: write 'Name: value', 'Name:' or 'Name;'"),
        ({"headers": ("",)}, "header '' has no colon: write 'Name: value', 'Name:' or 'Name;'"),
        ({"headers": ("X; y",)}, "header 'X; y' has no colon: write 'Name: value', 'Name:' or 'Name;'"),
        ({"headers": (": y",)}, "header ': y' has no name"),
        ({"headers": (" ;",)}, "header ' ;' has no name"),
        ({"headers": ("X: a\r\nY: b",)}, "'X: a\\r\\nY: b'" + LINE_END),
        ({"origin": "a\n"}, "'Origin: a\\n'" + LINE_END),
        ({"user": "a\n:b"}, "'a\\n:b'" + LINE_END),
        ({"headers": ("X: \ud800",)}, "'X: \\ud800' has a lone surrogate, which is not a character"),
    ],
)
def test_what_cannot_be_offered(options, message):
    with pytest.raises(OfferError) as caught:
        lines(**options)
    assert str(caught.value) == message


def test_a_request_file_is_changed_only_where_it_asks():
    target = parse("ws://[::1]:81/")
    data = b"GET {path} HTTP/1.1\nHost: {host}\r\n\x00\xff{key}{key} {host {Key}}\r\n"
    assert raw(data, target, "{host}\\1") == (
        b"GET {path} HTTP/1.1\nHost: [::1]:81\r\n\x00\xff{host}\\1{host}\\1 {host {Key}}\r\n"
    )


@given(st.binary())
def test_a_request_file_without_places_is_sent_as_it_is(data):
    if b"{key}" not in data and b"{host}" not in data:
        assert raw(data, parse("ws://h/"), KEY) == data


def test_other_fields_and_bytes_after_the_head():
    """As the other wire versions need it: hixie-76 has its own fields, and eight bytes at the end."""
    offer = Offer(headers=("sec-websocket-key1: 1", "X: y"))
    fields = [("Upgrade", "WebSocket"), ("Sec-WebSocket-Key1", "18x"), ("Host", "h")]
    assert compose(parse("ws://h/x"), offer, fields, b"Tm[K T2u") == (
        b"GET /x HTTP/1.1\r\nUpgrade: WebSocket\r\nsec-websocket-key1: 1\r\nHost: h\r\nX: y\r\n\r\nTm[K T2u"
    )


def test_a_key_is_sixteen_bytes():
    assert fresh_key(b"the sample nonce") == KEY  # RFC 6455 section 1.3
    with pytest.raises(ValueError, match="16 bytes"):
        fresh_key(b"too short")
