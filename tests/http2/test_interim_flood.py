"""A flood of interim answers ends at wsprobe's limit for those; no engine is said to fail because of it."""

from tests.dump_views import PORTS, REHEARSED, seen
from wsprobe.browsers import ENGINES
from wsprobe.lab import load
from wsprobe.lab.ports import place


def test_firefox_still_waits_where_wsprobe_stopped_reading():
    scenario = load()["h2-interim-flood"]
    where = place(scenario, PORTS)
    text = seen(ENGINES["firefox"], where.url, where.page, scenario, REHEARSED)
    assert '"type":"close"' not in text
