"""Holds the views of Chromium and Firefox against the engines, on scenarios over HTTP/2 of no catalogue.

As ``against`` does over HTTP/1.1. Measured are events and handshakes.
"""

from collections import defaultdict
from unittest.mock import patch

from msgspec import to_builtins
from msgspec.structs import replace

from tests.browsers.against import Over
from tests.browsers.driver.bench import bench
from tests.browsers.driver.case import Case, Script
from tests.browsers.driver.engines import ENGINES as DRIVEN
from tests.browsers.driver.record import Measurement, Run
from tests.browsers_views.http2_cases import told
from tests.browsers_views.test_http2_lab import visited
from wsprobe.browsers import ENGINES
from wsprobe.lab import server
from wsprobe.lab.ports import PORTS
from wsprobe.lab.scenario import Step

WARM = """
    const at = new URL(jobs[0].url), asked = new XMLHttpRequest();
    asked.open("GET", "https://" + at.host + at.pathname, false); asked.withCredentials = true;
    try { asked.send(); } catch (error) {}
"""
"""Firefox makes a session for its CONNECT; Chromium has to have one first, which is what this does."""


async def measured(engine, scenarios):
    """What the page wrote down and the server saw, by scenario; those that stalled left out."""
    script = Script(before=WARM) if engine == "chromium" else Script()
    cases = {scenario.name: Case(scenario, script) for scenario in scenarios}
    handshakes = defaultdict(list)
    at = server.scenario_at

    def watch(visit):
        if b":method: CONNECT" in visit.request:
            handshakes[visit.scenario].append("2")
        elif b"pgrade: websocket" in visit.request:
            handshakes[visit.scenario].append("1.1")

    def found(path):
        case = cases.get(path.removeprefix("/s/"))
        return case.scenario if case is not None else at(path)

    result = Measurement()
    with patch.object(server, "scenario_at", found):
        async with bench(cases.values()) as place:
            place.watch = watch
            run = Run(DRIVEN[engine], place, result, lambda text: None)
            await run.all([[case] for case in cases.values()], False)
    return {
        name: ([plain(event) for event in recording["events"]], handshakes[name])
        for name, recording in result.recordings.items()
    }


def predicted(engine, scenario):
    """The same from our view; and the other result, or the standstill, that it names, "" if there is none."""
    page = scenario.page
    if engine == "chromium":
        page = replace(page, url=f"https://127.0.0.1:{PORTS[scenario.listener]}/", http="2")
    view, _ = visited(ENGINES[engine], scenario, page)
    return (told(view), list(view.handshakes)), view.races or " ".join(view.beyond)


def plain(event):
    """An event of a recording as one of a view is written."""
    left = ("at", "where", "hex") if "data" in event else ("at", "where", "hex", "size")
    return {key: value for key, value in event.items() if key not in left}


def faults(engine, scenario, came):
    """In what our view is not what *came*."""
    view, over = predicted(engine, scenario)
    if came == view:
        return []
    play = "; ".join(map(_step, scenario.http2.plays[0]))
    return [f"{scenario.listener}, {play}", f"view {view} {over}", f"came {came}"]


def events(engine, scenario, came):
    (seen, _), _ = predicted(engine, scenario)
    return came[0], seen


async def _measured(engine, scenarios):
    came = await measured(engine, scenarios.values())
    stalled = {name: "it stalled" for name in scenarios if name not in came}
    return came, stalled


HTTP2 = Over(_measured, faults, events)


def _step(step):
    usual = to_builtins(Step(step.do), builtin_types=(bytes,))
    more = {
        name: value for name, value in to_builtins(step, builtin_types=(bytes,)).items() if value != usual[name]
    }
    return f"{step.do} {more}" if more else step.do
