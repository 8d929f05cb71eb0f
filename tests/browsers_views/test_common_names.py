"""Certificates whose subject alone has the server's name, which some engines accept.

The cases were measured with a server of each: Node 20 and 26 (ws 8.23, undici 6 and 8), Bun 1.4, Deno 2.9; for
WebKitGTK with gnutls_x509_crt_check_hostname() of GnuTLS 3.8. ``wss-common-name`` is measured in each engine.
"""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import OPEN, recorded
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.network import BY_COMMON_NAME, objections
from wsprobe.exchange import Certificate, Connected, Ended, TlsDone, TlsFailed
from wsprobe.read import read
from wsprobe.recording.certificate import NO_NAMES, common_names

NODE, GNUTLS = ("bun", "undici", "undici@6.29", "ws"), ("webkitgtk",)
REFUSE = ("chromium", "deno", "firefox")


def certificate(subject, names=()):
    return Certificate(b"", subject, "O=a", names, "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z")


def view(browser, url, event):
    """What *browser* makes of *event*, and of a 101 after it if there was one."""
    made = recorded(OPEN, url=url, browser=browser.partition("@")[0]).exchange
    rest = made.events if isinstance(event, TlsDone) else (Ended(3, "error"),)
    events = (Connected(1, "127.0.0.1", 9), event, *rest)
    exchange = replace(made, events=events, started="2026-06-01T00:00:00.000Z")
    return ENGINES[browser].view(url, Page(), [read(exchange)])


def passed(shown, problem=f"it is not for localhost{NO_NAMES}"):
    """What -k lets pass."""
    return TlsDone(2, "TLS 1.3", "x", None, shown, False, problem)


@pytest.mark.parametrize(
    ("subject", "names", "host", "accepting"),
    [
        ("CN=localhost,O=s", (), "localhost", (*NODE, *GNUTLS)),
        ("CN=LOCALHOST", (), "localhost", (*NODE, *GNUTLS)),
        ("CN=*.a.example", (), "b.a.example", (*NODE, *GNUTLS)),
        ("CN=localhost.", (), "localhost", NODE),
        ("CN=localhost,CN=other.example", (), "localhost", NODE),
        ("CN=other.example,CN=localhost", (), "localhost", NODE),
        ("CN=localhost", ("127.0.0.9",), "localhost", NODE),
        ("CN=localhost", ("other.example",), "localhost", ()),
        ("CN=127.0.0.1", (), "127.0.0.1", ()),
        ("CN=other.example", (), "localhost", ()),
        ("O=a\\,CN=localhost", (), "localhost", ()),
        ("CN=*", (), "localhost", ()),
        ("", (), "localhost", ()),
    ],
)
def test_who_accepts(subject, names, host, accepting):
    shown = certificate(subject, names)
    failed = TlsFailed(2, "certificate", "not for it", certificate=shown, reason="wrong-name")
    for browser in (*NODE, *GNUTLS, *REFUSE):
        kept_on, stopped = (view(browser, f"wss://{host}/", event) for event in (passed(shown), failed))
        opened = any(event.type == "open" for event in kept_on.events)
        assert opened == (browser in accepting), browser
        if browser in accepting:
            assert (stopped.outcome, stopped.because, stopped.events) == ("connecting", BY_COMMON_NAME, ())
        else:
            assert stopped.outcome == "failed", browser
    made = replace(recorded(OPEN, url=f"wss://{host}/").exchange, events=(failed, Ended(3, "error")))
    assert ("webkitgtk" in objections(made)) == ("webkitgtk" not in accepting)


def test_another_fault_counts():
    shown = certificate("CN=localhost")
    for event in (
        passed(shown, f"it is self-signed, it is not for localhost{NO_NAMES}"),
        passed(replace(shown, not_after="2021-01-01T00:00:00Z")),
    ):
        assert view("ws", "wss://localhost/", event).outcome == "failed"


def test_what_ws_says_of_a_common_name():
    start = "Hostname/IP does not match certificate's altnames: "
    for subject, said in (
        ("CN=b,O=s,CN=a", "Host: localhost. is not cert's CN: a,b"),
        ("O=s", "Cert does not contain a DNS name"),
    ):
        failed = TlsFailed(2, "certificate", "", certificate=certificate(subject), reason="wrong-name")
        assert view("ws", "wss://localhost/", failed).events[0].message == start + said


def test_where_a_common_name_begins():
    assert common_names(certificate("CN=a+CN=b,O=c\\,CN=d,CN=e\\+f")) == ["e\\+f", "b", "a"]
