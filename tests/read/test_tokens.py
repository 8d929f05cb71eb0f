"""Lists, extensions and the accept value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.tokens import (
    VALUE_MAX,
    Extension,
    Malformed,
    expected_accept,
    is_token,
    only_part,
    parse_extensions,
    parts,
    split_list,
)


def test_the_example_of_rfc_6455_section_1_3():
    assert expected_accept(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(
    ("value", "items"),
    [
        (b"a, b", (b"a", b"b")),
        (b"a,,b , ,", (b"a", b"b")),
        (b"", ()),
        (b" \t", ()),
        (b'a="x, y", b', (b'a="x, y"', b"b")),
        (b'a="x\\", y", b', (b'a="x\\", y"', b"b")),
        (b'a="x, y', (b'a="x, y',)),
        (b'a="x\\', (b'a="x\\',)),
        (b"a b,c\td", (b"a b", b"c\td")),
        (b'""', (b'""',)),
    ],
)
def test_lists(value, items):
    assert split_list(value) == items


@pytest.mark.parametrize(
    ("value", "token"),
    [(b"a-z.9_~`|^'*+!#$%&", True), (b"", False), (b"a b", False), (b"a/b", False), (b"\xe4", False)],
)
def test_tokens(value, token):
    assert is_token(value) is token


@pytest.mark.parametrize(
    ("value", "extensions"),
    [
        (b"foo", (Extension(b"foo"),)),
        (b"foo, bar; baz=2", (Extension(b"foo"), Extension(b"bar", ((b"baz", b"2"),)))),
        (
            b"permessage-deflate; server_no_context_takeover",
            (Extension(b"permessage-deflate", ((b"server_no_context_takeover", None),)),),
        ),
        (b'a;b="c";b=d', (Extension(b"a", ((b"b", b"c"), (b"b", b"d"))),)),
        (b'a;b="\\c"', (Extension(b"a", ((b"b", b"c"),)),)),
        (b" a ; b = c ,, d ,", (Extension(b"a", ((b"b", b"c"),)), Extension(b"d"))),
    ],
)
def test_extensions(value, extensions):
    assert parse_extensions(value) == extensions


@pytest.mark.parametrize(
    ("value", "reason", "at"),
    [
        (b"", "the list has no element", 0),
        (b" , ,", "the list has no element", 0),
        (b";a", "an extension name must be a token", 0),
        (b"a;", "a parameter name must be a token", 2),
        (b"a; =b", "a parameter name must be a token", 3),
        (b"a; b=", "a parameter value must be a token or a quoted string", 5),
        (b"a; b=;c", "a parameter value must be a token or a quoted string", 5),
        (b'a; b="c', "a quoted string is not closed", 5),
        (b'a; b="c\\"', "a quoted string is not closed", 5),
        (b'a; b="c d"', "a quoted parameter value must be a token once unquoted", 5),
        (b'a; b=""', "a quoted parameter value must be a token once unquoted", 5),
        (b"a b", 'expected ";" or "," or the end', 2),
        (b"a; b=c d", 'expected ";" or "," or the end', 7),
        (b"a/b", 'expected ";" or "," or the end', 1),
        (b"a, \xff", "an extension name must be a token", 3),
        (b"a\r", 'expected ";" or "," or the end', 1),
    ],
)
def test_what_is_no_extension_list(value, reason, at):
    assert parse_extensions(value) == Malformed(reason, at)


@given(
    st.lists(st.sampled_from([b"a", b";", b",", b"=", b'"', b"\\", b" ", b"\xff", b"\r"]), max_size=12).map(
        b"".join
    )
)
def test_any_value_is_read_or_refused_with_a_place(value):
    made = parse_extensions(value)
    if isinstance(made, Malformed):
        assert 0 <= made.at <= len(value)
    else:
        assert made
        assert all(
            is_token(e.name) and all(is_token(k) and (v is None or is_token(v)) for k, v in e.params)
            for e in made
        )
    for item in split_list(value):
        assert item
        assert item in value


@pytest.mark.parametrize("piece", [b'"\\', b'"', b",", b'a="\\",', b"a;b,", b'a;b="\\"'])
def test_long_values(piece):
    value = piece * (300_000 // len(piece))
    assert split_list(value) or piece == b","
    parse_extensions(value)


@given(st.lists(st.sampled_from([b"", b"a", b" b", b"c" * (VALUE_MAX - 1)]), min_size=1, max_size=9))
def test_the_parts_of_a_list_are_those_of_split(listed):
    assert list(parts(b",".join(listed))) == listed


@pytest.mark.parametrize(
    ("value", "only"),
    [(b"", b""), (b"2", b"2"), (b" 2,2\t, 2", b"2"), (b",", b""), (b"2,", None), (b"2,3", None)],
)
def test_the_only_part_of_a_list(value, only):
    assert only_part(value) == only
