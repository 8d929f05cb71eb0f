"""Every case is judged as listed: in as few reads as can be, byte by byte, in odd pieces, always the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wsprobe.exchange import Exchange
from wsprobe.judge import judge, outcome
from wsprobe.outcome import STATUS_OF
from wsprobe.read import read
from wsprobe.read.reading import Reading

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


def test_what_is_found(case: dict[str, Any], reading: Reading) -> None:
    verdict = judge(reading)
    assert [finding.id for finding in verdict.findings] == case["findings"]
    assert verdict.spec == "rfc6455"
    assert verdict.answer == case["answer"]
    assert verdict.answer in ANSWERS
    assert outcome(reading, verdict) == case["outcome"]
    assert case["outcome"] in STATUS_OF


def test_findings_point_at_the_bytes_meant(case: dict[str, Any], reading: Reading) -> None:
    spans = {finding.id: finding.span for finding in judge(reading).findings}
    for id, text in case.get("at", {}).items():
        span = spans[id]
        assert span is not None
        assert reading.received[slice(*span)] == text.encode("latin-1")


def test_findings_say(case: dict[str, Any], reading: Reading) -> None:
    texts = {finding.id: finding.text for finding in judge(reading).findings}
    for id, words in case.get("says", {}).items():
        assert words in texts[id]


def test_findings_name_a_usual_cause(case: dict[str, Any], reading: Reading) -> None:
    causes = {finding.id: finding.usual for finding in judge(reading).findings}
    for id, words in case.get("usual", {}).items():
        assert words in causes[id]


@pytest.mark.parametrize("size", [0, 1, 7])
def test_segmentation_changes_nothing(
    case: dict[str, Any], exchange: Exchange, size: int, resegment: Callable[[Exchange, int], Exchange]
) -> None:
    if size == 1 and sum(len(e.data) for e in exchange.events if hasattr(e, "data")) > 20_000:
        size = 1000
    reading = read(resegment(exchange, size))
    verdict = judge(reading)
    assert [finding.id for finding in verdict.findings] == case["findings"]
    assert outcome(reading, verdict) == case["outcome"]
