"""Our own views of every scenario that was measured, written as the recordings write them."""

import re
from functools import cache
from unittest.mock import patch

from msgspec.structs import replace

from tests.browsers.driver import store
from tests.browsers.driver.case import Case
from tests.browsers.driver.compare import MOST_EVENTS, agree, of_view
from wsprobe.browsers import ENGINES, inflate
from wsprobe.exchange import Limits
from wsprobe.lab import load
from wsprobe.lab.play import rehearse
from wsprobe.lab.ports import PORTS

HOST = "127.0.10.1"
MESSAGES = 64 * 1024
"""Bytes in which there are more messages than a recording keeps."""
ALL = 1 << 40
"""Bytes within which nothing is left out, however small its pieces: those are counted in proportion."""
HEADS = 512 * 1024
"""Bytes that are more than the head that any engine reads."""
UNFOLDED = 256 * 1024 * 1024
"""Bytes that a message is followed to here, beyond any engine's own limit: the usual bound is ours."""
FLOOD = 10_000
"""Times that a step is repeated."""


@cache
def engines():
    """ENGINE@VERSION -> the engine, of all that is recorded. One without a file of facts is an error."""
    return {name: ENGINES[name] for name in store.names()}


@cache
def recordings(name):
    return store.load(name)[1]


@cache
def catalogue():
    """Every scenario by its name."""
    return load()


def scenarios(name):
    """The scenarios of the catalogue that engine *name* was measured with."""
    return {scenario: found for scenario, found in catalogue().items() if scenario in recordings(name)}


def is_flood(scenario):
    """Whether it takes half a second to follow *scenario*, in any engine."""
    return any(step.repeat >= FLOOD for step in scenario.steps)


def view(name, scenario, limits):
    """What our engine *name* says of *scenario*, recorded within *limits*."""
    with patch.object(inflate, "INFLATED_MAX", UNFOLDED):
        seen = rehearse(ENGINES[name], scenario, catalogue(), host=HOST, limits=limits)
    return store.mapped(of_view(seen), _named)


@cache
def faults(name, scenario):
    """In what our view is not what was recorded."""
    return held(name, scenario, recordings(name)[scenario.name])


def held(name, scenario, recording):
    """In what our view is not *recording*. Where the engine races, one of its results will do."""
    return _nearest(name, scenario, recording)[1]


def predicted(name, scenario, recording):
    """Our view, within the limits that bring it nearest to *recording*."""
    return _nearest(name, scenario, recording)[0]


def _nearest(name, scenario, recording):
    seen = {}
    found = []
    for limits in _limits(scenario, recording):
        seen = view(name, scenario, limits)
        found = min((agree(one, seen) for one in (recording, *recording.get("races", ()))), key=len)
        if not found:
            break
    return seen, found


def _limits(scenario, recording):
    """Until the page would have given up; of much that is sent, first what matters, then all of it."""
    cap = Case(scenario).cap
    usual = Limits(connect_timeout=cap, max_time=cap, linger=2 * cap)
    if len(recording["events"]) == MOST_EVENTS:
        yield replace(usual, max_session=MESSAGES)
        return
    sent = sum(len(step.data) * step.repeat for step in scenario.steps)
    most = max(usual.max_head, usual.max_body, usual.max_session)
    for size in (HEADS, ALL) if sent > HEADS else (most,):
        yield replace(usual, max_head=size, max_body=size, max_session=size)


_NAMES = {str(port): name for name, port in PORTS.items()}
_PORT = re.compile(f":({'|'.join(_NAMES)})")


def _named(text):
    """Names in place of our addresses and ports, as in the recordings."""
    return _PORT.sub(lambda found: f":{{{_NAMES[found[1]]}}}", text.replace(HOST, "{ip}"))
