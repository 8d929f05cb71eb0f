"""The signs of each rule: no answer that a rule knows is kept from it."""

import pytest

from tests.diagnosis.measured import measured
from tests.diagnosis.recorded import reading_of
from tests.diagnosis.rules import FILES, sections
from wsprobe import diagnosis
from wsprobe.diagnosis import proxy_pages
from wsprobe.diagnosis.evidence import answer_of


def readings():
    """Those of all measured answers, and of all answers of the rules' own tests."""
    for each in measured():
        yield each.reading
    for file in FILES:
        for section in sections(file.read_text("utf-8")):
            for status in {row.first for row in section.rows}:
                yield reading_of(section.wire(status), "fin")


def answers():
    for reading in readings():
        if (final := reading.final) is not None and final.status is not None:
            yield answer_of(reading, final)


@pytest.mark.parametrize("rules", [diagnosis._RULES, proxy_pages.FORWARD], ids=["author", "forward"])
def test_every_answer_that_a_rule_knows_has_one_of_its_signs(rules):
    known = set()
    for evidence in answers():
        fitting = list(rules.fitting(evidence))
        for rule in rules.rules:
            if rule.find(evidence) is not None:
                known.add(rule.find)
                assert rule in fitting, (rule.find, evidence.line, evidence.text[:60], evidence.by_name)
    assert known == {rule.find for rule in rules.rules}


def test_an_answer_tries_few_rules():
    tried = [len(list(diagnosis._RULES.fitting(evidence))) for evidence in answers()]
    assert sum(tried) / len(tried) < 5
