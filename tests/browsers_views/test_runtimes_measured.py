"""The runtimes' views against what they did with answers that nobody would send in earnest: all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browsers.driver.compare import agree
from tests.browsers.views import view
from wsprobe.browsers import RUNTIMES, versions
from wsprobe.exchange import Limits
from wsprobe.lab import parse

MEASURED = Path(__file__).parent / "measured"
SCENARIOS = parse((MEASURED / "runtimes.toml").read_text("utf-8"), "runtimes.toml")
LIMITS = Limits(connect_timeout=6.0, max_time=6.0, linger=12.0)


VERSIONS = [f"{name}@{version}" for name in RUNTIMES for version in versions(name)]
MEASURED_WITH = [name for name in VERSIONS if (MEASURED / f"{name}.jsonl").exists()]
"""An older version may be known by its recordings of the lab alone (tests/browsers/recordings)."""


def test_the_newest_of_each_runtime_was_measured() -> None:
    assert {f"{name}@{versions(name)[-1]}" for name in RUNTIMES} <= set(MEASURED_WITH)


def recordings(name: str) -> dict[str, dict[str, Any]]:
    head, *lines = map(json.loads, (MEASURED / f"{name}.jsonl").read_text("utf-8").splitlines())
    assert head["engine"] == name.partition("@")[0]
    return {line["scenario"]: line for line in lines}


def held(name: str, scenario: str, recording: dict[str, Any]) -> list[str]:
    seen = view(name, SCENARIOS[scenario], LIMITS)
    return agree({"exception": None, "console": [], **recording, "url": seen["url"]}, seen)


@pytest.mark.parametrize("name", MEASURED_WITH)
def test_every_scenario_was_measured(name: str) -> None:
    assert set(recordings(name)) == set(SCENARIOS)


@pytest.mark.parametrize("name", MEASURED_WITH)
def test_the_views_are_what_was_measured(name: str) -> None:
    differing = {
        scenario: found
        for scenario, recording in recordings(name).items()
        if (found := held(name, scenario, recording))
    }
    assert differing == {}
