"""wsprobe-cookbook(7): each command parses, and prints the lines that the page shows."""

from __future__ import annotations

import re
from typing import Any
from unittest import mock

import pytest
from msgspec.structs import replace

from man.build import page
from man.build.cookbook import recipes
from tests.manual.command_lines import parse
from tests.played import ran
from wsprobe.exchange import Plan
from wsprobe.lab.paths import scenario_at
from wsprobe.lab.scenario import Scenario, Step

RECIPES = recipes()
SYMPTOMS = RECIPES["symptom"]


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda each: each["title"])
def test_a_symptoms_command_prints_what_is_shown(symptom: dict[str, Any]) -> None:
    def at(plan: Plan, scenarios: object) -> Scenario:
        name = next(name for has, name in symptom["server"] if re.search(has.encode(), plan.request, re.I))
        made = scenario_at(name)
        if "after" in symptom:
            made = replace(made, steps=(made.steps[0], Step("wait", seconds=symptom["after"]), *made.steps[1:]))
        tls = plan.target.secure and made.listener == "plain" and symptom.get("tls", True)
        return replace(made, listener="tls") if tls else made

    files = {"big.json": "x" * 300}
    if file := symptom.get("file"):
        files[file["name"]] = file["start"] + "x" * file["x"] + file["end"]
    command = symptom["command"].replace('"$(cat big.json)"', files["big.json"])
    with mock.patch("tests.played.scenario_of", at), mock.patch.dict("os.environ", TOKEN="t0k3n"):
        (got,) = ran([command], files)
    printed = iter(got.out.decode().splitlines())
    for line in symptom["shows"].strip("\n").splitlines():
        assert line in printed, (line, got.out.decode(), got.err.decode())


def test_there_are_twenty_symptoms_after_a_first_hour_of_five_commands() -> None:
    assert len({each["title"] for each in SYMPTOMS}) == 20
    assert len(RECIPES["hour"]) == 5
    for each in RECIPES["hour"]:
        assert parse(each["command"])


@pytest.mark.parametrize("exchange", RECIPES["exchange"], ids=lambda each: each["title"])
def test_exchanges_parse(exchange: dict[str, Any]) -> None:
    assert parse(exchange["lines"].replace("\\\n", "").replace("\n", " "))


def test_it_is_short_enough_to_read() -> None:
    assert len(page("wsprobe-cookbook.7").split()) < 2500
