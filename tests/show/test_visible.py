"""Escaping: reversible, and nothing that a terminal acts on gets through."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.text import legible, raw, visible


@given(st.binary())
def test_visible_is_printable_ascii_and_loses_no_byte(data):
    shown = visible(data)
    assert all(0x20 <= ord(char) < 0x7F for char in shown)
    assert raw(shown) == data


@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_legible_loses_no_byte_and_shows_nothing_that_acts(data):
    shown = legible(data)
    assert raw(shown) == data
    assert not [char for char in shown if unicodedata.category(char).startswith("C")]
