"""Each rule of the ledger has a finding of its level, and an answer that breaks it; each fault has a rule."""

from functools import cache

import pytest

from tests.cases import every
from tests.http2.test_lab import ALL as OVER_HTTP2
from tests.http2.test_rules import found_in_cases
from tests.judge.conftest import cases, exchange_of
from tests.lab.test_play import ALL as LAB
from wsprobe import explain
from wsprobe.judge import FINDINGS, judge
from wsprobe.judge.ledger import ledger, parse
from wsprobe.read import read

RULES = {f"{each.spec} {each.section} {each.text}": each for each in ledger()}


@cache
def shown():
    """The findings of every scenario, as the catalogue of the lab lists them, and of every case."""
    listed = {id for scenario in LAB.values() for id in scenario.findings}
    listed |= {id for each in OVER_HTTP2.values() if each.http2 is not None for id in each.http2.findings}
    judged = {each.id for case in cases().values() for each in judge(read(exchange_of(case))).findings}
    return listed | judged | found_in_cases()


@every(RULES)
def test_a_rule_has_findings_of_its_level_or_a_reason(rule):
    assert bool(rule.findings) != bool(rule.not_seen)
    assert rule.text.isascii()
    for id in rule.findings:
        entry = FINDINGS[id]
        if rule.level == "MUST":
            assert entry.level == "fail" or entry.undecided, id
        else:
            assert entry.level != "fail" or entry.undecided, id


@every(RULES)
def test_a_scenario_or_case_breaks_the_rule(rule):
    assert set(rule.findings) <= shown()


def test_every_fault_of_an_answer_or_session_has_a_rule():
    """Only the lack of an answer, and what restates another fault, have none."""
    listed = {id for rule in ledger() for id in rule.findings}
    faults = {each.id for each in FINDINGS.values() if each.level == "fail" and each.phase != "way"}
    ways = {
        "refused-by-browser",
        *(f"http2-{way}" for way in ("http11-required", "refused-stream", "reset", "goaway")),
    }
    assert faults - listed == ways, "a finding of level fail without a rule in judge/ledger.txt"


def test_the_page_shows_every_rule():
    page = explain.find("rules")
    assert len(page.facts) == len(ledger())
    text = explain.text(page)
    assert "frame-masked" in text
    assert "cannot be seen from outside" in text


def test_a_broken_ledger_is_not_read():
    whole = "== RFC 1: x\n\n2.3  MUST  a thing\n  finding: a-b, c"
    assert parse(whole)[0].findings == ("a-b", "c")
    for broken in (whole.replace("  MUST  ", " MUST "), whole + "\n  odd: x"):
        with pytest.raises(ValueError, match=r"unpack|unknown"):
            parse(broken)
