"""Random scenarios over HTTP/2: the same for a seed, and every view comes through them."""

import pytest

from tests.browsers.against_http2 import predicted
from tests.browsers.fresh_http2 import scenarios


def test_a_seed_makes_the_same_scenarios():
    assert list(scenarios(1, 50)) == list(scenarios(1, 50)) != list(scenarios(2, 50))


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_every_scenario_has_a_view(engine):
    for scenario in scenarios(3, 40):
        (events, handshakes), _ = predicted(engine, scenario)
        assert handshakes
        assert [event["rs"] for event in events] == sorted(event["rs"] for event in events)
