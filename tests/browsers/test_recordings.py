"""What our views say is what the engines did: every scenario, event, attribute and console text."""

from __future__ import annotations

import json

import pytest

from tests.browsers.agreement import MANUAL, results, value
from tests.browsers.driver import store
from tests.browsers.measure import left_out
from tests.browsers.views import MEASURED, engines, faults, is_flood, recordings, scenarios
from tests.cases import each
from wsprobe.lab import load
from wsprobe.lab.scenario import Scenario


def test_every_engine_that_is_measured_is_written() -> None:
    assert tuple(engines()) == MEASURED


FLOODED = "chromium"
"""The engine of which the views of floods are looked at in every run; those of the others with -m floods."""


@pytest.mark.parametrize("name", engines())
def test_the_view_is_the_recording(name: str) -> None:
    def check(scenario: Scenario) -> None:
        assert faults(name, scenario) == []

    each({key: one for key, one in scenarios(name).items() if name == FLOODED or not is_flood(one)}, check)


@pytest.mark.floods
@pytest.mark.parametrize("name", [name for name in engines() if name != FLOODED])
def test_the_view_of_a_flood_is_the_recording(name: str) -> None:
    def check(scenario: Scenario) -> None:
        assert faults(name, scenario) == []

    each({key: one for key, one in scenarios(name).items() if is_flood(one)}, check)


@pytest.mark.parametrize("name", engines())
def test_every_scenario_is_recorded(name: str) -> None:
    expected = {scenario for scenario in load() if not left_out(name, scenario)}
    assert sorted(expected - set(recordings(name))) == []


@pytest.mark.parametrize("name", engines())
def test_no_recording_is_of_a_scenario_that_is_gone(name: str) -> None:
    assert sorted(set(recordings(name)) - set(load())) == []


@pytest.mark.parametrize("name", engines())
def test_the_recordings_are_of_the_version_that_the_engine_names(name: str) -> None:
    assert store.load(name)[0].startswith(engines()[name].version)


def test_the_table_in_the_manual_is_current() -> None:
    """To make it anew: python -m tests.browsers.agreement --write && python -m man.build

    It stands in this file because the views that it counts are worked out here: a file is one process's. Those
    of floods it takes for agreed on, as is tested above.
    """
    assert json.loads(MANUAL.read_text("ascii")) == value(results(without_floods=True))
