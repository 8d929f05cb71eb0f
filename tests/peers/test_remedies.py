"""The code that `explain remedy` prints, in real servers: what a page and a program learn before and after. The
browsers: ``-n 0 -m engines``."""

import json
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import pytest
import trio
from aiohttp import web
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from tests.peers.browser import ENGINES, opened
from tests.peers.place import HOST, PATIENCE, UNTIL_ENDED, open_folder, started
from tests.peers.python_servers import aiohttp_server, close, deny, echo, hypercorn_server, uvicorn_server
from wsprobe import explain
from wsprobe.explain.data.remedies.aiohttp import tell_pages, tell_the_page, why
from wsprobe.explain.data.remedies.asgi import TellThePage

Probe = Callable[..., Any]
PAGE = "http://page.example"


async def expire(socket):
    await socket.close(4401, "token expired")


async def crash(socket):
    raise RuntimeError("a fault of the application")


def starlette():
    """``/busy`` refuses twice, then opens; ``/full`` never; ``/why`` answers fetch(); ``/tries`` counts."""
    tries = {}

    async def busy(socket):
        tries["busy"] = tries.get("busy", 0) + 1
        if tries["busy"] < 3:
            await socket.close(4429, "slow down")
            return
        await socket.accept()
        await socket.send_text("welcome")
        await socket.receive()

    async def expired(socket):
        tries["expired"] = tries.get("expired", 0) + 1
        await expire(socket)

    async def forbid(socket):
        tries["forbid"] = tries.get("forbid", 0) + 1
        await socket.close(4403, "no entry")

    async def full(socket):
        tries["full"] = tries.get("full", 0) + 1
        await socket.close(4429, "slow down")

    async def why(request):
        return PlainTextResponse("session expired\n", 401, {"Access-Control-Allow-Origin": "*"})

    async def count(request):
        return PlainTextResponse(json.dumps(tries), 200, {"Access-Control-Allow-Origin": "*"})

    sockets = [
        WebSocketRoute(f"/{each.__name__}", each)
        for each in (echo, close, deny, busy, expired, forbid, full, crash)
    ]
    return Starlette(routes=[*sockets, Route("/why", why), Route("/tries", count)])


@pytest.fixture(scope="module", params=["websockets-sansio", "wsproto", "hypercorn"])
def asgi(request):
    application = TellThePage(starlette())
    server = (
        hypercorn_server(application)
        if request.param == "hypercorn"
        else uvicorn_server(request.param, application)
    )
    with server as port:
        yield port


@pytest.mark.programs
@pytest.mark.parametrize(
    ("path", "code", "reason", "status"),
    [
        ("/expired", 4401, "token expired", 403),
        ("/deny", 4401, "token expired", 401),
        ("/close", 4403, "no entry", 101),
    ],
)
def test_asgi(asgi, probe, path, code, reason, status):
    page = probe(f"ws://{HOST}:{asgi}{path}", "--origin", PAGE, *UNTIL_ENDED).value
    assert (page["close"]["code"], page["close"]["reason"]) == (code, reason)
    assert probe(f"ws://{HOST}:{asgi}{path}").value["response"]["status"] == status


@pytest.mark.programs
def test_asgi_selects_a_subprotocol(asgi, probe):
    page = probe(f"ws://{HOST}:{asgi}/expired", "--origin", PAGE, "--protocol", "chat", *UNTIL_ENDED)
    fields = {name.lower(): value for name, value in page.value["response"]["headers"]}
    assert fields["sec-websocket-protocol"] == "chat"
    assert page.value["close"]["code"] == 4401


@pytest.fixture(scope="module")
def node(packages):
    """Ports of ``ws``: with the code, without, with verifyClient of one argument, with refuse(); of two
    endpoints for fetch(), the second for pages of its own origin."""
    with open_folder() as folder:
        (folder / "node_modules").symlink_to(packages / "node_modules")
        (folder / "tell-the-page.mjs").write_text(explain.find("remedy ws").code)
        line = "node {folder}/remedies.mjs {host} {ports}"
        with started(line, "remedies.mjs", ports=6, folder=folder) as ports:
            yield ports


@pytest.mark.programs
def test_ws(node, probe):
    told, _, strict, by_hand, *_ = node
    for port, path, code, reason, status in (
        (told, "/quota", 4429, "slow down", 429),
        (told, "/close", 4403, "no entry", 101),
        (strict, "/", 4401, "Unauthorized", 401),
        (by_hand, "/", 4403, "no entry: " + "\u20ac" * 37, 403),
    ):
        page = probe(f"ws://{HOST}:{port}{path}", "--origin", PAGE, *UNTIL_ENDED).value
        assert (page["close"]["code"], page["close"]["reason"]) == (code, reason)
        assert probe(f"ws://{HOST}:{port}{path}").value["response"]["status"] == status


