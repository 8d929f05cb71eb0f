"""What our views say is what the engines did: every scenario, event, attribute and console text."""

import json

import pytest

from tests.browsers.agreement import MANUAL, results, value
from tests.browsers.driver import store
from tests.browsers.measure import left_out
from tests.browsers.views import engines, faults, is_flood, recordings, scenarios
from tests.cases import each
from wsprobe.browsers import VERSIONED, versions
from wsprobe.lab import load
from wsprobe.lab.play import rehearse


def test_every_version_that_is_known_is_measured_and_the_other_way_round():
    known = [f"{name}@{version}" for name in VERSIONED for version in versions(name)]
    assert list(engines()) == known, "facts without a recording: python -m tests.browsers.measure --engine NAME"


FLOODED = store.newest("chromium")
"""The engine of which the views of floods are looked at in every run; those of the others with -m floods."""
LONG = ("endless-fields", "endless-fragments", "pmd-bomb")
"""The floods that take FLOODED half a second or more; the other 25 take it a tenth together."""


def is_put_off(name, scenario):
    """Whether the view of *scenario* is looked at with -m floods alone."""
    return scenario.name in LONG if name == FLOODED else is_flood(scenario)


@pytest.mark.parametrize("name", engines())
def test_the_view_is_the_recording(name):
    def check(scenario):
        assert faults(name, scenario) == []

    each({key: one for key, one in scenarios(name).items() if not is_put_off(name, one)}, check)


@pytest.mark.floods
@pytest.mark.parametrize("name", engines())
def test_the_view_of_a_flood_is_the_recording(name):
    def check(scenario):
        assert faults(name, scenario) == []

    each({key: one for key, one in scenarios(name).items() if is_put_off(name, one)}, check)


@pytest.mark.parametrize("name", engines())
def test_each_scenario_is_measured_and_none_is_gone(name):
    wanted = {each for each in load() if not left_out(name, each)}
    changed = sorted(wanted ^ set(recordings(name)))
    assert changed == [], f"python -m tests.browsers.measure --engine {name.partition('@')[0]} measures them"


@pytest.mark.parametrize("name", engines())
def test_the_recordings_are_of_the_version_that_the_engine_names(name):
    assert store.load(name)[0].startswith(f"{engines()[name].version}.")


@pytest.mark.views
def test_the_table_in_the_manual_is_current():
    """To make it anew: python -m tests.browsers.agreement --write && python -m man.build

    It needs every view of every engine. Those of floods it takes for agreed on, as is tested above.
    """
    assert json.loads(MANUAL.read_text("ascii")) == value(results(without_floods=True))


BY_ADDRESS = ("firefox", "webkitgtk")
"""Engines that may ask again on the connection that they have; the bench notes its first request alone."""


@pytest.mark.parametrize("name", [name for name in engines() if name.partition("@")[0] not in BY_ADDRESS])
def test_the_engine_asks_again_where_it_was_seen_to(name):
    again = {
        scenario
        for other in engines()
        for scenario, recording in recordings(other).items()
        if len(recording["asked"]) > 1
    }
    seen = {
        scenario: len(rehearse(engines()[name], load()[scenario], load()).handshakes)
        for scenario in again & set(recordings(name))
    }
    assert seen == {scenario: len(recordings(name)[scenario]["asked"]) for scenario in seen}
