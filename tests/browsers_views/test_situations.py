"""The situations that must look alike: every entry is held to the engines' own views of the lab's examples."""

from __future__ import annotations

import pytest

from wsprobe.browsers import ALL, ENGINES
from wsprobe.browsers.tell import CODES, ERRORS, SITUATIONS, alike, failure, tellable, told
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.outcome)
@pytest.mark.parametrize("browser", [*ALL, "undici"])
def test_what_each_engine_shows(browser, situation):
    scenario = find(situation.scenario)
    seen = told(rehearse(ENGINES[browser], scenario, load()))
    code = CODES.get((browser, situation.outcome), 1006)
    assert scenario.outcome == situation.outcome
    error = {"error": ERRORS[browser]} if browser in ERRORS else {}
    assert (seen == failure(code, **error)) if code is not None else (seen != failure(1006))


@pytest.mark.parametrize("name", ["ws", "deno", "bun"])
def test_a_runtime_tells_them_all_apart(name):
    views = [rehearse(ENGINES[name], find(each.scenario), load()) for each in SITUATIONS]
    assert len(tellable(views).groups) == len(SITUATIONS)
    assert alike(views, "") == []


def test_a_403_is_among_the_failures_that_must_look_alike():
    """The question that started this project."""
    names = ("status-403", "refused", "redirect-302", "accept-wrong")
    views = [rehearse(ENGINES["chromium"], find(name), load()) for name in names]
    assert tellable(views).groups == ((0, 1, 2, 3),)
    assert tellable(views).by == ()
    [(alone, situations)] = alike(views[:1], "refused")
    assert alone == (views[0],)
    assert situations == tuple(each.words for each in SITUATIONS if each.outcome != "refused")


def test_an_accepted_close_is_like_none_of_them():
    view = rehearse(ENGINES["chromium"], find("accept-then-close-4403"), load())
    assert alike([view], "closed") == []
