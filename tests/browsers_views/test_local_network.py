"""Local Network Access: which address is of which space, which page may reach it, and what is said of it."""

from tests.browsers_views.recordings import recorded, seen
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.local_network import (
    before_the_request,
)
from wsprobe.browsers.tell import KEPT_OFF, alike
from wsprobe.exchange import Act

PUBLIC = Page("https://app.example/")


def test_a_refusal_looks_the_same_as_being_kept_off():
    granted = Page("https://app.example/", permissions=(("loopback-network", "granted"),))
    for page, named in ((granted, True), (Page("http://localhost/"), False)):
        view = seen(b"HTTP/1.1 403 No\r\n\r\n", page=page, url="ws://127.0.0.1/", browser="chromium")
        ((_, situations),) = alike([view], "refused")
        assert (KEPT_OFF in situations) == named
    blocked = seen(b"HTTP/1.1 403 No\r\n\r\n", page=PUBLIC, url="ws://127.0.0.1/", browser="chromium")
    assert (blocked.handshakes, blocked.hidden) == ((), ())


def test_a_script_that_closes_before_the_connection_stands():
    page = Page("https://app.example/", acts=(Act("created", "close"),))
    view = seen(b"HTTP/1.1 403 No\r\n\r\n", page=page, url="ws://127.0.0.1/", browser="chromium")
    assert view.console[-1].endswith("WebSocket is closed before the connection is established.")


def test_nothing_more_is_asked_for():
    reading = recorded(
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n', url="ws://a:b@127.0.0.1/", page=PUBLIC
    )
    assert ENGINES["chromium"].follow([reading], PUBLIC, "x") is None


def test_only_the_connection_is_read_for_the_address():
    """Each engine asks, and the session behind it may be a flood."""
    exchange = recorded(b"HTTP/1.1 403 No\r\n\r\n").exchange
    (cut,) = before_the_request(exchange)
    assert (cut.received, type(cut.exchange.events[-1]).__name__) == (b"", "Connected")
