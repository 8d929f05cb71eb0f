"""Holds our views against real engines on scenarios that are not in the catalogue (yet).

``python -m tests.browsers.against FILE`` plays FILE, written as a file of the lab's catalogue, to each engine
and prints in what our view of a scenario is not what came. One that differs is measured again, so that a race
is told from a wrong rule: ``2/3`` is two of three times. The figure of events counts those at the same place in
both, over all places.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import trio

from tests.browsers.driver.case import Case
from tests.browsers.driver.engines import ENGINES, named
from tests.browsers.driver.record import measure
from tests.browsers.measure import kept
from tests.browsers.views import held, predicted
from wsprobe.lab import parse

Faults = Mapping[str, list[str]]


def faults(name, measured, scenarios):
    """Scenario -> in what our view of it is not what was measured; those that agree left out."""
    found = {
        scenario: held(name, scenarios[scenario], kept(recording))
        for scenario, recording in measured.recordings.items()
    }
    return {scenario: lines for scenario, lines in found.items() if lines}


def events(name, measured, scenarios):
    """How many events our views of *scenarios* share with what was measured, of how many."""
    same = places = 0
    for scenario, recording in measured.recordings.items():
        seen = predicted(name, scenarios[scenario], kept(recording))["events"]
        came = kept(recording)["events"]
        same += sum(one == other for one, other in zip(came, seen, strict=False))
        places += max(len(came), len(seen))
    return same, places


async def hold(name, scenarios, times):
    """Print where engine *name* and our view of it differ."""
    often = Counter()
    seen = {}
    wanted = list(scenarios)
    same = places = 0
    for turn in range(times):
        measured = await measure(ENGINES[name], [Case(scenarios[scenario]) for scenario in wanted])
        for scenario, error in measured.failed.items():
            print(f"{name}: {scenario}: not measured: {error}")
        if not turn:
            same, places = events(name, measured, scenarios)
        differ = faults(name, measured, scenarios)
        often.update(differ.keys())
        seen |= differ
        wanted = list(seen)
        if not wanted:
            break
    for scenario, lines in sorted(seen.items()):
        print(f"{name}: {scenario}: {often[scenario]}/{times}", *lines, sep="\n    ")
    share = f"{100 * same / max(places, 1):.1f} % of {places} events"
    print(f"{name}: {len(scenarios) - len(seen)} of {len(scenarios)} agree, {share}", flush=True)


async def hold_all(names, scenarios, times):
    for name in names:
        await hold(name, scenarios, times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="scenarios, in TOML")
    parser.add_argument("--engine", default=",".join(ENGINES), help="names, separated by commas")
    parser.add_argument("--times", type=int, default=3, help="how often one that differs is measured")
    options = parser.parse_args()
    scenarios = parse(options.file.read_text("utf-8"), options.file.name)
    names = named(options.engine)
    for name in names:
        if missing := ENGINES[name].missing():
            sys.exit(f"{name} is not installed: {missing}")
    trio.run(hold_all, names, scenarios, options.times)


if __name__ == "__main__":
    main()
