"""Heads: any bytes in, the same bytes out; lines, fields and their oddities."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.read.head import HeadSplitter, _field, _look_at, split_head
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
