"""Holds our views against real engines on scenarios that are not in the catalogue (yet).

``python -m tests.browsers.against FILE`` plays FILE, written as a file of the lab's catalogue, to each engine
and prints in what our view of a scenario is not what came. One that differs is measured again, so that a race
is told from a wrong rule: ``2/3`` is two of three times. The figure of events counts those at the same place in
both, over all places. ``--show`` prints what came, and asks no view.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import trio

from tests.browsers.driver.case import Case, Script
from tests.browsers.driver.engines import ENGINES, named
from tests.browsers.driver.record import measure
from tests.browsers.measure import kept
from tests.browsers.views import held, predicted
from wsprobe.lab import parse


class Over(NamedTuple):
    """How scenarios are measured and predicted: over HTTP/1.1, or HTTP/2 (``against_http2``)."""

    measured: Callable
    """Of an engine and its scenarios: what came, by scenario, and by the others why it did not."""
    faults: Callable
    """Of an engine, a scenario and what came: in what our view is not that."""
    events: Callable
    """Of the same: the events that came, and those of our view."""


async def measured(name, scenarios):
    came = await measure(ENGINES[name], map(Case, scenarios.values()))
    return {scenario: kept(recording) for scenario, recording in came.recordings.items()}, came.failed


def events(name, scenario, recording):
    return recording["events"], predicted(name, scenario, recording)["events"]


HTTP1 = Over(measured, held, events)


async def hold(name, scenarios, times, over=HTTP1):
    """Print where engine *name* and our view of it differ."""
    often, seen, left = Counter(), {}, scenarios
    same = places = counted = 0
    for turn in range(times):
        recordings, failed = await over.measured(name, left)
        for scenario, error in failed.items():
            print(f"{name}: {scenario}: not measured: {error}")
        for scenario, recording in recordings.items():
            if not turn:
                came, view = over.events(name, scenarios[scenario], recording)
                same += sum(one == other for one, other in zip(came, view, strict=False))
                places += max(len(came), len(view))
                counted += 1
            if lines := over.faults(name, scenarios[scenario], recording):
                often[scenario] += 1
                seen[scenario] = [*dict.fromkeys((*seen.get(scenario, ()), *lines))]
        left = {scenario: scenarios[scenario] for scenario in seen}
        if not left:
            break
    for scenario, lines in sorted(seen.items()):
        print(f"{name}: {scenario}: {often[scenario]}/{times}", *lines, sep="\n    ")
    share = f"{100 * same / max(places, 1):.1f} % of {places} events"
    print(f"{name}: {counted - len(seen)} of {counted} agree, {share}", flush=True)


async def show(name, scenarios, times, value):
    """Print what engine *name* does. *value*: an expression of script, which is worked out at the end."""
    for _ in range(times):
        cases = [Case(scenario, Script(at_end=value)) for scenario in scenarios.values()]
        came = await measure(ENGINES[name], cases)
        for scenario, recording in sorted(came.recordings.items()):
            print(f"{name} {came.version}: {scenario}", *shown(recording), sep="\n  ")
        for scenario, error in came.failed.items():
            print(f"{name}: {scenario}: not measured: {error}")
        for text in came.stray:
            print(f"{name}: on the console, whose is not known: {text}")


def shown(recording):
    """What script and console were told, and the requests."""
    if recording["exception"]:
        yield f"throws   {recording['exception']}"
    yield from _told(recording)
    if "capped" in recording:
        yield f"--- nothing more for 6 s (readyState {recording['readyState']}); the page calls close()"
        yield from _told(recording["capped"])
    if "value" in recording:
        yield f"value    {recording['value']!r}"
    yield from (f"request  {request!r}" for request in recording["requests"])


def _told(recording):
    for event in recording["events"]:
        rest = {name: value for name, value in event.items() if name not in ("type", "rs")}
        yield f"{event['type']:<8} rs={event.get('rs')} {json.dumps(rest, ensure_ascii=False)}"
    yield from (f"console  {text}" for text in recording["console"])


async def each(work, names, *arguments):
    """Do *work* with one engine after the other."""
    for name in names:
        await work(name, *arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="scenarios, in TOML; - for standard input")
    parser.add_argument("--engine", default=",".join(ENGINES), help="names, separated by commas")
    parser.add_argument("--only", default="", help="names of scenarios, separated by commas")
    parser.add_argument(
        "--times", type=int, help="how often one that differs is measured (3); with --show, all (1)"
    )
    parser.add_argument("--show", action="store_true", help="print what came")
    parser.add_argument(
        "--value", default="", help="with --show: an expression of script to work out at the end"
    )
    options = parser.parse_args()
    text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text("utf-8")
    only = options.only.split(",") if options.only else None
    scenarios = {name: one for name, one in parse(text, options.file).items() if only is None or name in only}
    names = named(options.engine)
    for name in names:
        if missing := ENGINES[name].missing():
            sys.exit(f"{name} is not installed: {missing}")
    if options.show:
        trio.run(each, show, names, scenarios, options.times or 1, options.value)
    else:
        trio.run(each, hold, names, scenarios, options.times or 3)


if __name__ == "__main__":
    main()
