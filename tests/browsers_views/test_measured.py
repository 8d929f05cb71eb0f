"""The view of each version of an engine against what that engine did with odd answers and on odd pages."""

import pytest

from tests.browsers_views import measured
from tests.cases import each
from wsprobe.browsers import RUNTIMES, VERSIONED, versions


@pytest.mark.parametrize("name", measured.NAMES)
def test_the_view_is_what_was_measured(name):
    def check(of):
        assert measured.faults(name, *of) == []

    each({scenario: (scenario, one) for scenario, one in measured.recordings(name).items()}, check)


@pytest.mark.parametrize("name", [name for name in measured.NAMES if name.partition("@")[0] in RUNTIMES])
def test_a_runtime_was_measured_with_all_scenarios_of_the_runtimes(name):
    assert set(measured.recordings(name)) == set(measured.scenarios()["runtimes"])


def test_each_scenario_has_one_name_and_was_measured():
    names = [name for found in measured.scenarios().values() for name in found]
    assert len(set(names)) == len(names)
    assert set(names) == {scenario for name in measured.NAMES for scenario in measured.recordings(name)}


def test_each_engine_was_measured():
    """In one version; others may be known by their recordings of the lab alone (tests/browsers/recordings)."""
    known = {f"{name}@{version}" for name in VERSIONED for version in versions(name)}
    assert set(measured.NAMES) <= known
    assert {name.partition("@")[0] for name in measured.NAMES} == set(VERSIONED)


@pytest.mark.parametrize(
    ("key", "other"), [("events", []), ("exception", {"name": "X"}), ("console", ["x"]), ("url", "x")]
)
def test_another_view_than_was_measured_is_a_fault(key, other):
    name = measured.NAMES[0]
    scenario, recording = next(iter(measured.recordings(name).items()))
    (fault,) = measured.faults(name, scenario, {**recording, key: other})
    assert fault.startswith(f"{key}: ")
