"""Local Network Access: the view against what Chromium did, and Chromium itself (``-n 0 -m engines``)."""

from itertools import product
from urllib.parse import urlsplit

import pytest
import trio

from tests.browsers import local_network
from tests.browsers.there import driven
from tests.cases import ALL, THIRD, chosen, every, has_each_kind, named
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.local_network import SPACES, space_of_host
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Resolved, Sent, TlsDone
from wsprobe.lab import load
from wsprobe.lab.play import rehearse
from wsprobe.read import read
from wsprobe.read.tokens import expected_accept
from wsprobe.request.target import parse

VERSION, ROWS = local_network.load()
ADDRESSES = {"public": "203.0.113.9", "local": "10.1.2.3", "loopback": "127.0.0.1"}
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def page_of(row):
    """The page of *row*, by its URL alone where that says in which space it is."""
    address = ""
    if row.page in ("data", "file"):
        url = {"data": "data:text/html,x", "file": "file:///tmp/x.html"}[row.page]
    else:
        address = row.page
        url = "https://127.0.100.1:8443/" if row.secure else "http://page.test/"
    if row.csp.startswith("treat"):
        address = ""
    # In --permission one name may stand for another; a permission of the browser stands for itself.
    exact = {"local-network": "prompt", "loopback-network": "prompt"} | row.permissions
    return Page(url, csp=row.csp, address=address, permissions=tuple(exact.items()))


def exchange(row):
    """A handshake that opens, and is closed, at an address of the space that *row* goes to."""
    target = parse(f"{row.scheme}://127.0.0.1/s/close-1000")  # a loopback name, as when it was measured
    request = b"GET /s/close-1000 HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: %s\r\n\r\n" % KEY
    answer = (
        b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
        b"\x88\x02\x03\xe8" % expected_accept(KEY)
    )
    secure = [TlsDone(4, "TLSv1.3", "x", "http/1.1", None, True)] if target.secure else []
    return Exchange(
        Plan(target, request),
        (
            Resolved(1, target.host, (ADDRESSES[row.to],)),
            Connected(3, ADDRESSES[row.to], target.port),
            *secure,
            Sent(5, request),
            Received(9, answer),
            Ended(20, "fin"),
        ),
    )


def vars_of(row):
    secure = "secure" if row.secure else "insecure"
    return (row.page, secure, row.scheme, row.to, row.csp, *row.permissions.items())


def name_of(row):
    return " ".join(map(str, vars_of(row)))


@every(named(ROWS, name_of))
def test_the_view_is_what_chromium_did(row):
    reading = read(exchange(row))
    view = ENGINES["chromium"].view(reading.exchange.plan.target.url, page_of(row), [reading])
    events = [{"type": e.type, "code": e.code, "wasClean": e.was_clean} for e in view.events]
    bare = [e if e["type"] == "close" else {"type": e["type"]} for e in events]
    assert bare == list(row.events)
    assert [line.replace(view.url, "{url}") for line in view.console if " failed: " in line] == list(
        row.console
    )
    assert bool(view.handshakes) == row.sent
    assert not view.hidden or row.sent
    if not row.sent:
        assert "othing" in " ".join(view.local_network)


def test_all_that_is_measured_is_recorded():
    assert [row.asked for row in ROWS] == list(local_network.rows())
    assert {row.sent for row in ROWS} == {True, False}


SCENARIOS = {name: each for name, each in load().items() if name.startswith("lna-")}


def row_of(scenario):
    """The row that has what Chromium did with a page and a target like those of *scenario*."""
    page = scenario.page
    space = space_of_host(urlsplit(page.url).hostname or "")
    to = page.target_address or "loopback"
    secure = page.url.startswith("https:") or space != "public"
    scheme = "ws" if page.permissions else "wss" if scenario.listener == "tls" else "ws"
    (found,) = [
        row
        for row in ROWS
        if (row.page, row.to, row.scheme, row.secure) == (space, to, scheme, secure)
        and (row.csp, row.permissions) == (page.csp, dict(page.permissions))
    ]
    return found


@every(SCENARIOS)
def test_a_scenario_is_what_chromium_did(scenario):
    row = row_of(scenario)
    view = rehearse(ENGINES["chromium"], scenario, load())
    assert [event.type for event in view.events] == [event["type"] for event in row.events]
    assert bool(view.handshakes) == row.sent
    blocked = [line for line in view.console if "ERR_BLOCKED_BY_LOCAL_NETWORK" in line]
    assert blocked == [line.replace("{url}", view.url) for line in row.console if " failed: " in line]


def test_there_is_a_scenario_for_each_pair_of_spaces():
    rows = [row_of(scenario) for scenario in SCENARIOS.values()]
    assert {(row.page, row.to) for row in rows} == set(product(SPACES, SPACES))


def kinds(row):
    return {(row.page, row.to), (row.scheme, row.secure), row.csp, *row.permissions.items()}


def shared(whole=ALL):
    """A third of the rows, and one at least of each kind."""
    return list(chosen(named(ROWS, name_of), THIRD, 0, kinds, whole=whole).values())


def test_what_ci_measures_leaves_out_no_kind():
    has_each_kind(shared(whole=False), ROWS, kinds, 0.6)


@pytest.mark.engines
def test_chromium_still_does_what_is_recorded():
    driven("chromium")
    known = shared()
    _, measured = trio.run(local_network.measure, [row.asked for row in known])
    assert measured == known
