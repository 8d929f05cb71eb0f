import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.lab.scenario import TemplateError, escape, fields, fill, fill_text


@given(st.binary())
def test_what_is_escaped_comes_back(data):
    assert fill(escape(data), {}) == data
    assert fields(escape(data)) == frozenset()


def test_fields_are_filled_in_and_double_braces_made_single():
    template = b'{accept} {{"a": "{x-1.2}"}} {accept}'
    assert fields(template) == {"accept", "x-1.2"}
    assert fill(template, {"accept": b"A{}", "x-1.2": b"\xff"}) == b'A{} {"a": "\xff"} A{}'
    assert fill_text("ws://{ip}/{{", {"ip": "::1"}) == "ws://::1/{"


@pytest.mark.parametrize("template", [b"{", b"}", b"{no such}", b"{missing}", b"{{{"])
def test_what_cannot_be_filled_in_is_an_error(template):
    with pytest.raises(TemplateError, match=r"brace|nothing fills in"):
        fill(template, {})
    with pytest.raises(TemplateError, match=r"brace|nothing fills in"):
        fill_text(template.decode(), {})


def test_a_lone_brace_is_found_without_filling_in():
    with pytest.raises(TemplateError, match="lone brace at byte 2"):
        fields(b"ab{")
