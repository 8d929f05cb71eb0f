"""An answer as libsoup reads it, rule by rule: a case at each limit, and one past it."""

import pytest

from tests.cases import every
from wsprobe.browsers.webkitgtk.http import (
    Cut,
    Fields,
    Framing,
    TooBig,
    TooLong,
    Unended,
    body_end,
    contains,
    cut,
    framing,
    items,
    parameters,
    parse,
)

ZEROS = b"0" * 30


@every(
    {
        "1.1": (b"HTTP/1.1 200 OK\r\n", (False, 200)),
        "1.0": (b"HTTP/1.0 200 OK\r\n", (True, 200)),
        "ICY counts as 1.0": (b"ICY 200 OK\r\n", (True, 200)),
        "no space before the code": (b"HTTP/1.1200 OK\r\n", None),
        "tab before the code": (b"HTTP/1.1\t 200\r\n", (False, 200)),
        "nothing before the code": (b"ICY200\r\n", (True, 200)),
        "zeros before the numbers": (b"HTTP/%b1.%b1 200\r\n" % (ZEROS, ZEROS), (False, 200)),
        "minor 2": (b"HTTP/1.2 200\r\n", None),
        "minor of two digits": (b"HTTP/1.10 200\r\n", None),
        "minor of two digits, ending in 1": (b"HTTP/1.11 200\r\n", None),
        "major 0": (b"HTTP/0.1 200\r\n", None),
        "major 2": (b"HTTP/2.1 200\r\n", None),
        "major of two digits": (b"HTTP/11.1 200\r\n", None),
        "major of more digits than are read": (b"HTTP/1%b1.1 200\r\n" % ZEROS, None),
        "minor of more digits than are read": (b"HTTP/1.1%b1 200\r\n" % ZEROS, None),
        "no minor": (b"HTTP/1 200\r\n", None),
        "no code": (b"HTTP/1.1 \r\n", None),
        "code of two digits": (b"HTTP/1.1 20\r\n", None),
        "code of four digits": (b"HTTP/1.1 2000\r\n", None),
        "code 99": (b"HTTP/1.1 099\r\n", None),
        "code 100": (b"HTTP/1.1 100\r\n", (False, 100)),
        "code 999": (b"HTTP/1.1 999\r\n", (False, 999)),
        "blank lines before": (b"\r\n\n\rHTTP/1.1 200\r\n", (False, 200)),
        "space before": (b" HTTP/1.1 200\r\n", None),
        "no end of the line": (b"HTTP/1.1 200", None),
        "nothing": (b"", None),
        "only blank lines": (b"\r\n", None),
        "a NUL": (b"HTTP/1.1 200\r\nA: \0\r\n", None),
        "a field without an end": (b"HTTP/1.1 200\r\nA: b", None),
        "a fold without an end": (b"HTTP/1.1 200\r\nA: b\r\n c", None),
        "no field without an end": (b"HTTP/1.1 200\r\nA", None),
    }
)
def test_a_head(case):
    text, expected = case
    head = parse(text)
    assert (head and (head.old, head.status)) == expected


@every(
    {
        "plain": (b"A: b\r\n", [(b"a", b"b")]),
        "no space behind the colon": (b"A:b\n", [(b"a", b"b")]),
        "name of one letter, empty value": (b"A:\n", [(b"a", b"")]),
        "no name": (b": b\nC: d\n", [(b"c", b"d")]),
        "no colon": (b"A\nC: d\n", [(b"c", b"d")]),
        "the colon of the next line": (b"A\nC: d\nE: f\n", [(b"c", b"d"), (b"e", b"f")]),
        "a space in the name": (b"A B: b\nC: d\n", [(b"c", b"d")]),
        "a space behind the name": (b"A : b\nC: d\n", [(b"c", b"d")]),
        "a space before the name": (b" A: b\nC: d\n", [(b"c", b"d")]),
        "folded": (b"A: b\n c\n\td\nE: f\n", [(b"a", b"b c d"), (b"e", b"f")]),
        "folded before anything": (b"A:\n b\n", [(b"a", b"b")]),
        "a stray CR": (b"A: b\rc\r\n", [(b"a", b"b c")]),
        "CR and spaces at the end": (b"A: b \r \r\n", [(b"a", b"b")]),
        "what is skipped has no folds": (b"A\n B: c\nD: e\n", [(b"d", b"e")]),
        "of two the order is kept": (b"A: 1\nB: 2\nA: 3\n", [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]),
    }
)
def test_fields(case):
    text, fields = case
    head = parse(b"HTTP/1.1 200 OK\r\n" + text)
    assert list(head.fields) == fields


