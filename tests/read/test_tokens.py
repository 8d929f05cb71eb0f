"""Lists, extensions and the accept value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.tokens import (
    VALUE_MAX,
    Malformed,
    is_token,
    parse_extensions,
    parts,
    split_list,
)


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
