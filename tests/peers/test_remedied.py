"""Each server that `explain remedy` prints: what a program, a page, and a stranger's page learn of a refusal.
Chromium: ``-n 0 -m engines``."""

import base64
import http.client
import json
from contextlib import ExitStack, suppress
from functools import partial
from http import HTTPStatus

import pytest
import trio

from tests.peers.browser import opened
from tests.peers.named import modules
from tests.peers.place import HOST, PATIENCE, UNTIL_ENDED, nobody, until
from tests.peers.place import SERVERS as SERVERS_OF_TESTS
from tests.peers.remedied import PACKAGES, PAGE, RAW, SERVERS, pages, server

SESSION = "session=1"


class Site:
    """Two origins with pages, and servers that are started when the first test asks for them."""

    def __init__(self, stack, modules):
        self.stack = stack
        self.modules = modules
        self.contents = {}
        self.known, self.stranger = stack.enter_context(pages(self.contents))
        self.ports = {}

    def port(self, name):
        if name not in self.ports:
            made = server(SERVERS[name], self.known, self.modules)
            self.ports[name] = self.stack.enter_context(made)
        return self.ports[name]

    def all_ports(self):
        """By name, without the servers that are not installed."""
        for name in SERVERS:
            with suppress(pytest.skip.Exception):
                self.port(name)
        return self.ports


@pytest.fixture(scope="module")
def site():
    with ExitStack() as stack:
        yield Site(stack, partial(modules, "peers-remedies", PACKAGES))


@pytest.mark.programs
@pytest.mark.parametrize("name", RAW)
def test_who_learns_what(site, probe, name):
    of, url = SERVERS[name], f"ws://{HOST}:{site.port(name)}/ws"
    assert probe(url).value["response"]["status"] == of.status
    assert probe(url, "--origin", site.stranger).value["response"]["status"] == 403
    close = probe(url, "--origin", site.known, *UNTIL_ENDED).value["close"]
    assert (close["code"], close["reason"], close["by"]) == (4401, of.reason, "server")
    for origin in ((), ("--origin", site.known)):

        def echoed(origin=origin):
            """The opcode of the first frame; None if none came in time."""
            welcome = probe(url, *origin, "-b", SESSION, "--send", "hello").value
            frames = [each for each in welcome["session"]["frames"] if each["from"] == "server"]
            return next((each["opcode"] for each in frames if each["opcode"] != 8), None)

        assert until(echoed, "an echo") in (1, 2)


@pytest.mark.programs
def test_rails_sends_a_message(site, probe):
    url = f"ws://{HOST}:{site.port('rails')}/ws"
    for origin in ((), ("--origin", site.stranger)):
        assert probe(url, *origin).value["response"]["status"] == 404
    for cookie, first in (
        ((), {"type": "disconnect", "reason": "session expired", "reconnect": False}),
        (("-b", SESSION), {"type": "welcome"}),
    ):

        def said(cookie=cookie):
            """The first message; None if none came in time."""
            frames = probe(url, "--origin", site.known, *cookie).value["session"]["frames"]
            texts = (each for each in frames if each["from"] == "server" and each["opcode"] == 1)
            return next((json.loads(base64.b64decode(each["payload"])) for each in texts), None)

        assert until(said, "a message of Action Cable") == first


def asked(port, path, **headers):
    """Status, text and fields of the endpoint."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, {key.lower(): value for key, value in answer.getheaders()}


@pytest.mark.programs
@pytest.mark.parametrize("name", SERVERS)
def test_the_endpoint_answers_fetch(site, name):
    port, path = site.port(name), "/why" if name == "socket.io" else "/ws/why"
    status, text, fields = asked(port, path, Origin=site.known)
    assert (status, text.rstrip("\n")) == (401, "session expired")
    assert fields["access-control-allow-origin"] == site.known
    assert fields["access-control-allow-credentials"] == "true"
    assert "origin" in fields["vary"].lower()
    assert fields["content-type"].startswith("text/plain")
    assert asked(port, path, Origin=site.known, Cookie=SESSION)[0] == 204
    assert asked(port, path)[0] == 401
    assert "access-control-allow-origin" not in asked(port, path, Origin=site.stranger)[2]


@pytest.mark.programs
@pytest.mark.parametrize(("name", "code"), [("nginx", 4503), ("caddy", 4502)])
def test_a_proxy_tells_that_the_application_is_down(probe, name, code):
    with nobody() as down, server(SERVERS[name], PAGE, application=down) as port:
        told = probe(f"ws://{HOST}:{port}/ws", "--origin", PAGE, "-b", SESSION, *UNTIL_ENDED).value
    assert told["close"]["code"] == code
    assert told["close"]["reason"] == HTTPStatus(code - 4000).phrase


@pytest.mark.programs
def test_haproxy_tells_that_no_server_is_up(probe):
    often = {" check\n": " check inter 50ms fall 1\n"}
    with nobody() as down, server(SERVERS["haproxy"], PAGE, application=down, more=often) as port:

        def told():
            """Until the first check has failed it is a 503."""
            told = probe(f"ws://{HOST}:{port}/ws", "--origin", PAGE, "-b", SESSION, *UNTIL_ENDED).value
            close = told["close"]
            return f"{close['code']} {close['reason']}" if close else None

        assert until(told, "the check of HAProxy") == "4503 Service Unavailable"


@pytest.mark.programs
def test_nginx_tells_what_the_application_refuses(probe):
    """As the code says above: with proxy_intercept_errors."""
    intercepting = {"location /ws {": "location /refuse { proxy_intercept_errors on;"}
    with server(SERVERS["nginx"], PAGE, more=intercepting) as port:
        url = f"ws://{HOST}:{port}/refuse"
        close = probe(url, "--origin", PAGE, "-b", SESSION, *UNTIL_ENDED).value["close"]
    assert (close["code"], close["reason"]) == (4401, "session expired")


@pytest.mark.engines
def test_a_page_reads_why_and_a_stranger_does_not(site):
    ports = site.all_ports()
    code = (
        (SERVERS_OF_TESTS / "remedied.js").read_text().replace("PORTS", json.dumps(ports)).replace("HOST", HOST)
    )
    html = f'<!doctype html><link rel="icon" href="data:,"><body><script>{code}</script>'
    site.contents["/"] = html.encode()

    async def visit():
        async with opened("chromium") as (_, browser):
            return [(await browser.load(f"{each}/", 60)).results for each in (site.stranger, site.known)]

    stranger, known = trio.run(visit)
    expired = [401, "session expired"]
    nothing = {name: [[1006, ""], None] for name in RAW} | {
        "rails": [[1006, ""], None],
        "socket.io": [["websocket error", None, True], None],
    }
    everything = {name: [[4401, SERVERS[name].reason], expired] for name in RAW} | {
        "rails": [[1000, "session expired"], expired],
        "socket.io": [["session expired", 401, False], expired],
    }
    assert stranger == {name: nothing[name] for name in ports}
    assert known == {name: everything[name] for name in ports}
