"""What our views say is what the engines did: every scenario, event, attribute and console text."""

import json

import pytest
from msgspec.structs import replace

from tests import cases
from tests.browsers.agreement import MANUAL, results, value
from tests.browsers.driver import store
from tests.browsers.driver.engines import ENGINES
from tests.browsers.measure import cases as measured
from tests.browsers.measure import digest, kinds, left_out, shared
from tests.browsers.views import engines, faults, is_flood, recordings, scenarios
from tests.cases import THIRD, each, has_each_kind
from wsprobe.browsers import BROWSERS, VERSIONED, versions
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse
from wsprobe.lab.scenario import Step


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

    floods = {key: one for key, one in scenarios(name).items() if is_put_off(name, one)}
    each(floods if name == FLOODED else cases.turn(floods, THIRD, [*engines()].index(name)), check)


@pytest.mark.parametrize("name", engines())
def test_each_scenario_is_measured_and_none_is_gone(name):
    wanted = {each for each in load() if not left_out(name, each)}
    changed = sorted(wanted ^ set(recordings(name)))
    assert changed == [], f"python -m tests.browsers.measure --engine {name.partition('@')[0]} measures them"


@pytest.mark.parametrize("whole", [False, True])
def test_what_ci_plays_leaves_out_no_scenario_in_every_browser_nor_any_kind(whole):
    shares = {name: shared(name, store.load(name)[1], whole) for name in ENGINES}
    catalogue = {name: measured(engine=name) for name in ENGINES}
    for name, share in shares.items():
        has_each_kind(share, catalogue[name], lambda one: kinds(one.scenario), 1.01 if whole else 0.4)
        assert (len(share) == len(catalogue[name])) is whole
    played = {one.name for name in BROWSERS for one in shares[name]}
    assert played == {one.name for one in catalogue["chromium"]}


def test_what_ci_plays_has_each_scenario_that_is_not_as_it_was_measured():
    known = store.load("chromium")[1]
    before = {one.name for one in shared("chromium", known, whole=False)}
    changed, new, *_ = left = [one.name for one in measured(engine="chromium") if one.name not in before]
    known[changed] |= {"of": "00000000"}
    del known[new]
    after = {one.name for one in shared("chromium", known, whole=False)}
    assert after - before == {changed, new} <= set(left)


def test_a_scenario_that_does_anything_else_has_another_digest():
    first = find("status-403")
    others = [
        replace(first, steps=(*first.steps, Step("fin"))),
        replace(first, listener="tls"),
        replace(first, url="ws://{ip}:{plain}/"),
        replace(first, page=replace(first.page, csp="connect-src 'self'")),
        replace(first, versions=("13",)),
    ]
    assert len({digest(each) for each in (first, *others)}) == 6
    assert digest(replace(first, summary="Says it in other words.", findings=())) == digest(first)


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
