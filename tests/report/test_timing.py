"""A length of time in words."""

from itertools import pairwise

import pytest

from tests.watch.played import played
from wsprobe.report.timing import bars, phases


@pytest.mark.parametrize("name", ["status-403", "silence", "close-4403"])
def test_no_bar_is_about_sending(name):
    reading = played(name).reading
    every, drawn = phases(reading), bars(reading)
    assert [each[0] for each in drawn] == [each[0] for each in every if each[0] != "send"]
    assert [each[2] for each in drawn] == [each[2] for each in every if each[0] != "send"]
    assert all(before[2] == after[1] for before, after in pairwise(drawn))
