"""Every case is judged as listed: in as few reads as can be, byte by byte, in odd pieces, always the same."""

from functools import cache

import pytest

from tests.cases import every
from tests.judge.conftest import cases, exchange_of, split
from wsprobe.judge import judge, outcome
from wsprobe.read import read
from wsprobe.report.outcome import STATUS_OF
from wsprobe.session.conversation import establishes

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

CASES = cases()


@cache
def reading_of(name):
    return read(exchange_of(CASES[name]))


def given(reading):
    """What is said of it, as the cases have it."""
    verdict = judge(reading)
    result = f"{outcome(reading, verdict)}, {verdict.answer}"
    return ": ".join(filter(None, (result, ", ".join(finding.id for finding in verdict.findings))))


@every(CASES.keys())
def test_what_is_found(name):
    result, answer = CASES[name]["gives"].partition(":")[0].split(", ")
    assert given(reading_of(name)) == CASES[name]["gives"]
    assert judge(reading_of(name)).spec == "rfc6455"
    assert (result in STATUS_OF, answer in ANSWERS) == (True, True)


@every(CASES.keys())
def test_findings_point_at_the_bytes_meant(name):
    case, reading = CASES[name], reading_of(name)
    spans = {finding.id: finding.span for finding in judge(reading).findings}
    for id, text in case.get("at", {}).items():
        assert reading.received[slice(*spans[id])] == text.encode("latin-1")


@every(CASES.keys())
def test_what_findings_say(name):
    case, found = CASES[name], {finding.id: finding for finding in judge(reading_of(name)).findings}
    for what, part in (("says", "text"), ("is", "text"), ("usual", "usual"), ("received", "received")):
        for id, words in case.get(what, {}).items():
            there = getattr(found[id], part)
            assert words == there if what in ("is", "received") else words in there
    assert not any("bytearray" in finding.text for finding in found.values())


@every([name for name in CASES if reading_of(name).session is not None])
def test_a_session_is_opened_unless_the_verdict_fails_the_101(name):
    reading = reading_of(name)
    assert establishes(reading.exchange.plan, reading.final.head) is (judge(reading).answer != "fail")


@pytest.mark.parametrize("size", [0, 1, 7])
@every(CASES.keys())
def test_segmentation_changes_nothing(name, size):
    exchange = exchange_of(CASES[name])
    if size == 1 and sum(len(e.data) for e in exchange.events if hasattr(e, "data")) > 20_000:
        size = 1000
    assert given(read(split(exchange, size))) == CASES[name]["gives"]
