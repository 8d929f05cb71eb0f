"""The code that `explain remedy` prints, in real servers: what fetch() and a page learn. What the handshake is
answered: answers/told.txt. The browsers: ``-n 0 -m engines``."""

import json
from http.client import HTTPConnection

import pytest
import trio

from tests.browsers.pages import source
from tests.peers import telling
from tests.peers.browser import ENGINES, opened
from tests.peers.place import HOST, PATIENCE, filled
from tests.peers.python_servers import aiohttp_server, uvicorn_server
from tests.peers.telling import PAGE, starlette
from wsprobe import explain
from wsprobe.explain.data.remedies.asgi import TellThePage

KNOWN, FOREIGN = {"Origin": PAGE}, {"Origin": "http://evil.example"}
OWN, CROSS = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}
"""A page's fetch() of its own origin sends no Origin, and its handshake does."""
ENDPOINTS = [
    *(
        (peer, path, fields, answer)
        for peer in ("told-ws.endpoint", "told-aiohttp")
        for path, fields, answer in (
            ("/quota", KNOWN, (429, "slow down", PAGE)),
            ("/", KNOWN, (204, "", PAGE)),
            ("/quota", {}, (429, "slow down", None)),
            ("/quota", FOREIGN, (429, "slow down", None)),
        )
    ),
    ("told-ws.own", "/", OWN, (204, "", None)),
    ("told-ws.own", "/", {}, (401, "Unauthorized", None)),
    ("told-aiohttp", "/own", OWN, (204, "", None)),
    ("told-aiohttp", "/own", CROSS, (403, "another origin", None)),
    ("told-aiohttp", "/own", {}, (403, "another origin", None)),
]
"""Server, path, fields of the request -> status, text and allowed origin."""


@pytest.mark.programs
@pytest.mark.parametrize(("peer", "path", "fields", "answer"), ENDPOINTS)
def test_an_endpoint_answers_fetch(peer, path, fields, answer, peers):
    connection = HTTPConnection(peers.at(*peer.split(".")), timeout=PATIENCE)
    connection.request("GET", path, headers=fields)
    came = connection.getresponse()
    text = came.read().decode()
    connection.close()
    assert (came.headers["Cache-Control"], came.headers["Vary"]) == ("no-store", "Origin")
    assert (came.status, text, came.headers["Access-Control-Allow-Origin"]) == answer


HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'


def results(engine, code):
    """``results`` of a page's module script *code*, which has openSocket, Refused and raw."""
    module = "".join(
        (explain.find("remedy page").code, source("remedy-page.js"), code, "window.finished = true;")
    )
    html = f"{HEAD}<script type=module>{module}</script>"

    async def visit():
        async with opened(engine) as (place, browser):
            url = f"http://{HOST}:{place.lab.start('plain')}/remedy"
            place.put(url, html.encode())
            return (await browser.load(url, 60)).results

    return trio.run(visit)


@pytest.mark.engines
@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_reads_why(engine, peers):
    node, aiohttp = peers["told-ws"], peers["told-aiohttp"]
    with (
        uvicorn_server("websockets-sansio", starlette()) as bare,
        uvicorn_server("websockets-sansio", TellThePage(starlette())) as told,
        aiohttp_server(telling.aiohttp()) as bare_aiohttp,
    ):
        rows = [
            (bare, told, "/expired", [4401, "token expired"]),
            (bare, told, "/deny", [4401, "token expired"]),
            (bare, told, "/crash", [4500, "Internal Server Error"]),
            (node.bare, node.port, "/quota", [4429, "slow down"]),
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
        values = {"host": HOST, "told": told, "bare": bare, "early": EARLY, "late": LATE}
        seen = results(engine, filled(source("remedy-opens.js"), values))
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
