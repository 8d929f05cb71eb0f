"""Random scenarios: the same for a seed, scenarios of the lab, and every view comes through them."""

import pytest

from tests.browsers import fresh, fresh_http2
from tests.browsers.against_http2 import predicted
from tests.browsers.fresh import scenarios, written
from tests.browsers.views import engines, view
from wsprobe.exchange import Limits
from wsprobe.lab import parse


def made(seed, number):
    return dict(parse("\n".join(written(*each) for each in scenarios(seed, number)), "random"))


@pytest.mark.parametrize("make", [fresh.scenarios, fresh_http2.scenarios])
def test_a_seed_makes_the_same_scenarios(make):
    assert list(make(1, 60)) == list(make(1, 60)) != list(make(2, 60))


def test_every_kind_is_made():
    kinds = {name.partition("-")[2].partition("-")[2].partition("-")[2] for name in dict(scenarios(3, 300))}
    assert {"body", "damaged", "large", "talking", "broken-off", "messages", "compressed"} < kinds


@pytest.mark.parametrize("engine", ["chromium@156", "firefox@153", "webkitgtk@2.54", "undici@7.30", "ws@8.23"])
def test_every_scenario_has_a_view(engine):
    assert engine in engines()
    for scenario in made(4, 25).values():
        states = [event["rs"] for event in view(engine, scenario, Limits(max_time=6, linger=12))["events"]]
        assert states == sorted(states), scenario.name


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_every_scenario_over_http2_has_a_view(engine):
    for scenario in fresh_http2.scenarios(3, 40):
        (events, handshakes), _ = predicted(engine, scenario)
        assert handshakes
        assert [event["rs"] for event in events] == sorted(event["rs"] for event in events)
