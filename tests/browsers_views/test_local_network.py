"""Local Network Access: which address is of which space, which page may reach it, and what is said of it."""

import json
import socket
import threading

import pytest

from tests.browsers_views.recordings import recorded, seen
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.local_network import (
    before_the_request,
)
from wsprobe.browsers.tell import KEPT_OFF, alike
from wsprobe.cli.main import run
from wsprobe.exchange import Act
from wsprobe.read.tokens import expected_accept

Capture = pytest.CaptureFixture[str]


OPENS = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
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


@pytest.fixture
def opening():
    """The URL of a server that opens every handshake and closes it with 1000, and the requests that it got."""
    asked = []

    def serve(server):
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                data = client.recv(65536)
                if not data:
                    continue
                asked.append(data)
                key = data.lower().partition(b"sec-websocket-key: ")[2].partition(b"\r\n")[0]
                start = data.lower().index(key)
                accept = expected_accept(data[start : start + len(key)])
                client.sendall(OPENS.replace(b"{accept}", accept) + b"\x88\x02\x03\xe8")
                client.recv(100)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.getsockname()[1]}/", asked
        server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=10)


def test_compare_says_that_nothing_is_sent(opening, capsys):
    url, asked = opening
    assert run(["compare", "--browser", "chromium", "--page", "https://app.example/", url]) == 1
    out = capsys.readouterr().out
    assert "Chromium asks the user for access to the local network. The socket opens only if" in out
    assert "Chromium sent nothing" in out
    assert "blocked (local network) in Chromium" in out.splitlines()[0]
    run(["compare", "--browser", "firefox,webkitgtk", "--page", "https://app.example/", url])
    assert "blocked (mixed content) in WebKitGTK" in capsys.readouterr().out.splitlines()[0]
    run(["compare", "--browser", "chromium,firefox", "--page", "https://app.example/", url])
    assert "Firefox 153 has the same check, off by default" in capsys.readouterr().out
    assert run(["compare", "-v", "--browser", "chromium", "--page", "https://app.example/", url]) == 1
    assert "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS" in capsys.readouterr().out
    assert not any(b"Chrome/" in each for each in asked)


@pytest.mark.parametrize(
    ("options", "opens", "words"),
    [
        (
            ["--permission", "local-network=granted"],
            True,
            "it opens only because of the permission loopback-network",
        ),
        (["--permission", "loopback-network=granted"], True, "it opens only because of the permission"),
        (["--permission", "local-network=denied"], False, "the user has refused access"),
        (["--page-address", "local"], True, ""),
        (["--page", "http://app.example/"], False, "refuses without asking"),
        (["--page", "data:text/html,x"], False, "refuses without asking"),
        (["--page", "http://localhost:3000/"], True, ""),
        ([], False, "asks the user"),
    ],
)
def test_compare_json(opening, capsys, options, opens, words):
    page = [] if "--page" in options else ["--page", "https://app.example/"]
    run(["compare", "--json", "--browser", "chromium,firefox", *page, *options, opening[0]])
    value = json.loads(capsys.readouterr().out)
    chromium, firefox = value["views"]
    # The causes of the recording come first.
    assert ([each["id"] for each in value["causes"]][-1:] == ["local-network-access"]) != opens
    assert [event["type"] for event in chromium["events"]] == (
        ["open", "close"] if opens else ["error", "close"]
    )
    assert words in " ".join(chromium.get("local_network", ()))
    assert ("local_network" in chromium) == ("local_network" in firefox) == bool(words)
    assert "exchange" in firefox, "Firefox asks; whether it opens is a race with the end of the connection"
    assert ("exchange" in chromium) == opens


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("local-netwrok=granted", "did you mean local-network?"),
        ("camera=granted", "no permission 'camera'"),
        ("local-network=yes", "is not local-network=granted, =denied or =prompt"),
        ("local-network", "is not local-network=granted"),
    ],
)
def test_permissions_that_are_none(option, words, capsys):
    assert run(["compare", "--browser", "chromium", "--permission", option, "lab:ok"]) == 2
    assert words in capsys.readouterr().err


def test_only_the_connection_is_read_for_the_address():
    """Each engine asks, and the session behind it may be a flood."""
    exchange = recorded(b"HTTP/1.1 403 No\r\n\r\n").exchange
    (cut,) = before_the_request(exchange)
    assert (cut.received, type(cut.exchange.events[-1]).__name__) == (b"", "Connected")
