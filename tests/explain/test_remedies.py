"""The code that `explain remedy` prints: the ASGI middleware at the level of the protocol, and the command.
Real servers and browsers: tests/peers/test_remedies.py."""

import asyncio
import sys
from contextlib import nullcontext

import pytest

from wsprobe import explain
from wsprobe.cli.main import run
from wsprobe.diagnosis.programs import PROGRAMS
from wsprobe.explain.data.remedies.asgi import TellThePage

PAGE = [(b"host", b"chat.example"), (b"Origin", b"https://chat.example")]


def application(*messages, error=None):
    """An application that sends *messages*, then raises *error*."""

    async def app(scope, receive, send):
        for message in messages:
            await send(message)
        if error is not None:
            raise error

    return app


def ran(app, scope, receive=None, raises=None):
    """What the server is sent by *app*, which ends with the exception *raises*."""
    messages = []

    async def send(message):
        messages.append(message)

    with pytest.raises(raises) if raises else nullcontext():
        asyncio.run(app(scope, receive, send))
    return messages


HANDSHAKE = {"type": "websocket", "headers": PAGE}


def sent(app, **scope):
    """What the server is sent by *app* inside the middleware."""

    async def receive():
        return {"type": "websocket.connect"}

    return ran(TellThePage(app, pause=0), HANDSHAKE | scope, receive)


CHAT = "https://chat.example"


def answered(app, origin=CHAT, path="/ws/why"):
    """Status, headers and text that the endpoint of the middleware answers to a page of *origin*."""
    site = (b"origin", origin.encode()) if origin else (b"sec-fetch-site", b"same-origin")
    headers = [(b"host", b"chat.example"), (b"cookie", b"a=b"), site]
    scope = {"type": "http", "method": "GET", "scheme": "https", "path": path, "headers": headers}
    start, body = ran(TellThePage(app, pages=[CHAT], why="/why"), scope)
    return start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, body["body"].decode()


def close(code, reason=""):
    return {"type": "websocket.close", "code": code, "reason": reason}


def told(code, reason, subprotocol=None):
    return [{"type": "websocket.accept", "subprotocol": subprotocol}, close(code, reason)]


def denial(status, *parts):
    bodies = [
        {"type": "websocket.http.response.body", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
    return [{"type": "websocket.http.response.start", "status": status, "headers": []}, *bodies]


def test_an_application_may_send_denial_responses_whatever_the_server():
    async def app(scope, receive, send):
        assert "websocket.http.response" in scope["extensions"]
        assert "other" in scope["extensions"]
        await send(close(4403))

    assert sent(app, extensions={"other": {}}) == told(4403, "")


def test_an_exception_before_accept_is_told_and_raised():
    failing = TellThePage(application(error=ZeroDivisionError()), pause=0)
    assert ran(failing, HANDSHAKE, raises=ZeroDivisionError) == told(4500, "Internal Server Error")


def test_only_listed_pages_are_told():
    refusing = TellThePage(application(close(4401, "token expired")), pages=["https://other.example"])
    assert ran(refusing, HANDSHAKE) == [close(4401, "token expired")]


@pytest.mark.parametrize("origin", ["", CHAT])
def test_the_endpoint_makes_the_handshake_of_the_page(origin):
    """From its own origin fetch() sends no Origin; the handshake has one."""
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        assert (await receive())["type"] == "websocket.disconnect"
        await send({"type": "websocket.send", "text": "the session is over"})

    status, headers, _ = answered(app, origin, "/w%C3%A9/why")
    assert status == 204
    assert ("access-control-allow-origin" in headers) == bool(origin)
    (scope,) = scopes
    assert (scope["type"], scope["scheme"], scope["path"]) == ("websocket", "wss", "/w%C3%A9")
    assert (b"origin", CHAT.encode()) in scope["headers"]
    assert (b"cookie", b"a=b") in scope["headers"]


def test_the_endpoint_is_for_listed_pages_alone():
    status, headers, text = answered(application({"type": "websocket.accept"}), "https://evil.example")
    assert (status, text) == (403, "Forbidden")
    assert "access-control-allow-origin" not in headers
    with pytest.raises(ValueError, match="origins of its pages"):
        TellThePage(application(), why="/why")


def test_the_endpoint_answers_for_an_application_that_fails():
    failing = TellThePage(application(error=ZeroDivisionError()), pages=[CHAT], why="/why")
    scope = {"type": "http", "scheme": "https", "path": "/ws/why", "headers": PAGE}
    assert ran(failing, scope, raises=ZeroDivisionError)[0]["status"] == 500


@pytest.mark.parametrize("name", [topic for topic in explain.all_topics() if topic.startswith("remedy ")])
def test_code_alone_is_the_file(name, capsys):
    assert run(["explain", "--code", *name.split()]) == 0
    assert capsys.readouterr().out == explain.find(name).code
    assert run(["explain", *name.split()]) == 0
    assert capsys.readouterr().out.endswith("\n\n" + explain.find(name).code)


@pytest.mark.parametrize("name", [topic for topic in explain.all_topics() if topic.startswith("remedy ")])
def test_each_says_whether_it_was_run(name):
    """What is run in tests/peers/ says with what; all is a file."""
    facts = dict(explain.find(name).facts)
    unrun = name.removeprefix("remedy ") in ("envoy", "spring", "phoenix", "dotnet")
    assert facts["run"].startswith("not run" if unrun else "with ")
    assert facts["the code alone"].startswith(f"wsprobe explain --code {name} > ")


@pytest.mark.parametrize(
    "program", [each for each in PROGRAMS.values() if each.remedy], ids=lambda each: each.name
)
def test_a_program_with_code_is_found_by_its_name_too(program):
    assert explain.find(f"remedy {program.name}").topic == f"remedy {program.remedy}"


def test_the_asgi_code_needs_the_standard_library_alone():
    imports = [
        line.split()[1] for line in explain.find("remedy asgi").code.splitlines() if "import" in line[:6]
    ]
    froms = [line.split()[1] for line in explain.find("remedy asgi").code.splitlines() if line[:5] == "from "]
    assert froms
    assert {name.partition(".")[0] for name in (*imports, *froms)} <= sys.stdlib_module_names
