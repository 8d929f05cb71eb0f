"""Reports of lab scenarios, played without sockets: what a probe of a server that changes would tell."""

from __future__ import annotations

from msgspec.structs import replace

from wsprobe import opening, target
from wsprobe.exchange import Exchange, Limits, Plan
from wsprobe.lab import find
from wsprobe.lab.play import KEY, play
from wsprobe.opening import Offer
from wsprobe.report import Report, report

OPEN = "echo-any-version"
"""A scenario that opens, and then is silent."""
STARTED = "2026-11-26T12:00:00.000Z"


def exchange(name: str, url: str = "ws://127.0.0.1/", linger: float = 0.3, started: str = STARTED) -> Exchange:
    """The recording of *url*, behind which the scenario *name* is."""
    to = target.parse(url)
    plan = Plan(to, opening.request(to, Offer(key=KEY)), limits=Limits(linger=linger))
    return replace(play(find(name), plan), started=started)


def played(name: str, url: str = "ws://127.0.0.1/", linger: float = 0.3, started: str = STARTED) -> Report:
    return report(exchange(name, url, linger, started))
