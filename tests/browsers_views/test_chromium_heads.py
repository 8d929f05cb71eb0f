"""Heads as Chromium's parser reads them: a case at each limit, and one past it."""

import pytest

from tests.browsers_views.recordings import recorded
from tests.cases import every
from wsprobe.browsers.chromium.http import read_answer
from wsprobe.exchange import Received


def answered(received, how="fin", *, secure=False, port=False, limit=99):
    """``error``, or status and where the body is."""
    made = read_answer(recorded(received, how=how), secure=secure, default_port=port, max_head=limit)
    if made.pending:
        return "pending"
    return made.error or f"{made.headers and made.headers.status} {made.body}"


FOUND = b"HTTP/1.1 403 x\r\nA: b\r\n\r\n"


@every(
    {
        "a head": (answered(FOUND + b"x"), "403 24"),
        "LF alone": (answered(FOUND.replace(b"\r", b"")), "403 21"),
        "four bytes before": (answered(b"abcd" + FOUND), "403 28"),
        "five bytes before": (answered(b"abcde" + FOUND), "INVALID_HTTP_RESPONSE"),
        "five bytes before, on the scheme's own port": (answered(b"abcde" + FOUND, port=True), "200 0"),
        "seven bytes of another": (answered(b"SSH-2.0", "local"), "pending"),
        "eight": (answered(b"SSH-2.0-", "local"), "INVALID_HTTP_RESPONSE"),
        "seven bytes and the end": (answered(b"SSH-2.0"), "INVALID_HTTP_RESPONSE"),
        "as much as there may be": (answered(FOUND, limit=24), "403 24"),
        "one byte more": (answered(FOUND, limit=23), "RESPONSE_HEADERS_TOO_BIG"),
        "no end, one byte less": (answered(FOUND[:22], "local", limit=23), "pending"),
        "no end, as much": (answered(FOUND[:22], "local", limit=22), "RESPONSE_HEADERS_TOO_BIG"),
        "a NUL": (answered(b"HTTP/1.1 403 x\r\nA: \0\r\n\r\n"), "INVALID_HTTP_RESPONSE"),
        "nothing": (answered(b""), "EMPTY_RESPONSE"),
        "nothing and a reset": (answered(b"", "reset"), "CONNECTION_RESET"),
        "nothing and an error": (answered(b"", "error"), "CONNECTION_FAILED"),
        "nothing and an error of TLS": (answered(b"", "error", secure=True), "SSL_PROTOCOL_ERROR"),
        "nothing yet": (answered(b"", "timeout"), "pending"),
        "half a head": (answered(FOUND[:20]), "CONNECTION_CLOSED"),
        "half a head, over TLS": (answered(FOUND[:20], secure=True), "RESPONSE_HEADERS_TRUNCATED"),
        "half a head and a reset": (answered(FOUND[:20], "reset"), "CONNECTION_RESET"),
        "two lengths": (
            answered(b"HTTP/1.1 403 x\nContent-Length: 1\nContent-Length: 2\n\n"),
            "RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH",
        ),
        "one length twice": (answered(b"HTTP/1.1 403 x\nContent-Length: 1\nContent-Length: 1\n\n"), "403 52"),
        "two lengths and chunks": (
            answered(b"HTTP/1.1 403 x\nContent-Length: 1,2\nTransfer-Encoding: Chunked\n\n"),
            "403 63",
        ),
        "two lengths and chunks in 1.0": (
            answered(b"HTTP/1.0 403 x\nContent-Length: 1,2\nTransfer-Encoding: chunked\n\n"),
            "RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH",
        ),
        "two locations": (
            answered(b"HTTP/1.1 403 x\nLocation: 1\nLocation: 2\n\n"),
            "RESPONSE_HEADERS_MULTIPLE_LOCATION",
        ),
        "two dispositions": (
            answered(b"HTTP/1.1 403 x\nContent-Disposition: 1\nContent-Disposition: 2\n\n"),
            "RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION",
        ),
    }
)
def test_an_answer(case):
    found, expected = case
    assert found == expected


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
