"""Real browsers and clients through `wsprobe relay`, before servers that nobody here wrote. The browsers:
``-n 0 -m engines``; many messages: ``-n 0 -m long``."""

import asyncio
import json
import signal
from contextlib import ExitStack, contextmanager

import pytest
from websockets.asyncio.client import connect

from tests.browsers.there import there
from tests.cases import ALL, part
from tests.peers.place import HOST
from tests.peers.program import ended, objects, started
from tests.peers.remedied import SERVERS, server

MESSAGES = 100_000 if ALL else 20_000
ENGINES = ("chromium", "firefox")


class Relay:
    """A relay in a process of its own."""

    def __init__(self, process, url):
        self._process = process
        self.url = url

    def ended(self):
        """Its reports."""
        self._process.send_signal(signal.SIGINT)
        out, err = self._process.communicate(timeout=60)
        assert "Traceback" not in err
        return objects(out)


@contextmanager
def relay(*arguments):
    with started("relay", "--json", *arguments) as process:
        yield Relay(process, json.loads(process.stdout.readline())["ready"]["ws"])


def seen(engine, *urls):
    """For each URL, the events that a page of another port of this machine had in a real browser."""
    done = ended("compare", "--json", "--run-browser", there(engine).engine, *urls)
    assert done.stdout, done.stderr
    return [each["seen"][0]["events"] for each in objects(done.stdout)]


@pytest.fixture(scope="module")
def channels():
    """Django Channels on Daphne, for pages of every origin, and without the middleware that tells them."""
    bare = {'TellThePage(router, pages=PAGES, why="/why")': "router"}
    with server(SERVERS["channels"], "*", more=bare) as port:
        yield port


@pytest.fixture(scope="module")
def ports(channels, peers):
    found = {"asgi": peers["uvicorn"], "node": peers["ws"], "websockets": peers["websockets"]}
    return {**found, "channels": channels, "nginx": peers["nginx"].port}


TOLD = [
    ("asgi", "/refuse", 4403, "403 Forbidden"),
    ("asgi", "/deny", 4401, "401 token expired"),
    ("asgi", "/crash", 4500, "500 Internal Server Error"),
    ("channels", "/ws", 4403, "403 Access denied"),
    ("node", "/quota", 4429, "429 slow down"),
    ("websockets", "/refuse", 4401, "401 token expired"),
    ("nginx", "/dead", 4502, "502 Bad Gateway"),
    ("nginx", "/denied", 4403, "403 Forbidden"),
    ("nginx", "/moved", 4308, "308 Permanent Redirect"),
]
"""Server, path, and the code and reason that the page has in place of 1006. Each engine meets every second."""


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_knows_why(ports, engine):
    rows = part(TOLD, 2, ENGINES.index(engine))
    with ExitStack() as stack:
        servers = (f"ws://{HOST}:{ports[name]}{path}" for name, path, _, _ in rows)
        relays = [stack.enter_context(relay("--tell-page", server)) for server in servers]
        events = seen(engine, *(each.url for each in relays))
        reports = [each.ended() for each in relays]
    for (_, _, code, reason), (first, last), of in zip(rows, events, reports, strict=True):
        assert first["type"] == "open"
        assert (last["type"], last["code"], last["reason"], last["wasClean"]) == ("close", code, reason, True)
        assert {each["client"]["told"]["close"]["code"] for each in of} == {code}
        assert {each["response"]["status"] for each in of} == {code - 4000}


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_without_the_option_a_page_knows_nothing(peers, engine):
    with relay(f"ws://{peers.at('uvicorn')}/refuse") as made:
        (events,) = seen(engine, made.url)
        made.ended()
    assert [each["type"] for each in events] == ["error", "close"]
    assert events[-1]["code"] == 1006


SESSIONS = [
    ("asgi", "/close", ()),
    ("node", "/close", ("--tell-page",)),
    ("websockets", "/close", ("--tell-page",)),
    ("nginx", "/ws/close", ("--tell-page",)),
]


@pytest.mark.engines
@pytest.mark.parametrize(
    ("engine", "name", "path", "options"),
    [(engine, *row) for number, engine in enumerate(ENGINES) for row in part(SESSIONS, 2, number)],
)
def test_a_session_is_the_servers(ports, engine, name, path, options):
    with relay(*options, f"ws://{HOST}:{ports[name]}{path}") as made:
        (events,) = seen(engine, made.url)
        reports = made.ended()
    assert events[-1]["type"] == "close"
    # What ends within 30 ms of the handshake Firefox may lose, with a relay and without.
    lost = [(1006, "")] if engine == "firefox" else []
    assert (events[-1]["code"], events[-1]["reason"]) in [(4403, "no entry"), *lost]
    page = next(each for each in reports if "Mozilla" in dict(each["request"]["headers"]).get("User-Agent", ""))
    assert page["close"]["code"] == 4403
    assert page["client"]["told"] is None
    assert page["close"]["by"] == "server"


@pytest.mark.long
@pytest.mark.programs
@pytest.mark.parametrize("name", ["asgi", "node", "websockets"])
def test_no_message_is_lost(ports, name):
    async def echoed(url):
        async with connect(url, max_size=None, ping_interval=None) as socket:

            async def send():
                for number in range(MESSAGES):
                    await socket.send(f"message {number}")

            sending = asyncio.create_task(send())
            for number in range(MESSAGES):
                assert await socket.recv() == f"message {number}"
            await sending
        return MESSAGES

    with relay(f"ws://{HOST}:{ports[name]}/echo") as made:
        assert asyncio.run(echoed(made.url)) == MESSAGES
        (report,) = made.ended()
    assert report["outcome"] == "open"
    assert report["close"]["clean"]
    assert report["client"]["close"]["code"] == 1000
