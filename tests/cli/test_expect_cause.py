"""``--expect cause:ID``, and findings of version 0.1 that are causes now."""

from __future__ import annotations

import pytest
from click import UsageError

from tests.diagnosis.recorded import reading_of
from wsprobe import explain
from wsprobe.cli.expect import parse, unmet
from wsprobe.diagnosis import FORMERLY, all_kinds
from wsprobe.report import report


def test_a_cause_is_met_by_any_of_the_report_s() -> None:
    of = report(reading_of(b"HTTP/1.1 403 no token\r\n\r\n", "fin").exchange)
    assert unmet(parse(["cause:unauthorized", "cause:unauthorized=stated"]), of) == []
    assert len(unmet(parse(["cause:no-route"]), of)) == 1


@pytest.mark.parametrize(("old", "new"), FORMERLY.items())
def test_a_finding_that_is_a_cause_now_names_the_new_form(old: str, new: str) -> None:
    with pytest.raises(UsageError, match=f"cause:{new}$"):
        parse([f"finding:{old}"])


def test_a_cause_that_does_not_exist_is_a_slip() -> None:
    with pytest.raises(UsageError, match="near: unauthorized"):
        parse(["cause:unauthorised"])


def test_explain_knows_every_cause() -> None:
    for id, kind in all_kinds().items():
        assert explain.find(f"cause:{id}").title == kind.title
        assert explain.find(id)
    assert explain.find("upgrade-stripped").topic == "upgrade-lost"
