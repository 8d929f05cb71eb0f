"""Every case is answered as listed by every revision named, and the rule that decided is the one named."""

from tests.cases import every
from tests.history.conftest import answers
from wsprobe.history import find, read_as
from wsprobe.history.data import select
from wsprobe.judge import judge

ANSWERS = {
    "established",
    "fail",
    "http",
    "may-redirect",
    "retry-auth",
    "retry-proxy-auth",
    "may-retry-version",
    "ambiguous",
    "not known",
}


@every(answers())
def test_answer(case, answered):
    row, revision, answer = case
    verdict = read_as(answered(row, revision), revision)
    assert verdict.answer == answer, verdict.findings
    assert verdict.spec == revision.name
    assert answer in ANSWERS
    named = row.get("rules", {}).get(revision.name)
    if named is not None:
        assert verdict.findings[0].id == f"rule-{named}"
    if (spec := row.get("specs", {}).get(revision.name)) is not None:
        assert verdict.findings[0].spec == spec
    if (situation := row.get("situations", {}).get(revision.name)) is not None:
        assert verdict.told.situation == situation
    if answer != "established":
        assert verdict.findings[0].spec
        assert verdict.findings[0].text.isascii()


def test_rules_are_named_for_revisions_that_are_asked(all_rows):
    """A rule that no revision of its case is asked for would never be checked."""
    for row in all_rows:
        asked = {revision.name for names in row["answers"] for revision in select(names)}
        for column in ("rules", "specs", "situations"):
            assert set(row.get(column, {})) <= asked, row["name"]


def test_rfc6455_agrees_with_the_judge(all_rows, answered):
    for row in all_rows:
        reading = answered({"wire": "13"} | row, find("rfc6455"))
        assert read_as(reading, "rfc6455").answer == read_as(reading, "rfc7692").answer == judge(reading).answer
