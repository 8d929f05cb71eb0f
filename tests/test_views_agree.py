"""No answer that is not marked divides its own views.

Where browsers or specifications part on an answer, or all fail it, the judge has a finding on it; where all of
them open, none that a client must fail. Held for the lab, the cases of the judge, the recorded answers of real
servers (tests/diagnosis/*.jsonl) and generated answers: some in the default run, more with ``-m views``, with
WSPROBE_TESTS=all all, of the generated ones 20,000.
"""

from itertools import islice

import pytest

from tests.browsers.test_fresh import made
from tests.cases import ALL as ALL_CASES
from tests.cases import every
from tests.diagnosis.measured import measured
from tests.judge.conftest import cases, exchange_of
from tests.lab.test_play import ALL as LAB
from tests.lab.test_play import openable, plan, played
from wsprobe.browsers import ALL, ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Limits
from wsprobe.judge import judge
from wsprobe.lab.play import play
from wsprobe.read import read

PAGE = Page()
CASES = cases()
UNRELATED = {"tls-truncated", "hixie-fields", "version-in-101", "key-in-101"}
"""Findings that no browser's result depends on."""
OFFER = b"permessage-deflate; client_max_window_bits"
"""What browsers offer."""
SLOW = {"flood", "bomb", "huge", "600k", "300k", "3GiB", "1TiB", "endless", "without-end"}


def result(view):
    """What a script gets, except the messages: whether it opens, fails after that, and how it closes."""
    kinds = [event.type for event in view.events]
    close = next(((event.code, event.was_clean) for event in view.events if event.type == "close"), None)
    return "open" in kinds, "error" in kinds, close


def views(reading):
    """The result of each browser and specification on *reading*.

    Without those whose page does not get so far, and without the specification of 2012 where the answer accepts
    an extension, because its client offers none.
    """
    extended = reading.final is not None and bool(reading.final.head.all(b"sec-websocket-extensions"))
    every_view = (
        ENGINES[name].view(reading.exchange.plan.target.url, PAGE, [reading])
        for name in ALL
        if not (extended and name == "w3c-cr-2012")
    )
    return {
        view.browser: result(view)
        for view in every_view
        if view.outcome not in ("threw", "unloaded") and not view.blocked
    }


def unmarked(exchange):
    """What divides the views of *exchange* and has no finding; "" if nothing does."""
    reading = read(exchange)
    if reading.session is None or reading.exchange.plan.wire != "hybi-13":
        return ""  # a refusal opens in none, and its finding is the status
    if reading.values("Sec-WebSocket-Extensions") and reading.request.extensions != OFFER:
        return ""  # in answer to an offer that no browser makes
    verdict, seen = judge(reading), views(reading)
    found = [each for each in verdict.findings if each.id not in UNRELATED]
    opened = {of[0] for of in seen.values()}
    if opened == {True} and verdict.answer == "fail":
        return f"all open, but {[each.id for each in found if each.fatal]}"
    if opened == {False} and not found:
        return "none opens"
    if len(opened) > 1 and not found:
        return f"some open: {seen}"
    ends = {of for of in seen.values() if of[0]}
    if len(ends) > 1 and not found:
        return f"they end in different ways: {seen}"
    if any(of[1] for of in ends) and not found:
        return f"all fail after they opened: {seen}"
    return ""


def generated(seeds):
    return (scenario for seed in seeds for scenario in made(seed, 100).values())


def unmarked_of(scenarios):
    found = {each.name: unmarked(play(each, plan(each, limits=Limits(max_time=6)))) for each in scenarios}
    return {name: words for name, words in found.items() if words}


QUICK = [name for name in openable() if not any(word in name for word in SLOW)]


@every(QUICK[::3])
def test_scenarios(name):
    assert unmarked(played(name)) == ""


@every(CASES.keys())
def test_cases(name):
    assert unmarked(exchange_of(CASES[name])) == ""


@every(lambda: measured()[::10])
def test_recorded_answers(answer):
    assert unmarked(answer.reading.exchange) == ""


def test_generated_answers():
    assert unmarked_of(islice(generated((7,)), 100)) == {}


@pytest.mark.views
def test_every_scenario():
    assert unmarked_of(LAB[name] for name in openable()) == {}


@pytest.mark.views
@every(measured)
def test_every_recorded_answer(answer):
    assert unmarked(answer.reading.exchange) == ""


@pytest.mark.views
@pytest.mark.parametrize("first", range(1000, 1200, 20))
def test_20_000_generated_answers(first):
    assert unmarked_of(generated(range(first, first + (20 if ALL_CASES else 4)))) == {}