def asked(port, path, fields):
    """Status, text and allowed origin of an endpoint for fetch()."""
    connection = HTTPConnection(HOST, port, timeout=PATIENCE)
    connection.request("GET", path, headers=fields)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "Origin")
    return answer.status, text, answer.headers["Access-Control-Allow-Origin"]


FOREIGN = {"Origin": "http://evil.example"}
ENDPOINT = [
    ("/quota", {"Origin": PAGE}, (429, "slow down", PAGE)),
    ("/", {"Origin": PAGE}, (204, "", PAGE)),
    ("/quota", {}, (429, "slow down", None)),
    ("/quota", FOREIGN, (429, "slow down", None)),
]


@pytest.mark.programs
@pytest.mark.parametrize(("path", "fields", "answer"), ENDPOINT)
def test_ws_answers_fetch(node, path, fields, answer):
    assert asked(node[4], path, fields) == answer


@pytest.mark.programs
def test_ws_knows_its_own_origin(node):
    """From there fetch() sends no Origin, and a handshake does."""
    assert asked(node[5], "/", {"Sec-Fetch-Site": "same-origin"}) == (204, "", None)
    assert asked(node[5], "/", {}) == (401, "Unauthorized", None)


async def quota(request):
    if request.path == "/quota":
        raise web.HTTPTooManyRequests(text="slow down")


@pytest.mark.programs
@pytest.mark.parametrize(("path", "fields", "answer"), ENDPOINT)
def test_aiohttp_answers_fetch(path, fields, answer):
    application = web.Application(middlewares=[tell_the_page])
    for each in ("/", "/quota"):
        application.router.add_get(each, why(quota, [PAGE]))
    with aiohttp_server(application) as port:
        assert asked(port, path, fields) == answer


@pytest.mark.programs
def test_aiohttp_knows_its_own_origin():
    """From there fetch() sends no Origin, and a handshake does."""

    async def only_own(request):
        if request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden(text="another origin")

    application = web.Application(middlewares=[tell_the_page])
    application.router.add_get("/", why(only_own, []))
    with aiohttp_server(application) as port:
        assert asked(port, "/", {"Sec-Fetch-Site": "same-origin"}) == (204, "", None)
        assert asked(port, "/", {"Sec-Fetch-Site": "cross-site"}) == (403, "another origin", None)
        assert asked(port, "/", {}) == (403, "another origin", None)


async def forbidden(request):
    raise web.HTTPForbidden(text="no entry")


async def payment(request):
    return web.Response(status=402, text="pay first")


