"""Chromium and Firefox themselves, on the lab's scenarios of HTTP/2: run with ``-n 0 -m engines``.

The page comes over plain HTTP. Firefox asks over HTTP/2 all the same; Chromium has to have a session first, and
gets it from a request with credentials, which the page makes before it opens its socket.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
import trio

from tests.browsers.driver.bench import bench
from tests.browsers.driver.case import Case, Script
from tests.browsers.driver.engines import ENGINES as DRIVEN
from tests.browsers.driver.record import Measurement, Run
from tests.browsers_views.http2_cases import told
from tests.browsers_views.test_http2_lab import OF_ONE_SOCKET, SCENARIOS, visited
from tests.browsers_views.test_http2_measured import RACES
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.lab.ports import PORTS
from wsprobe.lab.server import Visit

pytestmark = pytest.mark.engines

WARM = """
    const at = new URL(jobs[0].url), asked = new XMLHttpRequest();
    asked.open("GET", "https://" + at.host + at.pathname, false); asked.withCredentials = true;
    try { asked.send(); } catch (error) {}
"""
LEFT_OUT = {
    "value-2": "without a page of its own the target's session is another matter",
    "on-then-zero": "the same",
    "late-before-page": "cold, the first SETTINGS decide",
    "never-answers": "the page closes it",
    "never-answers-long": "takes 26 s",
    "status-403-no-end-long": "takes 26 s",
    "client-close-unanswered-long": "takes 28 s",
}
TOLD_LATE = {("firefox", "103-only"), ("firefox", "status-403-no-end")}
"""Ending after 20 s, when the page has closed the socket."""
NAMES = [name for name in OF_ONE_SOCKET if name not in LEFT_OUT]


def case(engine: str, name: str) -> Case:
    scenario = SCENARIOS[name]
    return Case(scenario, Script(before=WARM) if engine == "chromium" else Script())


async def measured(engine: str, names: list[str]) -> tuple[Measurement, dict[str, list[str]]]:
    """What the engine's page wrote down, and the protocols of its handshakes, by scenario."""
    handshakes: dict[str, list[str]] = defaultdict(list)

    def watch(visit: Visit) -> None:
        if b":method: CONNECT" in visit.request:
            handshakes[visit.scenario].append("2")
        elif b"pgrade: websocket" in visit.request:
            handshakes[visit.scenario].append("1.1")

    cases = [case(engine, name) for name in names]
    result = Measurement()
    async with bench(cases) as place:
        place.watch = watch
        run = Run(DRIVEN[engine], place, result, lambda text: None)
        await run.all([[one] for one in cases], False)
    return result, handshakes


@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_the_views_are_what_the_engine_does(engine: str) -> None:
    if missing := DRIVEN[engine].missing():
        pytest.skip(f"{engine} is not installed: apt-get install {missing}")
    names = [name for name in NAMES if (engine, name) not in RACES | TOLD_LATE]
    result, handshakes = trio.run(measured, engine, names)
    different: dict[str, Any] = {}
    for name in names:
        seen = result.recordings.get(f"h2-{name}")
        port = PORTS[SCENARIOS[name].listener]
        page = Page(url=f"https://127.0.0.1:{port}/", http="2") if engine == "chromium" else Page()
        view, _ = visited(ENGINES[engine], SCENARIOS[name], page)
        wanted = ([event for event in told(view)], list(view.handshakes))
        got = None if seen is None else ([_plain(e) for e in seen["events"]], handshakes[f"h2-{name}"])
        if got != wanted:
            different[name] = (got, wanted)
    assert different == {}


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in ("at", "where", "hex")}
