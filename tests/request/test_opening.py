"""The bytes of the opening handshake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe import __version__
from wsprobe.request.opening import Offer, compose, fresh_key, raw, request
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
