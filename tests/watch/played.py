"""Reports of lab scenarios, played without sockets: what a probe of a server that changes would tell."""

from msgspec.structs import replace

from tests.exchanges import plan
from wsprobe.exchange import Limits, Received
from wsprobe.lab import find
from wsprobe.lab.play import play
from wsprobe.report.report import report

OPEN = "echo-any-version"
"""A scenario that opens, and then is silent."""
STARTED = "2026-11-26T12:00:00.000Z"


def exchange(name, url="ws://127.0.0.1/", linger=0.3, started=STARTED):
    """The recording of *url*, behind which the scenario *name* is."""
    return replace(play(find(name), plan(url, limits=Limits(linger=linger))), started=started)


def played(name, url="ws://127.0.0.1/", linger=0.3, started=STARTED):
    return report(exchange(name, url, linger, started))


def refused_by_tornado():
    """What Tornado answers to a page of a foreign origin: its mark is its own, and there is a remedy for it."""
    one = exchange("status-403")
    answer = (
        b"HTTP/1.1 403 Forbidden\r\nServer: TornadoServer/6.5\r\nContent-Type: text/html; charset=UTF-8\r\n"
        b"Content-Length: 35\r\n\r\nCross origin websockets not allowed"
    )
    at = next(event.at for event in one.events if isinstance(event, Received))
    rest = [event for event in one.events if not isinstance(event, Received)]
    events = sorted([*rest, Received(at, answer)], key=lambda event: event.at)
    return report(replace(one, events=tuple(events)))
