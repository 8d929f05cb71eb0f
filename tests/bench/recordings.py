"""Saved recordings to read again: one for the engines by themselves, a thousand for all of them together."""

import time
from base64 import b64encode
from functools import partial
from itertools import cycle, islice

from measure import side_by_side, taken
from msgspec.structs import replace

from tests.exchanges import plan
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Received
from wsprobe.lab import find, load
from wsprobe.lab.play import play
from wsprobe.lab.ports import PORTS, place
from wsprobe.read import read
from wsprobe.recording import archive
from wsprobe.request.opening import Offer

KEY = "d3Nwcm9iZSByZWNvcmRpbmc="
COUNT = 1000
LARGEST = 64 * 1024
"""Bytes received: larger scenarios are about limits, not about answers that servers give."""
MAKING = 3.0
"""Seconds at most; scenarios that are left over by then are not among the recordings."""
ROUNDS = 6
LOOPS = 20
LOADING = "from the saved line to a reading"


def recorded(scenario):
    """The recording of *scenario*, without a socket. Raises ValueError where its URL is one for pages only."""
    return play(scenario, plan(place(scenario, PORTS, "127.0.0.1").address), ports=PORTS)


def save(file):
    """Write COUNT recordings to *file*, one a line, from as many scenarios as there is time for; returns how
    many scenarios and recordings that were."""
    lines = []
    end = time.perf_counter() + MAKING
    for scenario in load().values():
        if time.perf_counter() > end:
            break
        try:
            exchange = recorded(scenario)
        except ValueError:
            continue
        if sum(len(event.data) for event in exchange.events if isinstance(event, Received)) <= LARGEST:
            lines.append(archive.dump(exchange))
    file.write_text("".join(f"{line}\n" for line in islice(cycle(lines), COUNT)))
    return len(lines), COUNT


def save_refusals(file):
    """Write COUNT recordings of a 403 to *file*, one a line, each of another URL, with another key and id."""
    scenario = find("status-403")
    with file.open("w") as lines:
        for number in range(COUNT):
            key = b64encode(b"%016d" % number).decode("ascii")
            url = f"ws://host{number}.example:9100/ws/{number}?room={number}"
            exchange = play(scenario, plan(url, Offer(key)), ports=PORTS)
            events = tuple(
                replace(event, data=event.data.replace(b"\r\n\r\n", b"\r\nX-Id: %d\r\n\r\n" % number, 1))
                if isinstance(event, Received)
                else event
                for event in exchange.events
            )
            lines.write(archive.dump(replace(exchange, events=events)) + "\n")


def predictions():
    """For each engine: what script sees of one saved recording that has been read; and, first, reading it, to
    which the ratios are."""
    line = archive.dump(recorded(find("status-403")))
    page = Page()
    saved = read(archive.load(line))
    url = saved.exchange.plan.target.url

    works = {LOADING: lambda: read(archive.load(line))}
    for name, engine in ENGINES.items():
        works[name] = partial(engine.view, url, page, [saved])
    timed = {name: partial(taken, work, LOOPS) for name, work in works.items()}
    return side_by_side(timed, against=LOADING, rounds=ROUNDS)
