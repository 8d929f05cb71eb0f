"""Chromium and Firefox themselves, on the lab's scenarios of HTTP/2: run with ``-n 0 -m engines``.

The page comes over plain HTTP. Firefox asks over HTTP/2 all the same; Chromium has to have a session first, and
gets it from a request with credentials, which the page makes before it opens its socket.
"""

import pytest
import trio

from tests.browsers.against_http2 import measured, predicted
from tests.browsers.there import driven
from tests.browsers_views.test_http2_lab import OF_ONE_SOCKET, SCENARIOS
from tests.browsers_views.test_http2_measured import RACES

pytestmark = pytest.mark.engines

LEFT_OUT = {
    "value-2": "without a page of its own the target's session is another matter",
    "on-then-zero": "the same",
    "late-before-page": "cold, the first SETTINGS decide",
    "never-answers": "the page closes it",
    "never-answers-long": "takes 26 s",
    "status-403-no-end-long": "takes 26 s",
    "client-close-unanswered-long": "takes 28 s",
}
TOLD_LATE = {("firefox", "103-only"), ("firefox", "status-403-no-end")}
"""Ending after 20 s, when the page has closed the socket."""
NAMES = [name for name in OF_ONE_SOCKET if name not in LEFT_OUT]


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_the_views_are_what_the_engine_does(engine):
    driven(engine)
    races = {(raced.partition("@")[0], name) for raced, name in RACES}
    names = [name for name in NAMES if (engine, name) not in races | TOLD_LATE]
    seen = trio.run(measured, engine, [SCENARIOS[name] for name in names])
    different = {}
    for name in names:
        wanted, _ = predicted(engine, SCENARIOS[name])
        if (got := seen.get(f"h2-{name}")) != wanted:
            different[name] = (got, wanted)
    assert different == {}
