"""The order of a life: what comes before what, in whichever engine."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import OPEN, URL, frame, recorded
from wsprobe.browsers import BROWSERS, ENGINES, RUNTIMES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.life import Ending, Handshake, Life, lived
from wsprobe.browsers.script import CallTexts, WebSocket
from wsprobe.exchange import Act, Sent
from wsprobe.read import read

TEXTS = CallTexts("", "", "")
CLOSES, LATER = Act("created", "close"), Act("time", "close", after=50)


class Told(Life[str]):
    """An engine that notes what it is asked."""

    def __init__(self, *handshakes, acts=(), blocked=False):
        self.page = Page(acts=acts)
        self.asked = []
        self._handshakes = handshakes
        self._blocked = blocked

    def begin(self, script):
        self.asked.append("begin")

    def blocked(self, script):
        self.asked.append("blocked")
        return Ending("failed", "blocked") if self._blocked else None

    def closed_early(self, script):
        self.asked.append("closed early")
        return Ending("failed", "closed early")

    def handshakes(self):
        yield from self._handshakes

    def answered(self, script, step, acts):
        self.asked.append(f"{step} {[act.after for act in acts]}")
        return Ending("open", step, ("own=1",), "races") if step else None

    def waiting(self, script, acts):
        self.asked.append("waiting")
        return Ending("connecting", "waiting")


def test_what_is_blocked_is_blocked_before_a_close_counts():
    life = Told(acts=(CLOSES,), blocked=True)
    assert lived(life, WebSocket(life.page.acts, TEXTS)) == Ending("failed", "blocked")
    assert life.asked == ["begin", "blocked"]


@pytest.mark.parametrize(("act", "at"), [(CLOSES, 10), (LATER, 50)])
def test_a_close_counts_until_the_answer_is_there(act, at):
    life = Told(Handshake(at, "yes"), acts=(act,))
    assert lived(life, WebSocket(life.page.acts, TEXTS)).because == "closed early"
    assert life.asked == ["begin", "blocked", "closed early"]


def test_an_answer_asked_again_leaves_its_cookies_and_the_time_that_it_took():
    life = Told(Handshake(40, "401", ("a=1",), "again"), Handshake(45, "yes", began=40), acts=(LATER,))
    ending = lived(life, WebSocket(life.page.acts, TEXTS))
    assert ending == Ending("open", "yes", ("a=1", "own=1"), "races")
    assert life.asked == ["begin", "blocked", "yes [10]"]


def test_what_is_not_recorded_follows():
    life = Told(Handshake(40, "401", ("a=1",), "it asks again"))
    assert lived(life, WebSocket((), TEXTS)) == Ending("follows", "it asks again", ("a=1",))


@pytest.mark.parametrize("handshakes", [(), (Handshake(40, ""),)])
def test_without_an_answer_it_waits(handshakes):
    assert lived(Told(*handshakes), WebSocket((), TEXTS)).because == "waiting"


def test_what_is_in_place_of_a_handshake_ends_it():
    life = Told(Handshake(60, "x", instead=Ending("unloaded", "no page")), acts=(LATER,))
    assert lived(life, WebSocket(life.page.acts, TEXTS)) == Ending("unloaded", "no page")


@pytest.mark.parametrize("name", [*BROWSERS, *RUNTIMES])
def test_every_engine_stops_where_the_recording_closes_by_itself(name):
    made = recorded(OPEN, frame(0x81, b"hi"), how="fin", browser=name).exchange
    *events, last = made.events
    ours = Sent(last.at - 1, b"\x88\x82\0\0\0\0\x03\xe8")
    view = ENGINES[name].view(URL, Page(), [read(replace(made, events=(*events, ours, last)))])
    assert view.outcome == "open"
    assert view.because.endswith("; then the recording closes")
