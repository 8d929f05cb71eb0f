"""The request that the server gets, byte for byte."""

import pytest

from wsprobe.read.request import RequestReader
from wsprobe.relay.relaying import forwarded
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
