"""A trace does not contradict what `connect` reports of the same answer: it has that cause, names it, or leaves
it open."""

from functools import cache

import pytest

from tests.cases import share
from tests.diagnosis.measured import measured
from wsprobe.diagnosis import ACTS
from wsprobe.report.report import report
from wsprobe.trace.answer import answer_of
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.trace import Start, Trace

SAME = {
    "crashed-before-accept": {"server-error", "handshake-fails"},
    "backend-closed": {"backend-down"},
    "changed": {"key-lost", "version-lost"},
    "no-route": {"method-refused"},
    "server-says": {"upgrade-lost", "redirected"},
    "unauthorized": {"refused-to-all", "handshake-refused"},
    "credentials-refused": {"unauthorized", "refused-to-all", "handshake-refused"},
}
"""A cause -> what a comparison with other answers makes of it. An act leaves open what led to it."""


def agrees(found, answer):
    cause = answer.cause
    return (
        found.id == cause.id
        or found.open
        or cause.id in ACTS
        or cause.text in found.text
        or found.id in SAME.get(cause.id, set())
    )


@cache
def answers():
    return [answer_of(report(each.reading.exchange)) for each in share(measured()) if each.part != "held"]


@pytest.mark.parametrize("like_get", [True, False], ids=["as-get", "unlike-get"])
def test_a_trace_does_not_contradict_connect(like_get):
    page = next(each for each in answers() if each.kind == "http" and each.status == 200)
    wrong = []
    for answer in answers():
        if answer.kind != "http" or answer.cause is None or (not like_get and answer.status == 200):
            continue
        get = answer if like_get else page
        seen = Trace(Start(answer.reading.exchange.plan, "http://page.invalid"), {"base": answer, "get": get})
        found = conclusions(seen)[0]
        if not agrees(found, answer):
            wrong.append((answer.cause.id, answer.cause.certainty, found.id, found.text))
    assert wrong == []
