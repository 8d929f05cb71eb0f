"""What fetch() sees of the same URL: as measured, and as `compare --fetch` says it."""

import json

import pytest
import trio

from tests.browsers import fetching
from tests.browsers.there import there
from tests.cases import every
from tests.served import Server
from wsprobe.browsers.engine import Page
from wsprobe.browsers.fetch import MESSAGES, goes_to, request, seen
from wsprobe.cli.main import run
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Sent
from wsprobe.read import read

RECORDED = fetching.load()
PAGE = Page("http://127.0.0.1:8000/")


def reading_of(answer, url="ws://127.0.0.2:9000/x", page=PAGE):
    goes = goes_to(url)
    assert goes is not None
    address, target = goes
    sent = request(address, page, "x")
    events = [Connected(1, "127.0.0.2", 9000), Sent(2, sent)]
    ends = [Received(3, answer)] if answer else []
    return read(Exchange(Plan(target, sent), (*events, *ends, Ended(4, "fin"))))


@every((engine, name) for engine in fetching.ENGINES for name in fetching.ANSWERS)
def test_fetch_sees_what_was_measured(of):
    engine, name = of
    url = "ws://127.0.0.1:8000/x" if name.startswith("same-") else "ws://127.0.0.2:9000/x"
    goes = goes_to(url)
    found = seen(engine, goes[0], PAGE, reading_of(fetching.answer(name, "http://127.0.0.1:8000"), url))
    if found.exception is not None:
        told = [found.exception.name, found.exception.message]
    else:
        told = [found.status, found.body.decode()]
    assert told == RECORDED[engine][name]


@pytest.mark.engines
@pytest.mark.parametrize("engine", fetching.ENGINES)
def test_browsers_still_do_what_is_recorded(engine):
    there(engine)
    assert trio.run(fetching.measure, engine)[1] == RECORDED[engine]


@pytest.mark.parametrize(
    ("page", "url", "engine", "why"),
    [
        (Page("https://a.example/"), "ws://b.example/", "chromium", "mixed content"),
        (Page("https://localhost/"), "ws://127.0.0.1/", "webkitgtk", "mixed content"),
        (Page("https://localhost/"), "ws://127.0.0.1/", "firefox", "no Access-Control-Allow-Origin"),
        (Page("http://a.example/", csp="connect-src 'self'"), "ws://b.example/", "firefox", "policy forbids"),
        (Page("https://a.example/"), "wss://b.example/", "chromium", "no Access-Control-Allow-Origin"),
    ],
)
def test_what_keeps_fetch_off(page, url, engine, why):
    address = goes_to(url)
    assert address is not None
    # A connection to a public address: Local Network Access has no part in it.
    answered = reading_of(b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n", "ws://203.0.113.9/")
    events = (Connected(1, "203.0.113.9", 80), *answered.exchange.events[1:])
    found = seen(engine, address[0], page, read(Exchange(answered.exchange.plan, events)))
    assert (found.exception.name, found.exception.message) == ("TypeError", MESSAGES[engine])
    assert why in found.because


class Refusing(Server):
    """Refuses all; the requests that it gets, and the header lines that it sends."""

    def __init__(self):
        self.requests = []
        self.lines = []
        super().__init__()

    def answer(self, request, stream):
        self.requests.append(request.head)
        stream.sendall(b"HTTP/1.1 403 No\r\n%sContent-Length: 8\r\n\r\nno token" % b"".join(self.lines))


@pytest.fixture
def refusing():
    with Refusing() as server:
        yield server.port, server.requests, server.lines


def test_compare_fetch(refusing, capsys):
    port, requests, lines = refusing
    command = ["compare", "--fetch", "--browser", "chromium,firefox,webkitgtk", f"ws://127.0.0.1:{port}/x?t=1"]
    page = ["--page", "http://localhost:3000/"]
    run([*command, *page])
    out = capsys.readouterr().out
    assert f'fetch("http://127.0.0.1:{port}/x?t=1") in the page:' in out
    assert "Chromium, Firefox, WebKitGTK: TypeError, no status, no body: no Access-Control-Allow-Origin" in out
    assert "-> send Access-Control-Allow-Origin: http://localhost:3000 (and Vary: Origin)" in out
    assert sum(b"Upgrade: websocket" not in each for each in requests) == 1
    lines.append(b"Access-Control-Allow-Origin: http://localhost:3000\r\n")
    run([*command, *page])
    assert 'Chromium, Firefox, WebKitGTK: status 403, body "no token"' in capsys.readouterr().out
    run(command)
    assert "status 403" in capsys.readouterr().out


def test_compare_fetch_json(refusing, capsys):
    port, _, lines = refusing
    command = ["compare", "--json", "--fetch", "--page", "http://localhost:3000/", f"ws://127.0.0.1:{port}/"]
    run(command)
    found = json.loads(capsys.readouterr().out)["fetch"]
    assert set(found) == {"chromium", "firefox", "webkitgtk"}
    assert found["firefox"]["exception"] == {"name": "TypeError", "message": MESSAGES["firefox"]}
    assert found["firefox"]["add"] == "Access-Control-Allow-Origin: http://localhost:3000"
    assert (found["firefox"]["status"], found["firefox"]["answered"]) == (None, 403)
    lines.append(b"Access-Control-Allow-Origin: *\r\n")
    run(command)
    found = json.loads(capsys.readouterr().out)["fetch"]["webkitgtk"]
    assert (found["status"], found["body"], found["exception"]) == (403, "no token", None)
    assert "add" not in found


def test_what_fetch_shows_is_masked(refusing, capsys):
    port, _, lines = refusing
    lines.append(b"Access-Control-Allow-Origin: *\r\nSet-Cookie: s=geheimgeheim\r\n")
    url = f"ws://127.0.0.1:{port}/?token=verysecretvalue"
    for form in ([], ["--json"]):
        run(["compare", *form, "--fetch", "--redact", "--browser", "firefox", url])
        out = capsys.readouterr().out
        assert "fetch" in out
        assert "verysecretvalue" not in out
        assert "geheimgeheim" not in out


def test_a_recording_cannot_be_fetched(capsys, tmp_path):
    assert run(["compare", "--fetch", "--browser", "firefox", "x.jsonl"]) == 2
    assert "--fetch sends a request, which a recording cannot answer" in capsys.readouterr().err
