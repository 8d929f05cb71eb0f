"""``--expect``: causes, findings of version 0.1 that are causes now, and slips."""

import pytest
from click import UsageError
from msgspec.structs import replace

from tests.diagnosis.recorded import reading_of
from wsprobe import explain
from wsprobe.cli.expect import parse, unmet
from wsprobe.diagnosis import FORMERLY, REPLACED
from wsprobe.diagnosis.kinds import all_kinds
from wsprobe.exchange import Limits
from wsprobe.report.report import report


@pytest.mark.parametrize(("old", "new"), FORMERLY.items())
def test_a_finding_that_is_a_cause_now_names_the_new_form(old, new):
    with pytest.raises(UsageError, match=f"cause:{new}$"):
        parse([f"finding:{old}"])


@pytest.mark.parametrize(("old", "new"), REPLACED.items())
def test_a_cause_that_became_an_act_names_the_new_one(old, new):
    with pytest.raises(UsageError, match=f"it is cause:{new} now$"):
        parse([f"cause:{old}"])
    assert explain.find(f"cause:{old}").topic == new


def test_explain_knows_every_cause():
    for id, kind in all_kinds().items():
        assert explain.find(f"cause:{id}").title == kind.title
        assert explain.find(id)
    assert explain.find("upgrade-stripped").topic == "upgrade-lost"


def test_a_pattern_that_takes_years_is_given_up_with_the_time_of_the_exchange(capsys):
    recorded = reading_of(b"HTTP/1.1 403 No\r\n\r\n" + b"a" * 60, "fin").exchange
    of = report(replace(recorded, plan=replace(recorded.plan, limits=Limits(max_time=0.05))))
    assert len(unmet(parse(["body~(a+)+b"]), of)) == 1
    assert capsys.readouterr().err == "wsprobe: --expect: the search for '(a+)+b' took too long\n"
    assert unmet(parse(["body~a+"]), of) == []
