"""The whole catalogue, played without sockets, read and judged."""

from functools import cache, partial

from tests.cases import every
from tests.exchanges import plan_for
from wsprobe.exchange import (
    Act,
    Ended,
    Received,
    Sent,
)
from wsprobe.judge import judge, outcome
from wsprobe.lab import load, parse
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.read import read
from wsprobe.read.frames import CLOSE
from wsprobe.request import target

ALL = load()

KEY = "AAECAwQFBgcICQoLDA0ODw=="
"""Not the sample key of RFC 6455: some scenarios answer that one whatever was asked."""


plan = partial(plan_for, key=KEY)


def openable():
    """Names of the scenarios whose URL a client without a page can make something of."""
    found = []
    for name, scenario in ALL.items():
        try:
            target.parse(place(scenario).address)
        except target.TargetError:
            continue
        found.append(name)
    return found


@cache
def played(name):
    return play(ALL[name], plan(ALL[name]))


def test_nearly_every_scenario_can_be_opened_without_a_page():
    left_out = set(ALL) - set(openable())
    assert {ALL[name].about for name in left_out} == {"arguments"}
    assert len(left_out) < 15


@every(openable())
def test_it_makes_a_recording(name):
    exchange = played(name)
    times = [event.at for event in exchange.events]
    assert times == sorted(times)
    assert times[-1] <= exchange.plan.limits.max_time * 1_000_000
    assert [isinstance(event, Ended) for event in exchange.events].count(True) == 1
    assert isinstance(exchange.events[-1], Ended)
    sent = b"".join(event.data for event in exchange.events if isinstance(event, Sent))
    assert sent.startswith(exchange.plan.request) or not sent
    pieces = [event.data for event in exchange.events if isinstance(event, Received)]
    assert all(0 < len(piece) <= 65536 for piece in pieces)


@every(openable())
def test_it_is_judged_as_the_catalogue_says(name):
    reading = read(played(name))
    verdict = judge(reading)
    assert outcome(reading, verdict) == ALL[name].outcome
    found = {finding.id for finding in verdict.findings if finding.level != "note"}
    if name.startswith("endless-"):
        # Where a flood is cut is chance, and what a cut looks like with it.
        assert found >= set(ALL[name].findings)
    else:
        assert found == set(ALL[name].findings), "its `findings` are not those, without notes, that it leads to"


def kinds(name):
    events = played(name).events
    return [type(event).__name__ for event in events if not isinstance(event, Sent | Received)]


def received(exchange):
    return [(event.at, event.data) for event in exchange.events if isinstance(event, Received)]


def test_a_server_that_reads_one_frame_leaves_what_is_behind_it():
    """As on a socket: the Close behind long messages is not read yet when the server looks for one."""
    catalogue = """
[one-frame]
about = "frames"
summary = "Reads one frame, and answers a Close that it has read with it."
steps = ["open", { wait = 0.05 }, { read-frame = 1 }, "echo-close", "fin"]
"""
    scenario = parse(catalogue, "here")["one-frame"]

    def answered(size):
        text = Act("open", "text", b"x" * size)
        acts = (text, text, Act("open", "close"))
        session = read(play(scenario, plan(scenario, acts=acts))).session
        return any(frame.opcode == CLOSE for frame in session.frames)

    assert answered(10)
    assert not answered(70_000)
