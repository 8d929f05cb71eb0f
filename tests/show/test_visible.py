"""Escaping: reversible, and nothing that a terminal acts on gets through."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tests.cases import every
from wsprobe.text import legible, printable, raw, shows, visible


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


@every(
    "\u00ad\u034f\u061c\u115f\u17b4\u180e\u200b\u2060\u2800\u3164\ufe0f\ufeff\uffa0\U0001bca0\U000e0041\U000e01ef"
)
def test_a_character_that_shows_nothing_is_escaped(char):
    assert not shows(f"a{char}b")
    assert legible(f"ü{char}".encode()) == "ü" + visible(char.encode())
    assert printable(f"ü{char}") == "ü" + ascii(char)[1:-1]
