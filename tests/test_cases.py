"""Which cases of a large table a run takes."""

import pytest

from tests import cases


def test_the_two_runs_of_ci_have_every_case_once(monkeypatch):
    monkeypatch.setattr(cases, "SHARE", cases.FOURTH)
    monkeypatch.setattr(cases, "OTHERS", False)
    first = cases.share(range(10))
    monkeypatch.setattr(cases, "OTHERS", True)
    assert (first, cases.share(range(10))) == ([0, 4, 8], [1, 2, 3, 5, 6, 7, 9])


@pytest.mark.parametrize("whole", [True, False])
def test_each_engine_meets_each_kind_and_what_is_always_met(whole):
    of = {name: name for name in "abcdefghijklmnopqrstuvwxyz"}
    shares = [
        cases.chosen(of, 3, number, lambda name: {name in "aeiou"}, lambda name: name == "q", whole)
        for number in range(3)
    ]
    assert all("q" in share and {name in "aeiou" for name in share} == {True, False} for share in shares)
    assert {name for share in shares for name in share} == {*of}
    assert all((len(share) == len(of)) is whole for share in shares)
