"""Holds the views of Chromium and Firefox against the engines, on scenarios over HTTP/2 of no catalogue.

As ``against`` does over HTTP/1.1: one that differs is measured again, so that a race is told from a wrong rule;
``2/3`` is two of three times. Measured are events and handshakes.
"""

from collections import Counter, defaultdict
from typing import Any
from unittest.mock import patch

from msgspec import to_builtins
from msgspec.structs import replace

from tests.browsers.driver.bench import bench
from tests.browsers.driver.case import Case, Script
from tests.browsers.driver.engines import ENGINES as DRIVEN
from tests.browsers.driver.record import Measurement, Run
from tests.browsers_views.http2_cases import told
from tests.browsers_views.test_http2_lab import visited
from wsprobe.browsers import ENGINES
from wsprobe.lab import server
from wsprobe.lab.measured import LONGEST_DATA, beginning
from wsprobe.lab.ports import PORTS
from wsprobe.lab.scenario import Step

WARM = """
    const at = new URL(jobs[0].url), asked = new XMLHttpRequest();
    asked.open("GET", "https://" + at.host + at.pathname, false); asked.withCredentials = true;
    try { asked.send(); } catch (error) {}
"""
"""Firefox makes a session for its CONNECT; Chromium has to have one first, which is what this does."""

Seen = tuple[list[dict[str, Any]], list[str]]
"""Events, and the protocol of each handshake."""


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
    return ([short(event) for event in told(view)], list(view.handshakes)), view.races or " ".join(view.beyond)


def short(event):
    """*event* with long text cut as the page cuts it."""
    text = event.get("data", "")
    units = len(text.encode("utf-16-le")) // 2
    return {**event, "data": beginning(text), "size": units} if units > LONGEST_DATA else event


def plain(event):
    """An event of a recording as ``told`` writes one of a view."""
    left = ("at", "where", "hex") if "data" in event else ("at", "where", "hex", "size")
    return {key: value for key, value in event.items() if key not in left}


async def hold(engine, scenarios, times):
    """Print where *engine* and our view of it differ."""
    views = {scenario.name: predicted(engine, scenario) for scenario in scenarios}
    often = Counter()
    came = defaultdict(list)
    left, same, places, counted = scenarios, 0, 0, 0
    for turn in range(times):
        seen = await measured(engine, left)
        for name, (events, handshakes) in seen.items():
            (wanted, over), _ = views[name]
            if not turn:
                same += sum(one == other for one, other in zip(events, wanted, strict=False))
                places += max(len(events), len(wanted))
                counted += 1
            if (events, handshakes) != (wanted, over):
                often[name] += 1
                came[name].append((events, handshakes))
        for scenario in left:
            if scenario.name not in seen:
                print(f"{engine}: {scenario.name}: not measured; {views[scenario.name][1] or 'unexplained'}")
        left = [scenario for scenario in scenarios if often[scenario.name]]
    for scenario in left:
        name = scenario.name
        print(f"{engine}: {name}: {often[name]}/{times}, {scenario.listener}, {_play(scenario)}")
        print(f"    view {views[name]}", *(f"    came {each}" for each in came[name]), sep="\n")
    share = f"{100 * same / max(places, 1):.1f} % of {places} events"
    print(f"{engine}: {counted - len(left)} of {counted} agree, {share}", flush=True)


def _play(scenario):
    """What *scenario* answers first, in short."""
    return "; ".join(map(_step, scenario.http2.plays[0]))


def _step(step):
    usual = to_builtins(Step(step.do), builtin_types=(bytes,))
    more = {
        name: value for name, value in to_builtins(step, builtin_types=(bytes,)).items() if value != usual[name]
    }
    return f"{step.do} {more}" if more else step.do


async def hold_all(names, scenarios, times):
    for name in names:
        await hold(name, scenarios, times)
