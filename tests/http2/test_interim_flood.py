"""A flood of interim answers ends at wsprobe's limit for those; no engine is said to fail because of it."""

from tests.browsers_views.test_http2_lab import visited
from wsprobe.browsers import ENGINES
from wsprobe.lab import load
from wsprobe.lab.ports import place


def test_firefox_still_waits_where_wsprobe_stopped_reading():
    scenario = load()["h2-interim-flood"]
    view, _ = visited(ENGINES["firefox"], scenario, place(scenario).page)
    assert [event.type for event in view.events] == []
