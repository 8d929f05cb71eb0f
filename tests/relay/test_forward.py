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


CLIENT, SERVER = b"127.0.0.1:9000", "ws://chat.example/"
START = b"GET / HTTP/1.1\r\n"
UPGRADE, ADDED = b"Upgrade: websocket\r\n", b"Origin: https://a.example\r\n\r\n"
HTTP_1_0 = b"GET / HTTP/1.0\nUpgrade: websocket\n\n"
HIXIE = START + b"Upgrade: WebSocket\r\nSec-WebSocket-Key1: 1 2\r\nSec-WebSocket-Key2: 3 4\r\n\r\n12345678"
FORWARDED = {
    "only Host and the path differ": (
        BROWSER % b"",
        "wss://chat.example/ws?room=1",
        (BROWSER % b"ws?room=1").replace(CLIENT, b"chat.example"),
    ),
    "a path of the client stays": (
        BROWSER % b"other?x=%2F",
        "ws://chat.example:8080/ws",
        (BROWSER % b"other?x=%2F").replace(CLIENT, b"chat.example:8080"),
    ),
    "no Host is added": (HTTP_1_0, SERVER, HTTP_1_0),
    "of two Hosts one is left, the server's": (
        START + b"Host: a\r\nHost: b\r\n" + UPGRADE + b"\r\n",
        SERVER,
        START + b"Host: chat.example\r\n" + UPGRADE + b"\r\n",
    ),
    "the challenge of hixie-76 goes on": (HIXIE, SERVER, HIXIE),
}


@pytest.mark.parametrize(("came", "url", "went"), FORWARDED.values(), ids=FORWARDED)
def test_what_is_forwarded(came, url, went):
    assert sent(came, url) == went


def test_an_origin_is_added_where_there_is_none():
    went = START + b"Host: chat.example\r\n" + UPGRADE + ADDED
    assert sent(START + b"Host: x\r\n" + UPGRADE + b"\r\n", SERVER, origin="https://a.example") == went


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


def test_credentials_of_the_url_become_a_field():
    assert b"\r\nAuthorization: Basic dTpwdw==\r\n\r\n" in sent(BROWSER % b"", "ws://u:pw@chat.example/")


def test_a_header_that_is_none():
    with pytest.raises(OfferError, match="has no colon"):
        sent(BROWSER % b"", "ws://chat.example/", "nothing")
