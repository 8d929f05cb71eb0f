"""Starlette on uvicorn (both of its implementations) and on hypercorn: refusal before accept, after it, with an
answer of its own, and by a crash."""

import json

import pytest

from tests.peers.place import HOST, UNTIL_ENDED
from tests.peers.python_servers import hypercorn_server, uvicorn_server
from tests.peers.witness import by_curl, by_socket
from wsprobe.cli.main import run
from wsprobe.diagnosis import causes
from wsprobe.read import read

SERVERS = {
    "uvicorn-websockets": lambda: uvicorn_server("websockets-sansio"),
    "uvicorn-wsproto": lambda: uvicorn_server("wsproto"),
    "hypercorn": hypercorn_server,
}


@pytest.fixture(scope="module", params=SERVERS)
def asgi(request):
    """Name and port."""
    with SERVERS[request.param]() as port:
        yield request.param, port


def likely(told):
    return [each.text for each in causes(read(told.exchange))[:1]]


def test_refusal_before_accept(asgi, probe):
    name, port = asgi
    told = probe(f"ws://{HOST}:{port}/refuse")
    assert (told.answer.status, told.outcome) == (403, "refused")
    assert b"4403" not in told.received
    assert told.answer == by_socket(port, told.request)
    assert told.answer.body == b""
    (text,) = likely(told)
    assert name.split("-")[0] in text.lower()
    assert "accept" in text


def test_accept_then_close(asgi, probe):
    told = probe(f"ws://{HOST}:{asgi[1]}/close", *UNTIL_ENDED)
    assert (told.outcome, told.failed) == ("closed", set())
    close = told.value["close"]
    assert (close["code"], close["reason"], close["by"]) == (4403, "no entry", "server")
    assert told.answer == by_socket(asgi[1], told.request)


def test_denial_response(asgi, probe):
    told = probe(f"ws://{HOST}:{asgi[1]}/deny")
    assert (told.answer.status, told.outcome) == (401, "unauthorized")
    assert told.answer.body == b"token expired\n"
    assert told.answer.field("X-Request-Id") == "abc-123"
    (text,) = likely(told)
    assert text == (
        'the server requires credentials, and received no valid ones; the server says "token expired"'
    )
    assert told.answer == by_socket(asgi[1], told.request)


def test_crash(asgi, probe):
    told = probe(f"ws://{HOST}:{asgi[1]}/crash")
    assert (told.answer.status, told.outcome) == (500, "server-error")
    assert told.answer == by_socket(asgi[1], told.request)


def test_echo(asgi, probe):
    told = probe(f"ws://{HOST}:{asgi[1]}/echo", "--send", "hello", "--protocol", "chat")
    assert (told.outcome, told.failed) == ("open", set())
    assert told.answer.field("Sec-WebSocket-Protocol") == "chat"
    assert told.answer == by_socket(asgi[1], told.request)


@pytest.mark.programs
@pytest.mark.parametrize("path", ["/refuse", "/deny", "/crash"])
def test_curl_was_told_the_same(asgi, probe, need, path):
    need("curl")
    told = probe(f"ws://{HOST}:{asgi[1]}{path}")
    assert told.answer == by_curl(f"http://{HOST}:{asgi[1]}{path}", told.request)


def test_what_a_page_is_told(asgi, capsys):
    """The code that was never sent is 1006 to every page; the one that was sent arrives."""
    codes = {}
    for path in ("refuse", "deny", "close"):
        url = f"ws://{HOST}:{asgi[1]}/{path}"
        run(["compare", "--json", "--browser", "chromium,whatwg", url])
        (line,) = capsys.readouterr().out.splitlines()
        value = json.loads(line)
        assert [view["browser"] for view in value["views"]] == ["chromium", "whatwg"]
        codes[path] = [[e["code"] for e in view["events"] if e["type"] == "close"] for view in value["views"]]
    assert codes == {"refuse": [[1006]] * 2, "deny": [[1006]] * 2, "close": [[4403]] * 2}
