"""JSON in pieces is the JSON that the standard library writes at once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.show.as_json import FEW, pieces

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(values, st.integers(0, 4))
def test_it_is_the_same_text(value: object, deep: int) -> None:
    assert "".join(pieces(value, deep)) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("size", [0, 1, FEW - 1, FEW, FEW + 1, 2 * FEW, 2 * FEW + 1])
def test_long_lists_are_the_same_text_too(size: int) -> None:
    value = {"frames": [{"at": number, "payload": ["x"]} for number in range(size)], "\u00e9": "\n"}
    assert "".join(pieces(value)) == json.dumps(value, separators=(",", ":"))


def test_no_piece_holds_much_of_a_flood() -> None:
    value = {"views": [{"frames": ["x" * 100] * 10_000} for _ in range(3)]}
    assert max(map(len, pieces(value))) < 100 * (FEW + 10)
