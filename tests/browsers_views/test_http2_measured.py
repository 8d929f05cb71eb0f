"""The views over HTTP/2 against what real browsers did, each version: events, console and handshakes."""

import pytest

from tests.browsers_views.http2_cases import host, load, observed, sockets
from tests.cases import every
from wsprobe.browsers import ENGINES

CASES = load()
OTHERS_SOCKET = {("chromium@156", "http11-required-other-socket")}
"""What one socket does to another of the page. A view is of one socket, alone on its connection, so that no
recording can show it: ``explain http2`` says it."""
RACES = {
    ("firefox@153", "rst-cancel-at-once"),
    ("firefox@153", "close-4403-end-at-once"),
    ("firefox@153", "window-5"),
}
"""Measured to give more than one result; the view is the commoner, and says that there is another."""
MEASURED = [
    (engine, name)
    for name, line in CASES.items()
    for engine in line["observed"]
    if (engine, name) not in OTHERS_SOCKET
]


@every(MEASURED)
def test_the_view_is_what_was_measured(measured):
    engine, name = measured
    events, handshakes, console = observed(CASES[name], engine)
    seen = sockets(ENGINES[engine], CASES[name])
    assert [each.events for each in seen] == events
    assert [protocol for each in seen for protocol in each.handshakes] == handshakes
    assert [line for each in seen for line in each.view.console] == console


@pytest.mark.parametrize(("engine", "name"), sorted(RACES))
def test_a_race_is_named_as_one(engine, name):
    assert sockets(ENGINES[engine], CASES[name])[0].view.races


@pytest.mark.parametrize(
    ("engine", "name"),
    [(e, n) for e, n in MEASURED if "requests" in CASES[n]["observed"][e]],
)
def test_the_request_is_what_was_measured(engine, name):
    line = CASES[name]
    asked = [each for each in sockets(ENGINES[engine], line)[0].asked if each.http2 is not None]
    sent = [_fields(line, each.http2) for each in asked]
    assert sent == [_measured(fields) for fields in line["observed"][engine]["requests"]]


@pytest.mark.parametrize(
    ("engine", "name"), [(e, n) for e, n in MEASURED if "document.cookie" in CASES[n].get("post", "")]
)
def test_cookies_are_stored_as_measured(engine, name):
    line = CASES[name]
    stored = [cookie.partition(";")[0] for cookie in sockets(ENGINES[engine], line)[0].view.cookies]
    assert "; ".join(stored) == line["observed"][engine]["post"]


def _fields(line, asked):
    return [
        [name.decode(), value.decode(), *(["never-indexed"] if name in asked.never_indexed else [])]
        for name, value in asked.fields
    ]


def _measured(fields):
    """Headless Chromium calls itself that; and the host is ours."""
    return [[part.replace("{HOST}", host()).replace("HeadlessChrome", "Chrome") for part in f] for f in fields]
