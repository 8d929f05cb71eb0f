"""Heads as Chromium's parser reads them: a case at each limit, and one past it."""

import pytest

from tests.browsers_views.recordings import recorded
from tests.cases import every
from wsprobe.browsers.chromium.http import parse, read_answer, split_list
from wsprobe.exchange import Received


@every(
    {
        "zeros before the code": (b"HTTP/1.1 00000000000000101 x", (1, 1), 101),
        "the biggest code": (b"HTTP/1.1 2147483647 x", (1, 1), 2**31 - 1),
        "one more": (b"HTTP/1.1 2147483648 x", (1, 1), 2**31 - 1),
        "11 digits": (b"HTTP/1.1 21474836470 x", (1, 1), 2**31 - 1),
        "spaces before the code": (b"HTTP/1.1   403", (1, 1), 403),
        "letters behind it": (b"HTTP/1.1 403x", (1, 1), 403),
        "no digits": (b"HTTP/1.1 x403", (1, 1), 200),
        "no code": (b"HTTP/1.1", (1, 1), 200),
        "minor 2": (b"HTTP/1.2 403", (1, 1), 403),
        "major 2": (b"HTTP/2.0 403", (2, 0), 403),
        "major 2, minor 1": (b"HTTP/2.1 403", (1, 1), 403),
        "major 0": (b"HTTP/0.8 403", (1, 0), 403),
        "no dot": (b"HTTP/1 403", (1, 0), 403),
        "no slash": (b"HTTP 1.1 403", (1, 0), 1),
        "no digit behind the dot": (b"HTTP/1.x 403", (1, 0), 403),
        "no digit before it": (b"HTTP/x.1 403", (1, 0), 403),
        "digits between": (b"HTTP/12.1 403", (1, 1), 403),
    }
)
def test_a_status_line(case):
    line, version, status = case
    headers = parse(line)
    assert (headers.version, headers.status) == (version, status)


@every(
    {
        "a list": (b"A: b, c,", [(b"a", (b"b", b"c", b""))]),
        "no list": (b"Date: b, c", [(b"date", (b"b, c",))]),
        "a list of one in quotes": (b'A: "b,c"', [(b"a", (b'"b,c"',))]),
        "folded": (b"A: b\n \tc\nD: e", [(b"a", (b"b c",)), (b"d", (b"e",))]),
        "a fold of nothing": (b" A: b\nC: d", [(b"c", (b"d",))]),
        "a fold of what is no field": (b"A\n B: c\nD: e", [(b"d", (b"e",))]),
        "a fold that would make it one": (b"A\n : b\nD: e", [(b"d", (b"e",))]),
        "a fold of what has no name": (b": a\n b: c\nD: e", [(b"d", (b"e",))]),
        "spaces behind the name": (b"A \t: b", [(b"a", (b"b",))]),
        "a name that is no token": (b"A B: c\nD: e", [(b"d", (b"e",))]),
        "CR ends a line": (b"A: b\rC: d", [(b"a", (b"b",)), (b"c", (b"d",))]),
        "empty lines": (b"A: b\n\n\r\nC: d", [(b"a", (b"b",)), (b"c", (b"d",))]),
    }
)
def test_fields(case):
    text, fields = case
    assert list(parse(b"HTTP/1.1 200 x\n" + text).fields) == fields


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
def test_more_status_lines(head, version, status):
    headers = parse(head)
    assert (headers.version, headers.status) == (version, status)


def test_what_is_no_field():
    headers = parse(b"HTTP/1.1 1\r\nA : b,\n\tc\rnocolon\r\n d: e\r\n: f\r\nG(: h\r\nLocation: i,j\r\n")
    assert headers.fields == ((b"a", (b"b", b"c")), (b"location", (b"i,j",)))


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