def test_what_connection_names_is_dropped_from_an_old_answer_only():
    fields = b"Connection: X, close\r\nx: 1\r\nY: 2\r\n"
    old, new = parse(b"HTTP/1.0 200 OK\r\n" + fields), parse(b"HTTP/1.1 200 OK\r\n" + fields)
    assert old is not None
    assert new is not None
    assert [name for name, _ in old.fields] == [b"connection", b"y"]
    assert [name for name, _ in new.fields] == [b"connection", b"x", b"y"]


def test_of_several_fields_the_last_or_all():
    fields = Fields([(b"A", b"1"), (b"B", b"2"), (b"a", b"3")])
    assert (fields.one(b"a"), fields.one(b"c")) == (b"3", None)
    assert (fields.joined(b"a"), fields.joined(b"c")) == (b"1, 3", None)
    assert fields.has_token(b"a", b"3")
    assert not fields.has_token(b"c", b"3")


@every(
    {
        "LF LF": (b"A\n\nrest", Cut(b"A\n", 3)),
        "CR LF CR LF": (b"A\r\n\r\nrest", Cut(b"A\r\n", 5)),
        "a first LF LF does not count": (b"\n\nA\n\nrest", Cut(b"\n\nA\n", 5)),
        "a first CR LF CR LF does not count": (b"\r\n\r\nA\n\n", Cut(b"\r\n\r\nA\n", 7)),
        "one byte, LF LF": (b"A\n\n", Cut(b"A\n", 3)),
        "one byte, LF CR LF": (b"A\n\r\nB\n\n", Cut(b"A\n\r\nB\n", 7)),
        "two bytes, LF CR LF": (b"AB\n\r\nrest", Cut(b"AB\n", 5)),
        "not yet": (b"A\r\n\r", None),
    }
)
def test_a_head_ends_with_a_blank_line(case):
    data, expected = case
    shifted = expected and Cut(expected.text, expected.end + 3)
    assert cut(data, 0, 100, ended=False) == expected
    assert cut(b"\n\n." + data, 3, 100, ended=False) == shifted


def test_what_there_is_counts_as_a_head_once_it_has_ended():
    assert cut(b"..A", 2, 100, ended=False) is None
    assert cut(b"..A", 2, 100, ended=True) == Cut(b"A", 3)
    assert cut(b"..", 2, 100, ended=True) is None


@pytest.mark.parametrize("data", [b"..abcd\n\n", b"..abcde"])
def test_a_head_is_too_big_past_its_limit(data):
    cut(data, 2, 5, ended=False)
    with pytest.raises(TooBig) as big:
        cut(data, 2, 4, ended=False)
    assert big.value.args == (6,)


@every(
    {
        "nothing": (b"", []),
        "only commas": (b" ,\t,", []),
        "spaces of C": (b"\n\f a \r,b\t", [b"a", b"b"]),
        "none is empty": (b"a,,b", [b"a", b"b"]),
        "in quotes": (b'a="b,c",d', [b'a="b,c"', b"d"]),
        "a comma behind quotes": (b'"a","b"', [b'"a"', b'"b"']),
        "a backslash in quotes": (b'"a\\",b",c', [b'"a\\",b"', b"c"]),
        "a backslash out of them": (b'a\\,"b"', [b"a\\", b'"b"']),
        "a backslash at the end": (b'"a\\', [b'"a\\']),
        "no end of the quotes": (b'a,"b,c', [b"a", b'"b,c']),
    }
)
def test_the_elements_of_a_list(case):
    value, expected = case
    assert items(value) == expected
    assert items(value.replace(b",", b";"), b";") == [item.replace(b",", b";") for item in expected]


