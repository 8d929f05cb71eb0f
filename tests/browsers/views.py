"""Our own views of every scenario that was measured, written as the recordings write them."""

from functools import cache
from unittest.mock import patch

from tests.browsers.driver import store
from tests.browsers.driver.compare import agree, of_view
from wsprobe.browsers import ENGINES, inflate
from wsprobe.lab import load
from wsprobe.lab.measured import MOST_EVENTS, limits_of, named
from wsprobe.lab.play import rehearse

HOST = "127.0.10.1"
UNFOLDED = 256 * 1024 * 1024
"""Bytes that a message is followed to here, beyond any engine's own limit: the usual bound is ours."""
FLOOD = 10_000
"""Times that a step is repeated."""


@cache
def engines():
    """ENGINE@VERSION -> the engine, of all that is recorded. One without a file of facts is an error."""
    return {name: ENGINES[name] for name in store.names()}


@cache
def recordings(name):
    return store.load(name)[1]


@cache
def catalogue():
    """Every scenario by its name."""
    return load()


def scenarios(name):
    """The scenarios of the catalogue that engine *name* was measured with."""
    return {scenario: found for scenario, found in catalogue().items() if scenario in recordings(name)}


def is_flood(scenario):
    """Whether it takes half a second to follow *scenario*, in any engine."""
    return any(step.repeat >= FLOOD for step in scenario.steps)


def view(name, scenario, limits):
    """What our engine *name* says of *scenario*, recorded within *limits*."""
    with patch.object(inflate, "INFLATED_MAX", UNFOLDED):
        seen = rehearse(ENGINES[name], scenario, catalogue(), host=HOST, limits=limits)
    return named(store.mapped(of_view(seen), lambda text: text.replace(HOST, "{ip}")))


@cache
def faults(name, scenario):
    """In what our view is not what was recorded."""
    return held(name, scenario, recordings(name)[scenario.name])


def held(name, scenario, recording):
    """In what our view is not *recording*. Where the engine races, one of its results will do."""
    return _nearest(name, scenario, recording)[1]


def predicted(name, scenario, recording):
    """Our view, within the limits that bring it nearest to *recording*."""
    return _nearest(name, scenario, recording)[0]


def _nearest(name, scenario, recording):
    seen = {}
    found = []
    for limits in limits_of(scenario, len(recording["events"]) == MOST_EVENTS):
        seen = view(name, scenario, limits)
        found = min((agree(one, seen) for one in (recording, *recording.get("races", ()))), key=len)
        if not found:
            break
    return seen, found
