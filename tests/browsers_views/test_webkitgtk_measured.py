"""WebKitGTK's view against what WebKitGTK 2.54 did: exception, URL, events and console, all of it."""

from __future__ import annotations

from tests.browsers_views.measured_cases import HOST, Case, load, told
from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.exchange import Limits
from wsprobe.lab import load as load_lab
from wsprobe.lab.play import rehearse

CASES = load("webkitgtk-2.54")
PATIENCE = Limits(linger=10, max_body=16 << 20)


@every(CASES)
def test_the_view_is_what_was_measured(case: Case) -> None:
    lab = load_lab()
    seen = told(rehearse(ENGINES["webkitgtk"], case.scenario, lab, host=HOST, limits=PATIENCE))
    if case.seen["exception"]:
        seen["url"] = case.seen["url"]  # there is no object to have one
    assert seen == case.seen
