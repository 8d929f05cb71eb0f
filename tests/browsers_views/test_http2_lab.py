"""Each engine asks the lab over HTTP/2, with wsprobe's own client: the same views as in the browsers."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.browsers_views.http2_cases import load, observed, told
from tests.cases import every
from wsprobe.browsers import ENGINES, RUNTIMES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.script import on_wire
from wsprobe.exchange import Limits, Plan, TlsOptions
from wsprobe.lab import load as catalogue
from wsprobe.lab.play import play
from wsprobe.lab.ports import PORTS
from wsprobe.lab.steps import Pieces, http2_play
from wsprobe.read import handshakes, read

KEY = "d3Nwcm9iZSByZWhlYXJzZQ=="
NO_PIECES = Pieces({}, {})
LIMITS = Limits(max_time=25.0, linger=5.0)
MEASURED = load()
MEASURED_MORE = Path(__file__).parent / "measured" / "http2-more.jsonl"
SCENARIOS = {s.name.removeprefix("h2-"): s for s in catalogue().values() if s.http2 is not None}


def visited(engine, scenario, page):
    url = f"wss://127.0.0.1:{PORTS[scenario.listener]}/s/{scenario.name}"
    made = engine.construct(url, page)
    assert made.target is not None
    readings = []
    then = engine.first(made, page, KEY)
    while then is not None:
        acts = on_wire(page.acts, engine.texts)
        tls = TlsOptions(alpn=then.alpn)
        plan = Plan(then.target, then.request, acts=acts, limits=LIMITS, tls=tls, http2=then.http2)
        readings += handshakes(read(play(scenario, plan, attempt=sum(r.http2 is not None for r in readings))))
        assert len(readings) < 6
        then = engine.follow(readings, page, KEY)
    return engine.view(url, page, readings), readings


OF_ONE_SOCKET = [
    name
    for name, line in MEASURED.items()
    if name in SCENARIOS and not {"target", "page_sockets", "userinfo", "post", "pre", "cap"} & set(line)
]
NOT_AS_MEASURED = {"never-answers": "the page measured closes by itself"}


@every((engine, name) for name in OF_ONE_SOCKET for engine in MEASURED[name]["observed"])
def test_the_view_of_the_lab_is_what_was_measured(measured):
    engine, name = measured
    if name in NOT_AS_MEASURED:
        return
    scenario = SCENARIOS[name]
    page = Page(url=f"https://127.0.0.1:{PORTS[scenario.listener]}/", http="2")
    view, _ = visited(ENGINES[engine], scenario, page)
    events, handshakes, _ = observed(MEASURED[name], engine)
    assert [told(view)] == events
    assert list(view.handshakes) == handshakes


@pytest.mark.parametrize("engine", [*ENGINES])
@every(name for name in SCENARIOS if "flood" not in name)
def test_every_engine_comes_through_every_scenario(name, engine):
    view, _ = visited(ENGINES[engine], SCENARIOS[name], Page(http="1.1"))
    assert view.outcome in ("open", "failed", "closed", "connecting")
    if engine in ("webkitgtk", "chromium", "whatwg", "w3c-cr-2012"):
        assert set(view.handshakes) <= {"1.1"}


OVER_HTTP1_ONLY = {"webkitgtk", *RUNTIMES}


@pytest.mark.parametrize("engine", [*ENGINES])
def test_a_recording_over_http2_is_read_by_every_engine_as_it_is(engine):
    """What Firefox asked, read as each of the others: what they would do by themselves is said."""
    _, readings = visited(ENGINES["firefox"], SCENARIOS["status-403"], Page())
    view = ENGINES[engine].view(readings[0].exchange.plan.target.url, Page(), readings)
    assert view.outcome == ("follows" if engine in OVER_HTTP1_ONLY else "failed")
    assert bool(view.otherwise) == (engine in ("chromium", "whatwg", "w3c-cr-2012"))


def test_a_recording_over_http1_says_that_firefox_would_ask_over_http2():
    _, readings = visited(ENGINES["webkitgtk"], SCENARIOS["on"], Page())
    view = ENGINES["firefox"].view(readings[0].exchange.plan.target.url, Page(), readings)
    assert view.handshakes == ("1.1",)
    assert "HTTP/2" in view.otherwise


MORE = {line["name"]: line for line in map(json.loads, MEASURED_MORE.read_text("utf-8").splitlines())}
"""Tried in real browsers on the lab itself: the rarer statuses, fields, frames and ends."""


@every((engine, name) for name, line in MORE.items() for engine in line["observed"])
def test_the_view_is_what_was_tried(tried):
    engine, name = tried
    seen = MORE[name]["observed"][engine]
    scenario = replace(
        SCENARIOS["on"],
        name=f"h2-x-{name}",
        listener=MORE[name].get("listener", "h2"),
        http2=http2_play(MORE[name], NO_PIECES),
    )
    at = f"127.0.0.1:{PORTS[scenario.listener]}"
    page = Page(url=f"https://{at}/", http="2") if engine.startswith("chromium") else Page()
    view, _ = visited(ENGINES[engine], scenario, page)
    assert told(view) == seen["events"]
    assert list(view.handshakes) == seen["handshakes"]
    assert [line.replace(at, "H") for line in view.console] == seen["console"]


@pytest.mark.parametrize(("increment", "clean"), [("7fff0000", True), ("7fff0001", False)])
def test_what_was_sent_makes_room_in_the_window(increment, clean):
    """HAProxy widens the connection to the utmost behind our Close: no fault, as tried in Chromium 156.

    65535 at first, less the eight bytes of our Close, and eight that the lab gives back for them.
    """
    steps = [
        {"headers": [[":status", "200"]]},
        {"wait": 0.05},
        {"hex": "880203e8"},
        {"read-close": 3},
        {"frame": 8, "payload": increment},
        "end-stream",
    ]
    scenario = replace(SCENARIOS["on"], name="h2-x-window", http2=http2_play({"plays": [steps]}, NO_PIECES))
    page = Page(url=f"https://127.0.0.1:{PORTS[scenario.listener]}/", http="2")
    view, _ = visited(ENGINES["chromium"], scenario, page)
    assert view.events[-1].was_clean is clean
