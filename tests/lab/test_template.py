from hypothesis import given
from hypothesis import strategies as st

from wsprobe.lab.scenario import escape, fields, fill


@given(st.binary())
def test_what_is_escaped_comes_back(data):
    assert fill(escape(data), {}) == data
    assert fields(escape(data)) == frozenset()
