"""The request that the server gets, byte for byte."""

import pytest

from wsprobe.read.request import RequestReader
from wsprobe.relay.relaying import forwarded
from wsprobe.request.opening import OfferError
from wsprobe.request.target import parse

BROWSER = (
    b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nConnection: keep-alive, Upgrade\r\npragma:no-cache\r\n"
    b"Upgrade: websocket\r\nOrigin: http://localhost:5173\r\nCookie: sid=1; a=b\r\nX-Fold: a\r\n b\r\n\r\n"
)


def sent(came, url, *headers, origin=None):
    request = RequestReader().receive(came)
    return forwarded(request, parse(url), origin, headers)


def test_only_host_and_the_path_differ():
    assert sent(BROWSER % b"", "wss://chat.example/ws?room=1") == (
        (BROWSER % b"ws?room=1").replace(b"127.0.0.1:9000", b"chat.example")
    )


def test_a_path_of_the_client_stays():
    assert sent(BROWSER % b"other?x=%2F", "ws://chat.example:8080/ws") == (
        (BROWSER % b"other?x=%2F").replace(b"127.0.0.1:9000", b"chat.example:8080")
    )


@pytest.mark.parametrize(
    ("headers", "origin", "old", "new"),
    [
        ((), "https://app.example", b"Origin: http://localhost:5173", b"Origin: https://app.example"),
        (("Origin: https://b.example",), "https://a.example", b"http://localhost:5173", b"https://b.example"),
        (("Cookie: sid=2",), None, b"Cookie: sid=1; a=b", b"Cookie: sid=2"),
        (("Cookie:",), None, b"Cookie: sid=1; a=b\r\n", b""),
        (("cookie;",), None, b"Cookie: sid=1; a=b", b"cookie:"),
        (("X-New: 1", "X-New: 2"), None, b" b\r\n\r\n", b" b\r\nX-New: 1\r\nX-New: 2\r\n\r\n"),
        (("X-Fold:",), None, b"X-Fold: a\r\n b\r\n", b""),
        (("Host: other.example",), None, b"Host: chat.example", b"Host: other.example"),
    ],
)
def test_what_options_change(headers, origin, old, new):
    plain = sent(BROWSER % b"", "ws://chat.example/")
    assert old in plain
    assert sent(BROWSER % b"", "ws://chat.example/", *headers, origin=origin) == plain.replace(old, new)


def test_an_origin_is_added_where_there_is_none():
    came = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"
    assert sent(came, "ws://chat.example/", origin="https://a.example") == (
        b"GET / HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nOrigin: https://a.example\r\n\r\n"
    )


def test_no_host_is_added():
    came = b"GET / HTTP/1.0\nUpgrade: websocket\n\n"
    assert sent(came, "ws://chat.example/") == came


def test_every_host_is_the_servers():
    came = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nUpgrade: websocket\r\n\r\n"
    assert sent(came, "ws://c.example/").count(b"Host: c.example\r\n") == 1


def test_credentials_of_the_url_become_a_field():
    assert b"\r\nAuthorization: Basic dTpwdw==\r\n\r\n" in sent(BROWSER % b"", "ws://u:pw@chat.example/")


def test_the_challenge_of_hixie_76_goes_on():
    keys = b"Sec-WebSocket-Key1: 1 2\r\nSec-WebSocket-Key2: 3 4\r\n"
    came = b"GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n" + keys + b"\r\n12345678"
    assert sent(came, "ws://chat.example/") == came


def test_a_header_that_is_none():
    with pytest.raises(OfferError, match="has no colon"):
        sent(BROWSER % b"", "ws://chat.example/", "nothing")
