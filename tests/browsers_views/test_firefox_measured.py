"""Firefox's view against what Firefox ESR 153 did: exception, URL, events and console, all of it."""

from __future__ import annotations

from tests.browsers_views.measured_cases import HOST, Case, load, told
from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.exchange import Limits
from wsprobe.lab.play import rehearse

CASES = load("firefox-153")
SIX_SECONDS = Limits(linger=5.5, max_time=5.9)
"""Then the page that measured gave up."""


@every(CASES)
def test_the_view_is_what_was_measured(case: Case) -> None:
    assert told(rehearse(ENGINES["firefox"], case.scenario, {}, host=HOST, limits=SIX_SECONDS)) == case.seen
