"""Chromium and Firefox themselves, on the lab's scenarios of HTTP/2: run with ``-n 0 -m engines``.

The page comes over plain HTTP. Firefox asks over HTTP/2 all the same; Chromium has to have a session first, and
gets it from a request with credentials, which the page makes before it opens its socket.
"""

import pytest
import trio

from tests import cases
from tests.browsers.against_http2 import measured, predicted
from tests.browsers.measure import digest
from tests.browsers.there import driven
from tests.browsers_views.test_http2_lab import MEASURED, OF_ONE_SOCKET, SCENARIOS
from tests.browsers_views.test_http2_measured import RACES

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
RACED = {(raced.partition("@")[0], name) for raced, name in RACES}
BY_ONE = RACED | TOLD_LATE
"""What one engine does not play, so that the other always does."""
PLAYED = {name: SCENARIOS[name] for name in OF_ONE_SOCKET if name not in LEFT_OUT}
ENGINES = ("chromium", "firefox")


def kinds(scenario):
    return {scenario.listener, *(step.do for play in scenario.http2.plays for step in play)}


def shared(engine, known=MEASURED, whole=cases.ALL):
    """The scenarios that *engine* plays in CI: half of them, the other engine the others; one at least of each
    kind; and each that is not as it was when it was last played to both."""
    played = {name: scenario for name, scenario in PLAYED.items() if (engine, name) not in BY_ONE}

    def always(scenario):
        name = scenario.name.removeprefix("h2-")
        return known[name].get("of") != digest(scenario) or any(name == each for _, each in BY_ONE)

    return cases.chosen(played, len(ENGINES), ENGINES.index(engine), kinds, always, whole)


def test_what_ci_plays_leaves_out_no_scenario_nor_any_kind():
    shares = [shared(engine, whole=False) for engine in ENGINES]
    for share in shares:
        cases.has_each_kind(share.values(), PLAYED.values(), kinds, 0.7)
    assert shares[0].keys() | shares[1].keys() == PLAYED.keys()


def test_a_scenario_that_is_not_as_it_was_is_played_by_both():
    name = next(name for name in PLAYED if name not in shared("chromium", whole=False))
    changed = MEASURED | {name: MEASURED[name] | {"of": "00000000"}}
    assert all(name in shared(engine, changed, whole=False) for engine in ENGINES)


def test_what_was_played_is_as_it_was():
    """Play them (``WSPROBE_TESTS=all pytest -n 0 -m engines`` and this file), then put the digests into
    measured/http2.jsonl."""
    assert {name: MEASURED[name].get("of") for name in PLAYED} == {
        name: digest(scenario) for name, scenario in PLAYED.items()
    }


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_the_views_are_what_the_engine_does(engine):
    driven(engine)
    played = shared(engine)
    seen = trio.run(measured, engine, played.values())
    different = {}
    for name, scenario in played.items():
        wanted, _ = predicted(engine, scenario)
        if (got := seen.get(f"h2-{name}")) != wanted:
            different[name] = (got, wanted)
    assert different == {}
