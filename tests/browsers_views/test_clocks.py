"""After the end of the recording the engine's own timers run on, as if the server did nothing more."""

import pytest

from tests.browsers_views.recordings import OPEN, frame, recorded, seen
from wsprobe.browsers import ENGINES, NAMES
from wsprobe.browsers.engine import Page, until_end
from wsprobe.exchange import Act, Ended, Exchange, Sent
from wsprobe.read import read

CLOSES = Page(acts=(Act("open", "close", b"", 1000),))
SECONDS = {"chromium": 60, "firefox": 20, "webkitgtk": 5, "ws": 30, "bun": 36}
"""For the server's Close (browsers.md has the measurements); the others wait without a limit."""
BAD = frame(0x83, b"")
"""An opcode that is not known."""


def story(view):
    return [str(event.code) if event.type == "close" else event.type for event in view.events]


@pytest.mark.parametrize("name", [*NAMES, "undici@6.29"])
def test_a_close_that_nobody_answers(name):
    view = seen(OPEN, how="local", page=CLOSES, browser=name)
    assert (f"within {SECONDS[name]} s" if name in SECONDS else "no limit") in view.assumes.words
    assert story(view) == {
        "firefox": ["open", "error", "1006"],
        **{key: ["open", "1006"] for key in SECONDS.keys() - {"firefox"}},
    }.get(name, ["open"])
    assert view.ready_state == (3 if name in SECONDS else 2)
    then = until_end(view)
    assert (story(then), then.ready_state, then.console) == (["open"], 2, ())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_assumed_of_a_session_that_goes_on(name):
    view = seen(OPEN, how="local", browser=name)
    assert (view.assumes, view.ready_state) == (None, 1)


@pytest.mark.parametrize("version", ["6.29", "7.30", "8.13"])
def test_undici_closes_when_the_server_ends_the_connection(version):
    """Measured: 40 s behind the server's Close readyState is still 2 (6.29.1, 7.30.2; Node 22, 24 and 26)."""
    view = seen(OPEN, frame(0x88, b"\x03\xe8"), how="local", browser=f"undici@{version}")
    assert "until then readyState is 2" in view.assumes.words
    assert (story(view), view.events[-1].was_clean) == (["open", "1000"], True)


def test_ws_closes_by_its_timer_after_an_error_though_wsprobe_closes_first():
    """wsprobe answers the bad frame with a Close of its own, and ends the recording."""
    of = recorded(OPEN, BAD, how="local", browser="ws").exchange
    *before, last = of.events
    events = (*before, Sent(last.at, b"\x88\x80\0\0\0\0"), Ended(last.at + 1, "local"))
    exchange = Exchange(of.plan, events)
    view = ENGINES["ws"].view(of.plan.target.url, Page(), [read(exchange)])
    assert (story(view), view.ready_state) == (["open", "error", "1006"], 3)