def test_whether_case_counts_in_a_list():
    assert contains(b"a, B", b"b")
    assert contains(b"a, b", b"B")
    assert not contains(b"a, B", b"b", case=True)
    assert contains(b"a, B", b"B", case=True)


@every(
    {
        "without a value": (b"a; b", {b"a": None, b"b": None}),
        "spaces around": (b"a =\tb ; c= ", {b"a": b"b", b"c": b""}),
        "in quotes": (b'a="b;c"', {b"a": b"b;c"}),
        "a backslash": (b'a="b\\"c\\\\"', {b"a": b'b"c\\'}),
        "a backslash at the end": (b'a="b\\', {b"a": b"b\\"}),
        "what follows the quotes": (b'a="b"c', {b"a": b"b"}),
        "no name": (b'="b"; c', {b"c": None}),
        "no name, extended": (b"*=utf-8''b", {b"*": b"utf-8''b"}),
        "extended": (b"a*=UTF-8'en'%C3%A9", {b"a": b"\xc3\xa9"}),
        "a part of the charset's name": (b"a*=utf'en'%41", {b"a": b"A"}),
        "Latin": (b"a*=iso-8859-1''%e9", {b"a": b"\xc3\xa9"}),
        "another charset": (b"a*=x''b; c", {b"c": None}),
        "no charset is a part of any name": (b"a*=''%41", {b"a": b"A"}),
        "one quote": (b"a*=utf-8'b; c", {b"c": None}),
        "no quote": (b"a*=utf-8; c", {b"c": None}),
        "twice": (b"a=1; A=2", None),
        "twice, extended": (b"a=1; A*=utf-8''2", None),
    }
)
def test_parameters(case):
    value, expected = case
    assert parameters(value) == expected


def of(*lines, status=403, version="1.1"):
    head = parse("\n".join((f"HTTP/{version} {status} x", *lines, "")).encode())
    assert head is not None
    return framing(head)


CHUNKED, CLOSE, ALIVE = "Transfer-Encoding: chunked", "Connection: close", "Connection: keep-alive"


@every(
    {
        "no length": (of(), Framing("eof", -1, False)),
        "no length, whatever Connection says": (of(ALIVE, version="1.0"), Framing("eof", -1, False)),
        "a length": (of("Content-Length: 5"), Framing("length", 5, True)),
        "an empty length": (of("Content-Length:"), Framing("length", 0, True)),
        "a length and close": (of("Content-Length: 5", CLOSE), Framing("eof", 5, False)),
        "1.0 with a length": (of("Content-Length: 5", version="1.0"), Framing("eof", 5, False)),
        "1.0 kept alive": (of("Content-Length: 5", ALIVE, version="1.0"), Framing("length", 5, True)),
        "chunked": (of(CHUNKED), Framing("chunked", -1, True)),
        "chunked and close": (of(CHUNKED, CLOSE), Framing("chunked", -1, False)),
        "chunked, letter case": (of("transfer-encoding: CHUNKED"), Framing("chunked", -1, True)),
        "chunked stays, behind a length": (of("Content-Length: 5", CHUNKED), Framing("chunked", 5, True)),
        "chunked stays, before a length": (of(CHUNKED, "Content-Length: 5"), Framing("chunked", -1, True)),
        "identity is nothing": (of("Transfer-Encoding: identity"), Framing("eof", -1, False)),
        "identity and a length": (
            of("Content-Length: 5", "Transfer-Encoding: Identity"),
            Framing("length", 5, True),
        ),
        "another coding": (of("Transfer-Encoding: gzip"), Framing("unrecognized", -1, True)),
        "another coding, then a length": (
            of("Transfer-Encoding: gzip", "Content-Length: 5"),
            Framing("length", 5, True),
        ),
        "a length, then another coding": (
            of("Content-Length: 5", "Transfer-Encoding: gzip"),
            Framing("unrecognized", 5, True),
        ),
        "no number": (of("Content-Length: 5x"), Framing("unrecognized", -1, True)),
        "a number, then none": (
            of("Content-Length: 5", "Content-Length: x"),
            Framing("unrecognized", -1, True),
        ),
        "the last length": (of("Content-Length: 5", "Content-Length: 6"), Framing("length", 6, True)),
        "20 digits and zeros before": (of(f"Content-Length: 000{2**64 - 5}"), Framing("length", 0, True)),
        "21 digits": (of(f"Content-Length: {10**20 + 7}"), Framing("length", -1, True)),
        "-1": (of("Content-Length: -1"), Framing("length", -1, True)),
        "-2": (of("Content-Length: -2"), Framing("length", 0, True)),
        "+2": (of("Content-Length: +2"), Framing("length", 2, True)),
        "a minus that is no more": (of(f"Content-Length: -{2**64 - 9}"), Framing("length", 9, True)),
        "204": (of("Content-Length: 5", status=204), Framing("none", -1, True)),
        "304": (of(CHUNKED, CLOSE, status=304), Framing("none", -1, False)),
        "205 has a body": (of("Content-Length: 5", status=205), Framing("length", 5, True)),
    }
)
def test_how_a_body_is_framed(case):
    found, expected = case
    assert found == expected


