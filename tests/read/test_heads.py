"""Heads: any bytes in, the same bytes out; lines, fields and their oddities."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.read.head import LINES_MAX, HeadSplitter, _field, _look_at, split_head
from wsprobe.read.reading import Line

wire = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b"A: b", b"HTTP/1.1 101 x", b"\x00", b"\xe4", b"\r\n\r\n"]
    )
    | st.binary(max_size=4),
    max_size=25,
).map(b"".join)


def head(data):
    made, end = split_head(data)
    assert made.raw == data[:end]
    return made


def fields(*lines, end=b"\r\n"):
    return head(b"HTTP/1.1 200 OK" + end + b"".join(line + end for line in lines) + end).fields


@settings(deadline=None)
@given(wire, st.integers(0, 5))
def test_no_byte_is_lost_and_every_span_is_right(data, start):
    start = min(start, len(data))
    made, end = split_head(data, start)
    assert made.raw == data[start:end]
    assert made.complete or end == len(data)
    for line in made.lines:
        assert data[line.start : line.start + len(line.raw)] == line.raw
        assert data[slice(*line.span)] == line.text
        assert line.end in (b"\r\n", b"\n", b"")
        assert b"\n" not in line.text
    for field in made.fields:
        begin, stop = field.value_span
        assert field.span[0] <= begin <= stop <= field.span[1]
        if len(field.lines) == 1:
            assert data[begin:stop] == field.value
        if field.name:
            assert data[field.span[0] :].startswith(field.name + b":")
    numbered = [line for field in made.fields for line in field.lines]
    assert numbered == [line for line in made.lines if made.first and line.start > made.first.start]


@settings(deadline=None)
@given(wire, st.lists(st.integers(1, 9), max_size=10))
def test_a_head_that_comes_in_pieces_is_the_same_head(data, sizes):
    whole, _ = split_head(data)
    splitter, buffer, at, found = HeadSplitter(), bytearray(), 0, None
    for size in (*sizes, *[1] * len(data)):
        if found is None and at < len(data):
            buffer += data[at : at + size]
            at += size
            found = splitter.advance(buffer)
    assert (found or splitter.finish(buffer)) == whole


@given(st.text("aZ-:: \t\r\x00\x7f\xff").map(lambda text: text.encode("latin-1")))
def test_a_look_sees_what_taking_apart_finds(text):
    assert _look_at(text, 7) in (None, _field((Line(text, b"\r\n", 7),)))


def test_each_line_keeps_its_own_ending():
    made = head(b"\r\n\nHTTP/1.1 200 OK\r\nA: 1\nB: 2\r\r\n\n")
    assert [line.end for line in made.lines] == [b"\r\n", b"\n", b"\r\n", b"\n", b"\r\n"]
    assert made.blank == b"\n"
    assert made.first.text == b"HTTP/1.1 200 OK"
    assert [f.value for f in made.fields] == [b"1", b"2\r"]


def test_the_blank_line_is_the_first_after_text():
    made, end = split_head(b"\r\n\r\nHTTP/1.1 101\r\n\r\nrest")
    assert (made.complete, end) == (True, 20)
    assert len(made.lines) == 3


@pytest.mark.parametrize(
    ("line", "name", "value", "oddities"),
    [
        (b"Name: value", b"Name", b"value", ()),
        (b"Name:value", b"Name", b"value", ()),
        (b"Name: \t a b \t", b"Name", b"a b", ()),
        (b"Name:", b"Name", b"", ()),
        (b"Name: a:b", b"Name", b"a:b", ()),
        (b"Name : v", b"Name ", b"v", ("space-before-colon",)),
        (b"Name\t: v", b"Name\t", b"v", ("space-before-colon",)),
        (b"no colon", b"", b"no colon", ("no-colon",)),
        (b": v", b"", b"v", ("empty-name",)),
        (b"N: a\rb", b"N", b"a\rb", ("bare-cr",)),
        (b"N: a\x00b", b"N", b"a\x00b", ("nul",)),
        (b"N\x00: ab", b"N\x00", b"ab", ("name-not-token", "nul")),
        (b"N a: v", b"N a", b"v", ("name-not-token",)),
        (b"N a : v", b"N a ", b"v", ("space-before-colon", "name-not-token")),
        (b"N: \xe4", b"N", b"\xe4", ("8-bit",)),
        (b"N: \x1b[31m\x7f", b"N", b"\x1b[31m\x7f", ("control",)),
        (b"N: \x00\x01\xff\r", b"N", b"\x00\x01\xff\r", ("bare-cr", "nul", "8-bit", "control")),
    ],
)
def test_a_field(line, name, value, oddities):
    (field,) = fields(line)
    assert (field.name, field.value, field.oddities) == (name, value, oddities)


def test_a_fold_belongs_to_the_field_before_it():
    one, two = fields(b"A: one", b"\t two ", b" ", b"   three", b"B: x")
    assert (one.value, len(one.lines), one.oddities) == (b"one two  three", 4, ("folded",))
    assert two.name == b"B"
    data = b"HTTP/1.1 200 OK\r\nA:\r\n  v\r\n\r\n"
    (field,) = head(data).fields
    assert data[slice(*field.value_span)] == field.value == b"v"


def test_a_fold_of_nothing_is_a_field_of_its_own():
    (field,) = fields(b" Upgrade: websocket")
    assert (field.name, field.key, field.value) == (b" Upgrade", b"upgrade", b"websocket")
    assert field.oddities == ("space-before-name",)


def test_bare_line_feeds_are_told_of_each_field():
    made = head(b"HTTP/1.1 200 OK\r\nA: 1\nB: 2\r\nC: 3\r\n 4\n\r\n")
    assert [f.oddities for f in made.fields] == [("bare-lf",), (), ("folded", "bare-lf")]


def test_names_are_compared_as_http_compares_them():
    made = head(b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie : b\r\nX: c\r\nSET-COOKIE: d\r\n\r\n")
    assert [f.value for f in made.all(b"set-cookie")] == [b"a", b"b", b"d"]
    assert made.several(frozenset({b"x", b"set-cookie", b"y"})) == {
        b"x": list(made.all(b"x")),
        b"set-cookie": list(made.all(b"set-cookie")),
    }


HOSTILE = [
    pytest.param(b"\r\n" * 100_000, id="empty-lines"),
    pytest.param(b"H\r\n" + b"a: b\r\n" * 350_000, id="fields"),
    pytest.param(b"H\r\na: b\r\n" + b" c\r\n" * 300_000, id="folds"),
    pytest.param(b"H" * 2_000_000, id="one-line"),
    pytest.param(b"H\r\na:" + b"\r" * 2_000_000, id="bare-cr"),
    pytest.param(b"H\r\n" + b" " * 2_000_000, id="white-space"),
    pytest.param(b"H\r\n" + b":" * 2_000_000, id="colons"),
]


@pytest.mark.parametrize("data", HOSTILE)
def test_large_heads_are_read_whole(data):
    assert head(data).raw == data


@pytest.mark.parametrize("data", HOSTILE[:4])
def test_large_heads_in_pieces_are_searched_once(data):
    splitter, buffer = HeadSplitter(), bytearray()
    for at in range(0, len(data), 700):
        buffer += data[at : at + 700]
        assert splitter.advance(buffer) is None
    assert splitter.finish(buffer).raw == data


def test_lines_beyond_a_limit_are_kept_as_one():
    data = b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * (LINES_MAX + 10) + b"\r\n"
    made = head(data)
    assert made.complete
    assert len(made.lines) == LINES_MAX + 1
    assert made.lines[-1].text == b"a: b\r\n" * 10 + b"a: b"
    assert made.lines[-1].end == b"\r\n"
    # Many lines in one are no field, and nothing in them is odd.
    assert len(made.fields) == LINES_MAX - 1
    assert not any(field.oddities for field in made.fields)


def test_a_start_line_beyond_the_limit_is_none():
    made = head(b"\r\n" * LINES_MAX + b"HTTP/1.1 200 OK\r\n\r\n")
    assert (made.first, made.fields, made.complete) == (None, (), True)
