"""What a probe tells, what counts as a change, and what many of them are together."""

import pytest
from msgspec.structs import replace

from tests.watch.played import OPEN, exchange, played
from wsprobe.exchange import Connected, Ended, Received
from wsprobe.report.report import report
from wsprobe.report.state import LONGEST, differences, held_of, seen
from wsprobe.watch.summary import Watch, Window, after, percentiles


def told(of, at=1.0, *, holds=False, up=None):
    return seen(of, at, up=of.outcome == "open" if up is None else up, met=False, holds=holds)


def watched(*names):
    watch = Watch("ws://a/")
    for number, name in enumerate(names):
        watch = after(watch, told(played(name), number * 30.0))
    return watch


def test_the_same_answer_is_no_change():
    watch = watched(OPEN, OPEN, OPEN)
    assert (watch.probes, watch.up, watch.changes, watch.availability) == (3, 3, 0, 1.0)
    assert not watch.changed
    assert watched(OPEN).changed  # the first


def test_a_change_and_what_changed():
    watch = watched(OPEN, OPEN, "status-403")
    assert watch.changed
    assert watch.lasted == 60.0
    assert differences(watch.before.state, watch.last.state) == (
        "outcome open -> refused",
        "status 101 -> 403",
        "finding status-not-101",
    )
    assert differences(watch.last.state, watch.before.state)[-1] == "no longer status-not-101"


def test_state_since():
    watch = watched(OPEN, "status-403", "status-403", "status-403")
    assert watch.since.at == 30.0
    assert (watch.probes, watch.up, watch.changes) == (4, 1, 1)
    assert dict(watch.outcomes) == {"open": 1, "refused": 3}
    assert dict(watch.found)["status-not-101"] == 3


@pytest.mark.parametrize("other", ["date", "body", "close-reason"])
def test_what_differs_between_any_two_answers_is_no_change(other):
    """Values of headers, bodies and texts are not what a watch is about: some differ every time."""
    one = exchange("close-4403" if other == "close-reason" else "status-403")
    changed = {"date": (b"Content-Type: text/plain", b"Content-Type: text/other"), "body": (b"403", b"403")}
    old, new = changed.get(other, (b"nothing", b"nothing"))
    events = tuple(
        replace(event, data=event.data.replace(old, new)) if isinstance(event, Received) else event
        for event in one.events
    )
    assert told(report(one)).state == told(report(replace(one, events=events))).state


def test_how_a_held_session_ended():
    held = held_of(played(OPEN, linger=5.0).reading)
    assert (held.way, held.code) == ("held", None)
    assert held.seconds == pytest.approx(5.0, abs=0.01)
    closed = held_of(played("close-4403", linger=5.0).reading)
    assert (closed.way, closed.code) == ("closed", 4403)
    assert held_of(played("status-403").reading) is None


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


def test_phases_and_the_total_without_the_session():
    watch = watched(OPEN, OPEN)
    found = percentiles(watch)
    assert list(found) == ["resolve", "connect", "answer", "total"]
    assert found["total"][1] < 10  # of 300 ms, in which the session was watched
    assert dict(watch.last.phases)["session"] == pytest.approx(0.3, abs=0.01)


def test_the_median_and_the_95th_percentile():
    window = Window()
    for each in range(100, 0, -1):
        window = window.add(each)
    assert percentiles(Watch("ws://a/", phases=(("tls", window),))) == {"tls": (50, 95)}


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


def test_what_failed_is_no_phase():
    refused = told(played("refused"))
    assert [name for name, _ in refused.phases] == ["resolve"]
    silent = told(played("silence"))
    assert [name for name, _ in silent.phases] == ["resolve", "connect"]
    assert silent.seconds > 19


def test_the_certificate_and_its_end():
    at = told(played("wss-expired", "wss://127.0.0.1/"))
    assert at.state.certificate
    assert at.expires is not None
    assert at.state.outcome == "tls-failed"


def test_a_server_decides_over_no_memory():
    one = exchange(OPEN)
    long = b"Sec-WebSocket-Protocol: " + b"x" * 100_000 + b"\r\n\r\n"
    events = tuple(
        replace(event, data=event.data.replace(b"\r\n\r\n", b"\r\n" + long))
        if isinstance(event, Received)
        else event
        for event in one.events
    )
    assert len(told(report(replace(one, events=events))).state.protocol) == LONGEST
