"""The situations that must look alike: every entry is held to the engines' own views of the lab's examples."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import OPEN, seen
from tests.cases import every
from wsprobe.browsers import ALL, ENGINES
from wsprobe.browsers.engine import DomEvent, DomException
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


def view_of(*events, state=3, thrown=None):
    return replace(seen(OPEN), events=events, ready_state=state, exception=thrown)


FAILED, CLOSE = DomEvent("error", 3), DomEvent("close", 3, code=1006)


OPENED = DomEvent("open", 1)


@every(
    {
        "nothing": ([view_of(CLOSE), view_of(CLOSE)], ((0, 1),), ()),
        "the code": ([view_of(CLOSE), view_of(replace(CLOSE, code=1000))], ((0,), (1,)), ("close.code",)),
        "the reason": ([view_of(CLOSE), view_of(replace(CLOSE, reason="x"))], ((0,), (1,)), ("close.reason",)),
        "clean": ([view_of(CLOSE), view_of(replace(CLOSE, was_clean=True))], ((0,), (1,)), ("close.wasClean",)),
        "an error": ([view_of(FAILED, CLOSE), view_of(CLOSE)], ((0,), (1,)), ("error",)),
        "the words of an error": (
            [view_of(FAILED, CLOSE), view_of(replace(FAILED, message="x"), CLOSE)],
            ((0,), (1,)),
            ("error.message",),
        ),
        "a close": ([view_of(FAILED), view_of(FAILED, CLOSE)], ((0,), (1,)), ("close",)),
        "an open": ([view_of(OPENED, CLOSE), view_of(CLOSE)], ((0,), (1,)), ("open",)),
        "the subprotocol": (
            [view_of(OPENED, CLOSE), view_of(replace(OPENED, protocol="x"), CLOSE)],
            ((0,), (1,)),
            ("open.protocol",),
        ),
        "the extensions": (
            [view_of(OPENED, CLOSE), view_of(replace(OPENED, extensions="x"), CLOSE)],
            ((0,), (1,)),
            ("open.extensions",),
        ),
        "a message": (
            [view_of(DomEvent("message", 1, data="a")), view_of(DomEvent("message", 1, data="b"))],
            ((0,), (1,)),
            ("message",),
        ),
        "the state": ([view_of(state=1), view_of(state=2)], ((0,), (1,)), ("readyState",)),
        "an exception": ([view_of(thrown=DomException("A", "")), view_of()], ((0,), (1,)), ("exception",)),
        "the words of an exception": (
            [view_of(thrown=DomException("A", "x")), view_of(thrown=DomException("A", "y"))],
            ((0, 1),),
            (),
        ),
        "three, of which two are alike": (
            [view_of(CLOSE), view_of(FAILED, CLOSE), view_of(CLOSE)],
            ((0, 2), (1,)),
            ("error",),
        ),
    }
)
def test_by_what_recordings_are_told_apart(case):
    views, groups, by = case
    found = tellable(views)
    assert (found.groups, found.by) == (groups, by)
    assert (told(views[0]) == told(views[1])) is (0 in groups[0] and 1 in groups[0])
