"""What Chromium makes of a connection that fails, or of one that races."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import OPEN, URL, recorded, seen
from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.network import objections
from wsprobe.exchange import (
    Certificate,
    Connected,
    Ended,
    Exchange,
    Plan,
    TlsDone,
    TlsFailed,
)
from wsprobe.net.tls import problem
from wsprobe.read import read

CHROMIUM = ENGINES["chromium"]


def failure(view):
    return view.console[-1].partition("failed: ")[2] if view.console else ""


@every({f"{last}": last for last in range(0, 257)})
def test_alerts(alert):
    refused = dict.fromkeys((42, 43, 44, 45, 46, 48, 49), "ERR_BAD_SSL_CLIENT_AUTH_CERT")
    named = refused | dict.fromkeys((40, 70, 71), "ERR_SSL_VERSION_OR_CIPHER_MISMATCH")
    named |= {20: "ERR_SSL_BAD_RECORD_MAC_ALERT", 51: "ERR_SSL_DECRYPT_ERROR_ALERT"}
    named |= {112: "ERR_SSL_UNRECOGNIZED_NAME_ALERT"}
    error = f"Error in connection establishment: net::{named.get(alert, 'ERR_SSL_PROTOCOL_ERROR')}"
    expected = "WebSocket opening handshake was canceled" if alert == 116 else error
    made = recorded(OPEN).exchange
    number = alert if alert < 256 else None
    events = (Connected(1, "127.0.0.1", 9), TlsFailed(2, "alert", "", alert=number), Ended(3, "error"))
    view = CHROMIUM.view(made.plan.target.url, Page(), [read(replace(made, events=events))])
    assert failure(view) == expected


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
