"""Chromium's view against what Chromium 156 did: exception, URL, events and console, all of it."""

from __future__ import annotations

from tests.browsers_views.measured_cases import HOST, Case, load, told
from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.lab.play import rehearse

CASES = load("chromium-156")


@every(CASES)
def test_the_view_is_what_was_measured(case: Case) -> None:
    assert told(rehearse(ENGINES["chromium"], case.scenario, {}, host=HOST)) == case.seen
