"""What a page is told, byte by byte."""

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from wsprobe.exchange import (
    Connected,
    Ended,
    Exchange,
    Plan,
    Received,
    Relayed,
    Sent,
)
from wsprobe.read.frames import CLOSE
from wsprobe.read.request import RequestReader
from wsprobe.recording.redaction import redact
from wsprobe.relay.client import NO_SUBPROTOCOL, REASON_MAX, PageClose, answer, cut, told
from wsprobe.request.target import parse
from wsprobe.wire.rfc6455 import frame

REQUEST = (
    b"GET /?token=topsecret1 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n"
)
GOOD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n%s\r\n"
)


def exchange(*events, more=b""):
    plan = Plan(parse("ws://127.0.0.1/?token=topsecret1"), REQUEST % more)
    return Exchange(plan, (*events, Ended(9, "local")))


def answered(data, more=b""):
    return exchange(Connected(1, "127.0.0.1", 80), Sent(2, REQUEST % more), Received(3, data), more=more)


def body(text, *lines, first=b"403 Forbidden"):
    fields = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (first, fields, len(text), text)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (body(b"token expired"), PageClose(4403, "403 token expired")),
        (body(b"", first=b"403 Token Expired"), PageClose(4403, "403 Token Expired")),
        (body(b"", first=b"403"), PageClose(4403, "403")),
        (body(b'{"error":\n  "no\tseat"}', first=b"409 Conflict"), PageClose(4409, '409 {"error": "no seat"}')),
        (
            body(b"<html><head><title>502 Bad Gateway</title></head><body>...", first=b"502 Bad Gateway"),
            PageClose(4502, "502 Bad Gateway"),
        ),
        (body(b"<p>No <b>seat</b> left</p>", first=b"503 Busy"), PageClose(4503, "503 No seat left")),
        (body(b"gone", first=b"302 Found"), PageClose(4302, "302 gone")),
        (body(b"fine", first=b"200 OK"), PageClose(4200, "200 fine")),
        (body(b"\x1b[31mred\x00"), PageClose(4403, "403 [31mred")),
        (body("\u20ac".encode() * 60), PageClose(4403, "403 " + "\u20ac" * 39)),
        (body(b"x" * 500), PageClose(4403, "403 " + "x" * 119)),
        (body(b"\xff\xfe"), PageClose(4403, "403 \ufffd\ufffd")),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 50\r\n\r\nbegun", PageClose(4403, "403 begun")),
        (
            b"HTTP/1.1 403 Forbidden\r\nContent-Encoding: zstd\r\nContent-Length: 3\r\n\r\nabc",
            PageClose(4403, "403 Forbidden"),
        ),
        (body(b"odd", first=b"599 Odd"), PageClose(4599, "599 odd")),
        *(
            (body(b"odd", first=b"%s Odd" % status), PageClose(code, f"{int(status)} odd"))
            for status, code in ((b"099", 4500), (b"600", 4600), (b"899", 4899), (b"900", 4500), (b"999", 4500))
        ),
    ],
)
def test_a_status_and_the_first_words(data, expected):
    found = told(answered(data))
    assert found == expected
    assert len(found.reason.encode()) <= REASON_MAX


def test_a_good_101_is_passed():
    assert told(answered(GOOD % b"")) is None
    # What the server does in the session is no matter of the handshake.
    assert told(answered(GOOD % b"" + b"\xff\xff\xff")) is None


def test_an_invalid_101():
    found = told(answered((GOOD % b"").replace(b"s3pP", b"S3PP")))
    assert found.code == 4101
    assert found.reason.startswith("101, but invalid: ")


@pytest.mark.parametrize(("origin", "expected"), [(b"", None), (b"Origin: http://localhost\r\n", 4101)])
def test_a_page_wants_one_of_its_subprotocols(origin, expected):
    found = told(answered(GOOD % b"", more=b"Sec-WebSocket-Protocol: a, b\r\n" + origin))
    assert (None if found is None else found.code) == expected
    assert len(NO_SUBPROTOCOL.encode()) <= REASON_MAX
    chosen = GOOD % b"Sec-WebSocket-Protocol: b\r\n"
    assert told(answered(chosen, more=b"Sec-WebSocket-Protocol: a, b\r\n" + origin)) is None


def test_secrets_are_masked():
    data = body(b"bad token topsecret1")
    assert told(answered(data)) == PageClose(4403, "403 bad token topsecret1")
    assert told(answered(data), masked=True) == PageClose(4403, "403 bad token **********")


def test_a_cut_is_at_the_edge_of_a_character():
    assert cut("\U0001f600" * 40) == "\U0001f600" * 30
    assert cut("") == ""


def test_the_clients_side_of_a_recording_is_masked():
    data = body(b"bad token topsecret1")
    request = RequestReader().receive(REQUEST % b"Cookie: sid=cookiesecret\r\n")
    close = frame(CLOSE, b"\x03\xe8topsecret1", b"keys")
    said = b"".join(answer(request, PageClose(4403, "403 topsecret1")))
    client = Relayed("127.0.0.1:5", request.head.raw, said, close)
    masked = redact(replace(answered(data), client=client)).client
    assert masked is not UNSET
    for before, after in zip(
        (client.request, client.answer, client.received),
        (masked.request, masked.answer, masked.received),
        strict=True,
    ):
        assert len(before) == len(after)
        assert b"secret" not in after
    assert masked.received == frame(CLOSE, b"\x03\xe8**********", b"keys")
