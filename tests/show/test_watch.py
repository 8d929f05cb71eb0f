"""A watch as text, and as the table of a terminal."""

import io
import re

import pytest
from msgspec.structs import replace

from tests.watch.played import OPEN, exchange, played
from wsprobe.exchange import Received
from wsprobe.report.report import report
from wsprobe.report.state import seen
from wsprobe.show import watch as show
from wsprobe.show.causes import Fact, Tally
from wsprobe.show.lines import Look, plain, text_of
from wsprobe.show.table import Screen
from wsprobe.watch.summary import Watch, after

TERMINAL = Look(width=100, terminal=True)


def watched(*reports, title="ws://a/", holds=False):
    watch = Watch(title)
    for number, each in enumerate(reports):
        told = seen(each, number * 30.0, up=each.outcome == "open", met=False, holds=holds)
        watch = after(watch, told)
    return watch


def test_bytes_of_a_server_never_reach_a_terminal():
    one = exchange(OPEN)
    hostile = b"\r\nSec-WebSocket-Protocol: \x1b]0;owned\x07\r\n\r\n"
    events = tuple(
        replace(event, data=event.data.replace(b"\r\n\r\n", hostile)) if isinstance(event, Received) else event
        for event in one.events
    )
    watch = watched(played("status-403"), report(replace(one, events=events)), title="ws://a/\x1b[2J")
    line = text_of(show.change(watch, TERMINAL))
    assert "\x1b" not in line
    assert r"\x1b]0;owned\x07" in line
    assert "\x1b" not in plain(show.summary(watch, 60.0, TERMINAL))
    drawn = io.StringIO()
    Screen(drawn, TERMINAL).show([watch], 60.0)
    assert "\x1b]0;" not in drawn.getvalue()
    assert "\x1b[2J" not in drawn.getvalue()


def listed(kinds):
    """The last line of a summary of so many kinds."""
    tally = Tally()
    for number in range(kinds):
        tally.add(Fact("refused", 400 + number))
    return plain(tally.lines()).splitlines()[1]


def table(watches, lines, monkeypatch, width=120):
    monkeypatch.setenv("LINES", str(lines))
    monkeypatch.setenv("COLUMNS", str(width))
    drawn = io.StringIO()
    screen = Screen(drawn, Look(width=width, terminal=True))
    screen.start()
    screen.show(watches, 60.0)
    screen.stop()
    return drawn.getvalue()


def test_where_there_is_no_room_those_that_are_down_are_shown(monkeypatch):
    good, bad = played(OPEN), played("status-403")
    watches = [watched(good, title=f"ws://good-{number}/") for number in range(50)]
    watches.append(watched(bad, title="ws://bad/"))
    text = table(watches, 24, monkeypatch)
    assert "ws://bad/" in text
    assert "... 43 more (all in a pipe, or with --json)" in text
    assert "more" not in table(watches, 200, monkeypatch)


def test_a_url_is_no_markup(monkeypatch):
    assert "ws://a/[red]:smile:" in table([watched(played(OPEN), title="ws://a/[red]:smile:")], 40, monkeypatch)


LONG = "wss://chat.example/v2/rooms/0123456789/members/0123456789/live/events?since=0123456789&until=9"


@pytest.mark.parametrize("width", [30, 44, 60, 79, 80, 100, 200])
def test_a_url_is_cut_in_its_middle(width, monkeypatch):
    lines = table([watched(played("status-403"), title=LONG)], 40, monkeypatch, width).splitlines()
    lines = [re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", line) for line in lines]
    assert all(len(line) <= width for line in lines)
    urls = [line for line in lines if "wss:" in line]
    assert all("until=9" in line for line in urls)
    assert len({url.strip() for url in urls}) == (1 if width < 100 else 2)  # the table is drawn twice
    assert any("refused 403" in line for line in lines)
