"""Measures the lab's catalogue in real engines, as root or not, on Linux with Debian's packages.

``python -m tests.browsers.measure`` writes tests/browsers/recordings/, requests too: those of a version that is
there are replaced, those of another one are put beside. It prints what changed for scripts since the newest.
With ``--check`` it measures again and reports what is no longer so. What differs from run to run is measured
five times, one socket at a time, and named with its distribution.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, pairwise

import trio

from tests.browsers import measure_requests
from tests.browsers.driver import store
from tests.browsers.driver.case import Case, Script
from tests.browsers.driver.compare import MOST_EVENTS, differences, told
from tests.browsers.driver.engines import ENGINES, named
from tests.browsers.driver.record import Recording, measure
from tests.cases import ALL, THIRD, chosen
from wsprobe.browsers import RUNTIMES
from wsprobe.browsers.engine import Page
from wsprobe.lab import find, load

TIMES = 5
ENDS_EARLY = ("fin-on-accept", "reset-on-accept", "smtp", "ssh", "noise")
"""Listeners that end a connection while it is still being made, or speak before they were asked."""
ELSEWHERE = ("https-page-ws-private-ip",)
"""Scenarios with an address that is not of this machine."""
FOLLOWED = 3
"""So many of the requests after the first are kept whole; of a redirect loop the rest are alike."""
JAR = Script(at_end="document.cookie")
FOR_SCRIPTS = ("exception", "url", "events", "readyState", "value")
"""The part of a recording that script can see; the rest is for the developer and the server."""


@dataclass(slots=True)
class Checked:
    version: str
    recordings: dict[str, Recording]
    races: dict[str, Counter[str]] = field(default_factory=dict)
    """By scenario: how often each result came."""
    changed: dict[str, list[str]] = field(default_factory=dict)
    """By scenario: what is not as recorded, in every one of the five times."""
    failed: dict[str, str] = field(default_factory=dict)


def cases(names=(), engine=""):
    """The cases of the catalogue, or of those scenarios, that *engine* can be measured with."""
    catalogue = load()
    return [_case(name) for name in names or catalogue if name in catalogue and not left_out(engine, name)]


def left_out(engine, scenario):
    """True where *engine* would go beyond this machine: no page keeps a runtime from an address elsewhere. And
    over HTTP/2, which has a page and observations of its own (test_live_http2.py), as has Local Network Access
    (local_network.py)."""
    beyond = engine.partition("@")[0] in RUNTIMES and scenario in ELSEWHERE
    found = find(scenario)
    return beyond or found.http2 is not None or "{ip}" not in found.page.url != Page().url


def shared(engine, known, whole=ALL):
    """The cases that *engine* plays in CI: the *whole* catalogue, or a third, in each browser another, so that
    some browser plays each; one at least of each kind; and each that is no longer as it was when it was
    recorded, or of which *known* has no recording."""
    found = {case.name: case for case in cases(engine=engine)}

    def is_new(case):
        return known.get(case.name, {}).get("of") != digest(case.scenario)

    number = [*ENGINES].index(engine)
    return list(chosen(found, THIRD, number, lambda case: kinds(case.scenario), is_new, whole).values())


def kinds(scenario):
    """What each engine is to meet: the subject, the listener, what the server does and what the page does."""
    does = (("server", step.do) for step in scenario.steps), (("page", act.do) for act in scenario.page.acts)
    return {("about", scenario.about), ("at", scenario.listener), *chain(*does)}


def digest(scenario):
    """What a recording has as its ``of``: another one as soon as *scenario* does anything else."""
    over_http2 = [] if scenario.http2 is None else [scenario.http2.plays]
    does = (scenario.steps, scenario.listener, scenario.url, scenario.page, scenario.versions, *over_http2)
    return store.digest(does)


def _case(name):
    scenario = find(name)
    sets_cookies = any(b"set-cookie" in step.data.lower() for step in scenario.steps)
    return Case(scenario, JAR if sets_cookies else Script())


def kept(recording):
    """What is stored of a recording: of its requests the request lines, and the later ones whole."""
    requests = recording["requests"]
    rest = {name: value for name, value in recording.items() if name != "requests"}
    rest["events"] = [
        {name: value for name, value in event.items() if name != "where"}
        for event in rest["events"][:MOST_EVENTS]
    ]
    if len(recording["events"]) > MOST_EVENTS:
        rest |= {"readyState": None, "console": []}
        rest.pop("capped", None)
    rest["asked"] = [request.partition("\r\n")[0] for request in requests]
    if len(requests) > 1:
        rest["followed"] = requests[1 : 1 + FOLLOWED]
    return rest


async def run(engine, wanted, known, say, *, calm=False):
    """Measure *wanted*, and what is not as *known* says, or not the same twice, five times more."""
    first = await measure(engine, wanted, calm=calm, watch=say)
    checked = Checked(
        first.version, {name: kept(one) for name, one in first.recordings.items()}, failed=first.failed
    )
    compared = known
    if not known:
        second = await measure(engine, wanted, calm=calm, watch=say)
        compared = {name: kept(one) for name, one in second.recordings.items()}
    doubtful = [
        case
        for case in wanted
        if _differs(compared.get(case.name), checked.recordings.get(case.name))
        or (not known and _may_race(case))
    ]
    say(f"{len(doubtful)} to be measured {TIMES} times: {' '.join(case.name for case in doubtful)}")
    seen = {
        case.name: [checked.recordings[case.name]]
        for case in doubtful
        if known and case.name in checked.recordings
    }
    for racing in (True, False):
        some = [case for case in doubtful if _may_race(case) is racing]
        for _ in range(TIMES):
            found = (await measure(engine, some, calm=not racing, watch=say)).recordings if some else {}
            for name, one in found.items():
                seen.setdefault(name, []).append(kept(one))
            # Seen as recorded once, after all, is seen; there is nothing more to find out by checking.
            some = [
                case for case in some if not known or _differs(known.get(case.name), _last(seen, case.name))
            ]
    for name, results in seen.items():
        _judge(checked, name, results, known.get(name))
    return checked


def _may_race(case):
    """Whether results race for all that two runs say: the end comes with, or before, what it ends."""
    steps = [step.do for step in case.scenario.steps]
    return case.scenario.listener in ENDS_EARLY or ("send", "reset") in pairwise(steps)


def _last(seen, name):
    return seen[name][-1] if name in seen else None


def _judge(checked, name, seen, known):
    counts = Counter(_key(one) for one in seen)
    by_key = {_key(one): one for one in seen}
    usual = by_key[counts.most_common(1)[0][0]]
    checked.recordings[name] = usual
    if len(counts) > 1 or (known or {}).get("races"):
        checked.races[name] = counts
        usual["races"] = [{"times": times, **by_key[key]} for key, times in counts.most_common()[1:]]
    if known and not any(_same(known, one) for one in seen):
        checked.changed[name] = differences(_result(known), _result(seen[0]))


def carried(recording, before, may_race):
    """*recording* with the results that raced *before*: what was seen once may come again."""
    raced = before.get("races", [])
    if not before or not (raced or may_race):
        return recording
    usual = {name: value for name, value in before.items() if name not in ("races", "of")}
    results = [{"times": max(1, TIMES - sum(one["times"] for one in raced)), **usual}, *raced]
    known = {_key(one) for one in (recording, *recording.get("races", ()))}
    others = [one for one in results if _key(one) not in known]
    return {**recording, "races": [*recording.get("races", ()), *others]} if others else recording


def _result(recording):
    """What has to be the same every time. Whether a request still got out, or what comes of a socket that the
    page gave up, is a matter of moments."""
    return {**told(recording), **{name: recording[name] for name in ("value", "followed") if name in recording}}


def _key(recording):
    return json.dumps(_result(recording), sort_keys=True)


def _same(known, got):
    """Whether *got* is what is known, or one of the results that are known to race."""
    return _key(got) in {_key(one) for one in (known, *known.get("races", ()))}


def _differs(known, got):
    return known is None or got is None or not _same(known, got)


def changes(known, new):
    """What is not as *known* in the *new* recordings of the same scenarios, as lines: first what changed for
    scripts, then the rest. Of results that race, one that was seen both times is enough for no change."""
    seen = []
    beside = []
    both = [name for name in sorted(new) if name in known]
    for name in both:
        if any(_same(known[name], one) for one in (new[name], *new[name].get("races", ()))):
            continue
        before, after = _result(known[name]), _result(new[name])
        script = [{key: one[key] for key in FOR_SCRIPTS if key in one} for one in (before, after)]
        (seen if script[0] != script[1] else beside).append((name, differences(before, after)))
    found = [f"{len(both)} scenarios measured before too: {len(seen)} changed for scripts"]
    found += [line for name, lines in seen for line in (f"  {name}", *(f"    {line}" for line in lines))]
    found.append(f"{len(beside)} changed on the console or in later requests only")
    found += [line for name, lines in beside for line in (f"  {name}", *(f"    {line}" for line in lines))]
    return found


def races(checked, known):
    """A line for each scenario that did not give the same every time, with how often each result came."""
    found = {
        scenario: [count for _, count in counts.most_common()] for scenario, counts in checked.races.items()
    }
    for scenario, recording in known.items():
        others = [one["times"] for one in recording.get("races", ())]
        if others and scenario not in found:
            found[scenario] = [max(1, TIMES - sum(others)), *others]
    return [
        f"races: {scenario}: {', '.join(str(count) for count in counts)} of {sum(counts)}"
        for scenario, counts in sorted(found.items())
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default=",".join(ENGINES), help="names, separated by commas")
    parser.add_argument("--only", default="", help="names of scenarios, separated by commas")
    parser.add_argument("--check", action="store_true", help="compare with the recordings, write nothing")
    parser.add_argument("--calm", action="store_true", help="one socket at a time from the first")
    options = parser.parse_args()
    status = 0
    for name in named(options.engine):
        if missing := ENGINES[name].missing():
            print(f"{name} is not installed: apt-get install {missing}")
            status = 2
            continue
        only = [word for word in options.only.split(",") if word]
        status = max(status, _engine(name, only, options.check, options.calm))
    return status


def _engine(name, only, check, calm):
    version, known = store.load(name)
    wanted = cases(only, name)
    say = partial(_say, name)
    measuring = partial(run, ENGINES[name], wanted, known if check else {}, say, calm=calm)
    checked = trio.run(measuring)
    print(f"{name} {checked.version}: {len(checked.recordings)} of {len(wanted)} scenarios measured")
    for line in races(checked, known if check else {}):
        print(f"  {line}")
    for scenario, error in checked.failed.items():
        print(f"  failed: {scenario}: {error}")
    if check:
        if version != checked.version:
            print(f"  the recordings are of version {version}")
        for scenario, lines in checked.changed.items():
            print(f"  changed: {scenario}", *lines, sep="\n    ")
        return int(bool(checked.changed or checked.failed))
    _, here = store.load(store.name_of(name.partition("@")[0], checked.version))
    kept_on = {scenario: one for scenario, one in here.items() if only and scenario not in checked.recordings}
    may_race = {case.name for case in wanted if _may_race(case)}
    new = {
        scenario: {
            **carried(one, here.get(scenario, {}), scenario in may_race),
            "of": digest(find(scenario)),
        }
        for scenario, one in checked.recordings.items()
    }
    store.save(name, checked.version, kept_on | new)
    if known:
        print(f"  {version} -> {checked.version}", *changes(known, new), sep="\n  ")
    requests = 0 if only else measure_requests.bring(name)
    if not here:
        print(f"  next: a file of facts of {checked.version}, as wsprobe-browsers(7) says")
    return max(requests, int(bool(checked.failed)))


def _say(engine, text):
    text = f"{engine}: {text}"
    print(f"\r{text[:110]:<110}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