async def session(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.close(code=4408, message=b"too slow")
    return socket


def aiohttp_application(*middlewares):
    application = web.Application(middlewares=middlewares)
    for each in (forbidden, payment, session):
        application.router.add_get(f"/{each.__name__}", each)
    return application


@pytest.fixture(scope="module")
def aiohttp():
    with aiohttp_server(aiohttp_application(tell_the_page)) as port:
        yield port


@pytest.mark.programs
@pytest.mark.parametrize(
    ("path", "code", "reason", "status"),
    [
        ("/forbidden", 4403, "no entry", 403),
        ("/payment", 4402, "pay first", 402),
        ("/nowhere", 4404, "404: Not Found", 404),
        ("/session", 4408, "too slow", 101),
    ],
)
def test_aiohttp(aiohttp, probe, path, code, reason, status):
    page = probe(f"ws://{HOST}:{aiohttp}{path}", "--origin", PAGE, *UNTIL_ENDED).value
    assert (page["close"]["code"], page["close"]["reason"]) == (code, reason)
    assert probe(f"ws://{HOST}:{aiohttp}{path}").value["response"]["status"] == status


@pytest.mark.programs
def test_aiohttp_tells_only_the_pages_that_are_named(probe):
    with aiohttp_server(aiohttp_application(tell_pages([PAGE]))) as port:
        url = f"ws://{HOST}:{port}/forbidden"
        assert probe(url, "--origin", PAGE, *UNTIL_ENDED).value["close"]["code"] == 4403
        for options in (("--origin", "http://evil.example"), ()):
            assert probe(url, *options).value["response"]["status"] == 403


def results(engine, code):
    """``results`` of a page's module script *code*, which has openSocket, Refused and raw."""
    module = (
        f"<script type=module>{explain.find('remedy page').code}{RAW}{code}window.finished = true;</script>"
    )
    html = f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">{module}'

    async def visit():
        async with opened(engine) as (place, browser):
            url = f"http://{HOST}:{place.lab.start('plain')}/remedy"
            place.put(url, html.encode())
            return (await browser.load(url, 60)).results

    return trio.run(visit)


RAW = """
const raw = (url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onclose = ({ code, reason }) => resolve([code, reason]);
});
const caught = (promise) => promise.then(() => 'open', ({ code, reason, status, body, final }) =>
    ({ code, reason, status: status ?? null, body: body ?? null, final }));
"""


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_reads_why(engine, node, aiohttp):
    with (
        uvicorn_server("websockets-sansio", starlette()) as bare,
        uvicorn_server("websockets-sansio", TellThePage(starlette())) as told,
        aiohttp_server(aiohttp_application()) as bare_aiohttp,
    ):
        rows = [
            (bare, told, "/expired", [4401, "token expired"]),
            (bare, told, "/deny", [4401, "token expired"]),
            (bare, told, "/crash", [4500, "Internal Server Error"]),
            (node[1], node[0], "/quota", [4429, "slow down"]),
            (bare_aiohttp, aiohttp, "/forbidden", [4403, "no entry"]),
        ]
        urls = [[f"ws://{HOST}:{port}{path}" for port in row[:2]] for *row, path, _ in rows]
        seen = results(
            engine,
            f"""window.results = [];
            for (const [before, after] of {json.dumps(urls)})
                results.push([await raw(before), await raw(after)]);
            """,
        )
    assert seen == [[[1006, ""], after] for *_, after in rows]


EARLY, LATE = 200, 10_000
"""Milliseconds without a Close that make a welcome: where the server sends none, and where it does, however
slow the machine is."""


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_the_page_opens_or_learns_why(engine):
    with (
        uvicorn_server("websockets-sansio", starlette()) as bare,
        uvicorn_server("websockets-sansio", TellThePage(starlette())) as told,
    ):
        seen = results(
            engine,
            f"""const told = 'ws://{HOST}:{told}', bare = 'ws://{HOST}:{bare}', http = 'http://{HOST}:';
            const fast = {{ firstPause: 10, tries: 3, settle: {LATE} }}, messages = [];
                const echo = {{ ...fast, settle: {EARLY} }};
            const onmessage = (event) => messages.push(event.data), endpoint = http + '{bare}/why';
            const pauses = [], wait = window.setTimeout;
            window.setTimeout = (then, pause) => {{ pauses.push(pause); return wait(then, pause); }};
            window.results = {{
                expired: await caught(openSocket(told + '/expired', fast)),
                forbid: await caught(openSocket(told + '/forbid', fast)),
                busy: await caught(openSocket(told + '/busy', {{ ...fast, onmessage }})),
                messages,
                full: await caught(openSocket(told + '/full', {{ ...fast, tries: 4 }})),
                pauses,
                echo: await caught(openSocket(told + '/echo', {{ ...echo, protocols: ['chat'] }})),
                tries: await (await fetch(http + '{told}/tries')).json(),
                endpoint: await caught(openSocket(bare + '/expired', {{ ...fast, endpoint }})),
                bare: await caught(openSocket(bare + '/expired', fast)),
                bareTries: await (await fetch(http + '{bare}/tries')).json(),
                invalid: await openSocket('ftp://x').catch((error) => error.name),
            }};
            """,
        )
    known = {"status": None, "body": None}
    assert seen["expired"] == {"code": 4401, "reason": "token expired", "final": True} | known
    assert (seen["busy"], seen["messages"], seen["echo"]) == ("open", ["welcome"], "open")
    assert seen["forbid"] == {"code": 4403, "reason": "no entry", "final": True} | known
    assert seen["full"] == {"code": 4429, "reason": "slow down", "final": False} | known
    assert seen["tries"] == {"expired": 1, "forbid": 1, "busy": 3, "full": 4}
    # Between half and all of 10, 20, 40 ms.
    between = [pause for pause in seen["pauses"] if pause not in (EARLY, LATE)]
    bounds = [10, 20, 10, 20, 40, 10, 20]
    assert all(most / 2 <= pause <= most for pause, most in zip(between, bounds, strict=True))
    answer = {"status": 401, "body": "session expired"}
    assert seen["endpoint"] == {"code": 1006, "reason": "", "final": True} | answer
    assert seen["bare"] == {"code": 1006, "reason": "", "final": False} | known
    assert seen["bareTries"] == {"expired": 1 + 3}
    assert seen["invalid"] == "SyntaxError"
