import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.lab.scenario import TemplateError, escape, fields, fill, fill_text


@given(st.binary())
def test_what_is_escaped_comes_back(data):
    assert fill(escape(data), {}) == data
    assert fields(escape(data)) == frozenset()


@pytest.mark.parametrize("template", [b"{", b"}", b"{no such}", b"{missing}", b"{{{"])
def test_what_cannot_be_filled_in_is_an_error(template):
    with pytest.raises(TemplateError, match=r"brace|nothing fills in"):
        fill(template, {})
    with pytest.raises(TemplateError, match=r"brace|nothing fills in"):
        fill_text(template.decode(), {})


def test_a_lone_brace_is_found_without_filling_in():
    with pytest.raises(TemplateError, match="lone brace at byte 2"):
        fields(b"ab{")
