"""What is Chromium's own and no row: credentials, heads that are settled, alerts, certificates."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import KEY, OPEN, URL, recorded, seen
from wsprobe.browsers import ENGINES, facts
from wsprobe.browsers.chromium import http2
from wsprobe.browsers.chromium.http import read_answer
from wsprobe.browsers.chromium.request import Facts
from wsprobe.browsers.engine import Page
from wsprobe.browsers.network import objections
from wsprobe.exchange import (
    Certificate,
    Ended,
    Exchange,
    Plan,
    Received,
    TlsDone,
    TlsFailed,
)
from wsprobe.net.tls import problem
from wsprobe.read import read

FACTS = facts("chromium", "156", Facts)


CHROMIUM = ENGINES["chromium"]


def test_nothing_is_asked_where_nothing_is_connected_to():
    with pytest.raises(ValueError, match="no request"):
        CHROMIUM.request(CHROMIUM.construct("ws://h:1/", Page()), Page(), KEY)


def answer(*challenges):
    fields = "".join(f"WWW-Authenticate: {challenge}\r\n" for challenge in challenges)
    return f"HTTP/1.1 401 x\r\n{fields}Content-Length: 0\r\n\r\n".encode()


SAME_SITE = Page("http://127.0.0.1:1/")


SECRET = "ws://us%20er:p%C3%A9@127.0.0.1:9000/x"


def test_a_401_is_answered_once_and_for_same_site_pages_only():
    reading = recorded(answer('Basic realm="x"'), page=SAME_SITE, url=SECRET)
    then = CHROMIUM.follow([reading], SAME_SITE, KEY)
    lines = then.request.decode().split("\r\n")
    assert lines[4:6] == ["Cache-Control: no-cache", "Authorization: Basic dXMgZXI6cMOp"]
    assert CHROMIUM.view(SECRET, SAME_SITE, [reading]).outcome == "follows"
    assert CHROMIUM.follow([reading, reading], SAME_SITE, KEY) is None
    twice = CHROMIUM.view(SECRET, SAME_SITE, [reading, reading])
    assert (twice.outcome, [e.type for e in twice.events]) == ("failed", ["error", "close"])
    assert twice.console[0].endswith("HTTP Authentication failed; no valid credentials available")
    assert CHROMIUM.follow([reading], Page("http://other.example/"), KEY) is None
    assert CHROMIUM.view(SECRET, Page("http://other.example/"), [reading]).outcome == "failed"


def test_when_it_would_have_asked_over_the_other_protocol():
    url = "wss://h.example/"
    cold, warm = Page("http://h.example/"), Page("https://h.example/", http="2")
    over_http1 = recorded(OPEN, url=url, page=cold)
    offered = read(
        replace(
            over_http1.exchange,
            plan=replace(over_http1.exchange.plan, tls=replace(over_http1.exchange.plan.tls, alpn=("h2",))),
        )
    )
    assert http2.otherwise(url, warm, []) == ""
    assert http2.otherwise(url, cold, [over_http1]) == ""
    assert http2.otherwise(url, cold, [offered]) == ""
    assert http2.otherwise(url, warm, [offered]) == ""
    assert "has an HTTP/2 connection, and uses it" in http2.otherwise(url, warm, [over_http1])


@pytest.mark.parametrize(
    ("pieces", "settled"),
    [
        ((b"HTTP/1.1 403 No\r\n\r", b"\n", b"body"), 1),
        ((b"1234567", b"8", b"9"), 1),
        ((b"12345678", b"9"), 0),
    ],
)
def test_a_head_is_settled_when_its_last_byte_came(pieces, settled):
    """Where it is no HTTP, that is the eighth."""
    reading = recorded(*pieces)
    [*_, when] = [event.at for event in reading.exchange.events if isinstance(event, Received)][: settled + 1]
    for default_port in (False, True):
        assert read_answer(reading, secure=False, default_port=default_port, max_head=1000).at == when


@pytest.mark.parametrize("passed", [True, False], ids=["passed by -k", "refused"])
@pytest.mark.parametrize(
    ("trusted", "name", "until", "error"),
    [
        (False, "other.example", "2020", "AUTHORITY_INVALID"),
        (True, "other.example", "2020", "COMMON_NAME_INVALID"),
        (True, "chat.match", "2020", "DATE_INVALID"),
        (True, "other.example", "2040", "COMMON_NAME_INVALID"),
        (False, "chat.match", "2040", "AUTHORITY_INVALID"),
    ],
)
def test_of_several_faults_of_a_certificate_the_most_serious_is_named(trusted, name, until, error, passed):
    """MapCertStatusToNetError: authority, then name, then date, whichever verification came to first."""
    shown = Certificate(b"", "CN=a", "CN=b", (name,), "2000-01-01T00:00:00Z", f"{until}-01-01T00:00:00Z")
    found = problem(shown, "chat.match", "2026-01-01T00:00:00Z", trusted)
    first = "unknown-ca" if not trusted else "expired" if until == "2020" else "wrong-name"
    events = (
        (TlsDone(1, "TLS 1.3", "x", None, shown, False, found), Ended(2, "local"))
        if passed
        else (TlsFailed(1, "certificate", "", certificate=shown, reason=first), Ended(2, "error"))
    )
    url = "wss://chat.match/"
    made = CHROMIUM.construct(url, Page())
    assert made.target is not None
    plan = Plan(made.target, CHROMIUM.request(made, Page(), "k"))
    recording = Exchange(plan, events, started="2026-01-01T00:00:00Z")
    (line,) = CHROMIUM.view(url, Page(), [read(recording)]).console
    assert line.endswith(f"net::ERR_CERT_{error}")
    assert objections(recording)["chromium"] == f"net::ERR_CERT_{error}"


def test_long_urls_are_elided_in_the_console():
    url = URL + "y" * 2000
    view = seen(b"HTTP/1.1 500 x\r\n\r\n", url=url)
    assert view.url == url
    assert view.console[0].startswith(f"WebSocket connection to '{url[:511]}...{url[-510:]}' failed")
