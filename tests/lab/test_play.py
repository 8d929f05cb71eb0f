"""The whole catalogue, played without sockets, read and judged."""

from functools import cache, partial

from tests.cases import every
from tests.exchanges import plan as plan_to
from tests.exchanges import plan_for
from wsprobe.exchange import (
    Act,
    Connected,
    ConnectFailed,
    Ended,
    Limits,
    Received,
    ResolveFailed,
    Sent,
    TlsDone,
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
        assert found == set(ALL[name].findings)


def kinds(name):
    events = played(name).events
    return [type(event).__name__ for event in events if not isinstance(event, Sent | Received)]


def received(exchange):
    return [(event.at, event.data) for event in exchange.events if isinstance(event, Received)]


def test_pauses_pass_in_virtual_time():
    ((at, _),) = received(played("slow-101"))
    assert 2_000_000 <= at < 2_010_000
    bytewise = received(played("trickle-head"))
    assert [len(data) for _, data in bytewise[:129]] == [1] * 129
    assert 5_000 <= bytewise[1][0] - bytewise[0][0] < 6_000


def test_what_is_sent_without_a_pause_comes_in_one_piece():
    assert received(played("403"))[0][1].endswith(b"\r\n\r\nbody text\n")


def test_the_acts_of_a_plan_are_heard_by_the_server():
    scenario = ALL["page-sends-on-open"]
    made = play(scenario, plan(scenario, acts=scenario.page.acts))
    reading = read(made)
    assert [frame.data for frame in reading.session.frames] == [b"hello", b"\x03\xe8done"]


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


def test_limits_are_the_plans():
    limits = Limits(connect_timeout=2.5, max_time=3)
    silent = play(ALL["wss-accept-silence"], plan(ALL["wss-accept-silence"], limits=limits))
    assert silent.events[-1].at == 2_500_000
    late = play(ALL["silence"], plan(ALL["silence"], limits=limits))
    assert late.events[-1] == Ended(3_000_000, "timeout", "the exchange took longer than 3 s (maximum time)")


def test_a_request_that_never_ends_gets_no_answer():
    made = play(ALL["ok"], plan(ALL["ok"], request=b"GET / HTTP/1.1\r\nHost: x\r\n"))
    assert received(made) == []
    assert made.events[-1].at >= 20_000_000


def test_an_echo_is_served_with_ping_and_close():
    from wsprobe.lab.paths import scenario_at

    acts = (
        Act("open", "text", b"one"),
        Act("open", "binary", b"\x00\xff"),
        Act("open", "ping", b"p"),
        Act("open", "close", b"bye", 4000),
    )
    reading = read(play(scenario_at("/echo"), plan_to("ws://127.0.0.1:8000/echo", acts=acts)))
    frames = [(frame.opcode, frame.data) for frame in reading.session.frames]
    assert frames == [(1, b"one"), (2, b"\x00\xff"), (10, b"p"), (8, b"\x0f\xa0bye")]


def test_names_of_events_are_those_of_the_network():
    # The events that only play makes up; each must say where.
    refused = next(event for event in played("refused").events if isinstance(event, ConnectFailed))
    assert (refused.errno, refused.address) == ("ECONNREFUSED", "127.0.0.1")
    unknown = next(event for event in played("dns-host-invalid").events if isinstance(event, ResolveFailed))
    assert unknown.host == "host.invalid"
    done = next(event for event in played("wss-ok").events if isinstance(event, TlsDone))
    assert done.verified
    assert any(isinstance(event, Connected) for event in played("wss-ok").events)
