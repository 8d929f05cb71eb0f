"""Chromium and Firefox themselves on real servers that take WebSockets over HTTP/2, with a page that came over
HTTP/2 from there: run with ``-n 0 -m engines``. What they do is what ``compare --page-http 2`` says."""

import json
import queue
from urllib.parse import unquote, urlsplit

import pytest
import trio
from websockets.sync.server import serve

from tests.browsers.pages import source
from tests.browsers.there import there
from tests.peers.http2 import serving
from tests.peers.place import HOST, in_thread, needs, until
from wsprobe.cli.main import run
from wsprobe.lab import installed

pytestmark = pytest.mark.engines

SECONDS = 60.0
PAGE = source("http2.html")


@pytest.fixture
def upstream():
    """Behind the proxy, over HTTP/1.1: the page, and what it opens. Its port, and a queue of what was seen."""
    told = queue.Queue()

    def speak(connection):
        connection.send("hello")
        connection.close(4403, "go away")

    def answer(connection, request):
        at = urlsplit(request.path)
        if at.path == "/talk":
            return None
        if at.path == "/told":
            told.put(json.loads(unquote(at.query)))
        made = connection.respond(403 if at.path == "/refuse" else 200, PAGE if at.path == "/" else "")
        del made.headers["Content-Type"]
        made.headers["Content-Type"] = "text/html; charset=utf-8"
        return made

    with in_thread(serve(speak, HOST, 0, process_request=answer)) as server:
        yield server.socket.getsockname()[1], told


async def visited(browser, server, told):
    """What the page at *server* saw in *browser*."""
    async with installed.opened(browser, f"https://{HOST}:{server.port}/", authority=server.authority):
        return await trio.to_thread.run_sync(lambda: told.get(timeout=SECONDS))


def plain(event):
    """An event of a view, as the page writes it."""
    match event["type"]:
        case "message":
            return ["message", event["data"]]
        case "close":
            return ["close", event["code"], event["reason"], event["wasClean"]]
    return [event["type"]]


@pytest.mark.parametrize("name", ["nghttpx", "haproxy"])
@pytest.mark.parametrize("engine", ["chromium", "firefox"])
def test_what_is_said_of_a_warm_session_is_what_the_engine_does(engine, name, upstream, capsys):
    needs(name)
    browser = there(engine)
    port, told = upstream
    with serving(name, port) as server:
        seen = trio.run(visited, browser, server, told)
        assert seen["over"] == "h2"
        for path, status in (("/talk", 101), ("/refuse", 403)):
            logged(server, name, line_of(name, server.port, path, status))
            url = f"wss://{HOST}:{server.port}{path}"
            asked = ("--browser", engine, "--page-http", "2", "--cacert", str(server.authority))
            run(["compare", *asked, "--json", url])
            (view,) = json.loads(capsys.readouterr().out)["views"]
            assert view["handshakes"] == ["2"]
            assert [plain(event) for event in view["events"]] == seen["told"][path]


def logged(server, name, line):
    until(lambda: f"seen {line}\n" in server.log.read_text() or None, f"{line!r} in the log of {name}")


def line_of(name, port, path, status):
    """What *name* logs of an extended CONNECT (tests/peers/answers/http2.txt)."""
    if name == "nghttpx":
        return f"CONNECT {HOST}:{port} HTTP/2 {status}"
    return f"GET https://{HOST}:{port}{path} HTTP/2.0 {status}"