NONE, EOF = Framing("none", -1, True), Framing("eof", -1, False)
CHUNKS, FIVE = Framing("chunked", -1, True), Framing("length", 5, True)
FORGIVEN = Framing("eof", 5, False)


@every(
    {
        "none": (NONE, b"abc", 0, 0),
        "to the end": (EOF, b"abc", None, 3),
        "to the end, empty": (EOF, b"", None, 0),
        "short": (FIVE, b"abcd", None, Unended),
        "whole": (FIVE, b"abcde", 5, 5),
        "more": (FIVE, b"abcdef", 5, 5),
        "short and forgiven": (FORGIVEN, b"abcd", None, 4),
        "whole with the end": (FORGIVEN, b"abcdef", 5, 5),
        "no length known": (Framing("length", -1, True), b"abc", None, Unended),
        "nothing is asked for": (Framing("length", 0, True), b"abc", 0, 0),
        "a chunk, not whole": (CHUNKS, b"2\r\na", None, Unended),
        "a chunk without its end": (CHUNKS, b"2\r\nab\r", None, Unended),
        "a chunk": (CHUNKS, b"2\r\nab\r\n0\r\n\r\nrest", 12, 12),
        "a chunk in hex": (CHUNKS, b"0xA\nabcdefghij\n0\n\n", 18, 18),
        "a size of 16 digits": (CHUNKS, b"0000000000000001\na\n0\n\n", 22, 22),
        "zeros are no digits": (CHUNKS, b"%b1\na\n0\n\n" % ZEROS, 37, 37),
        "16 digits, more than there is": (CHUNKS, b"7fffffffffffffff\na\n", None, Unended),
        "16 digits, below zero": (CHUNKS, b"8000000000000001\n\n", 18, 18),
        "17 digits, the most": (CHUNKS, b"80000000000000001\n\n", 19, 19),
        "17 digits": (CHUNKS, b"10000000000000001\n\n", 19, 19),
        "17 digits with a minus": (CHUNKS, b"-10000000000000000\na\n", 21, 21),
        "no size": (CHUNKS, b"x\n\n", 3, 3),
        "a minus": (CHUNKS, b"-1\n\n", 4, 4),
        "one line behind the last chunk": (CHUNKS, b"0\nA: b\n\n", 7, 7),
        "a part of a line behind it": (CHUNKS, b"0\nA", None, 3),
        "nothing behind it": (CHUNKS, b"0\n", None, Unended),
        "a line of 128": (CHUNKS, b"1;%b\na\n0\n\n" % (b"e" * 125), 133, 133),
        "a line of 129": (CHUNKS, b"1;%b\na\n0\n\n" % (b"e" * 126), TooLong, TooLong),
        "127 without an end": (CHUNKS, b"1;" + b"e" * 125, None, Unended),
        "128 without an end": (CHUNKS, b"1;" + b"e" * 126, TooLong, TooLong),
    }
)
def test_where_a_body_ends(case):
    frame, data, held, ended = case

    def found(*, over):
        try:
            end = body_end(b".." + data, 2, frame, ended=over)
        except Unended:
            return Unended
        except TooLong as line:
            return TooLong if line.args == (2 + 127,) else line
        return end - 2 if end is not None else None

    assert (found(over=False), found(over=True)) == (held, ended)
