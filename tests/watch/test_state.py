"""What a probe tells, what counts as a change, and what many of them are together."""

import pytest
from msgspec.structs import replace

from tests.watch.played import OPEN, exchange, played
from wsprobe.exchange import Connected, Ended, Received
from wsprobe.report.report import report
from wsprobe.report.state import held_of, seen
from wsprobe.watch.summary import Watch, after


def told(of, at=1.0, *, holds=False, up=None):
    return seen(of, at, up=of.outcome == "open" if up is None else up, met=False, holds=holds)


def watched(*names):
    watch = Watch("ws://a/")
    for number, name in enumerate(names):
        watch = after(watch, told(played(name), number * 30.0))
    return watch


def altered(name, old, new):
    """The report of a scenario, with *new* in place of *old* in what was received."""
    one = exchange(name)
    events = (
        replace(event, data=event.data.replace(old, new)) if isinstance(event, Received) else event
        for event in one.events
    )
    return report(replace(one, events=tuple(events)))


def test_a_session_that_is_cut_and_how_long_it_was_idle():
    one = exchange(OPEN, linger=60.0)
    opened = next(at for at, event in enumerate(one.events) if isinstance(event, Received))
    first = one.events[opened].at
    text = Received(first + 20_000_000, bytes.fromhex("81 02 68 69"))
    cut = replace(
        one, events=(*one.events[: opened + 1], text, Ended(first + 80_000_000, "reset", "reset by peer"))
    )
    held = held_of(report(cut).reading)
    assert (held.way, held.seconds, held.idle) == ("cut", pytest.approx(80.0), pytest.approx(60.0))


@pytest.mark.parametrize(
    ("address", "port", "family"), [("127.0.0.1", 80, 4), ("::1", 80, 6), ("/run/socket", 0, 0)]
)
def test_the_family_of_the_address(address, port, family):
    one = exchange(OPEN)
    events = tuple(
        replace(event, address=address, port=port) if isinstance(event, Connected) else event
        for event in one.events
    )
    assert told(report(replace(one, events=events))).family == family
