"""``--expect``: causes, findings of version 0.1 that are causes now, and slips."""

from msgspec.structs import replace

from tests.diagnosis.recorded import reading_of
from wsprobe.cli.expect import parse, unmet
from wsprobe.exchange import Limits
from wsprobe.report.report import report


def test_a_pattern_that_takes_years_is_given_up_with_the_time_of_the_exchange(capsys):
    recorded = reading_of(b"HTTP/1.1 403 No\r\n\r\n" + b"a" * 60, "fin").exchange
    of = report(replace(recorded, plan=replace(recorded.plan, limits=Limits(max_time=0.05))))
    assert len(unmet(parse(["body~(a+)+b"]), of)) == 1
    assert capsys.readouterr().err == "wsprobe: --expect: the search for '(a+)+b' took too long\n"
    assert unmet(parse(["body~a+"]), of) == []
