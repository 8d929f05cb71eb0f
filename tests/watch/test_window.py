"""The latest values and their percentiles."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.watch.summary import LATEST, Window


def windowed(values):
    window = Window()
    for value in values:
        window = window.add(value)
    return window


def test_there_is_none_of_nothing():
    with pytest.raises(ValueError, match="no value"):
        Window().percentiles(50)


def test_only_the_latest_count():
    window = windowed([float(n) for n in range(2 * LATEST + 1)])
    assert len(window) == LATEST
    assert window.percentiles(0, 100) == (LATEST + 1, 2 * LATEST)


@given(st.lists(st.floats(0, 2.0**20, width=32), min_size=1, max_size=40), st.floats(0, 100))
def test_so_many_percent_are_not_above(values, percent):
    (found,) = windowed(values).percentiles(percent)
    assert found in array("f", values)
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-9
    assert sum(value < found for value in values) < max(percent / 100 * len(values), 1)
