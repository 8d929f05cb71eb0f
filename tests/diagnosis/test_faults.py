"""Causes that were named wrongly once (issue 20, section 3): what the bytes do not prove is not claimed."""

from __future__ import annotations

import pytest

from tests.diagnosis.recorded import AT, reading_of, session_of
from tests.exchanges import frame
from wsprobe.diagnosis import author, causes
from wsprobe.exchange import Sent

OPEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
EMPTY_CLOSE = b"\x88\x00"
NORMAL = b"\x88\x02\x03\xe8"
SECOND = 1_000_000


def found(answer, ended="fin", **asked):
    return causes(reading_of(answer, ended, asked))


def session(*steps):
    """The first cause of a session that the server ended."""
    return causes(session_of(OPEN, *steps))[0]


def text(message):
    return frame(1, message.encode())


# Tornado compares the Origin with Host --------------------------------------------------------------------

CROSS = (
    b"HTTP/1.1 403 Forbidden\r\nServer: nginx\r\nContent-Type: text/html; charset=UTF-8\r\n"
    b"Content-Length: 35\r\n\r\nCross origin websockets not allowed"
)


@pytest.mark.parametrize(
    ("origin", "cause", "fix"),
    [
        (f"http://{AT}", "host-changed", "proxy_set_header Host $http_host"),
        (f"http://localhost:{AT.rpartition(':')[2]}", "origin-refused", f"try --origin http://{AT}:"),
        ("http://localhost:3000", "origin-refused", "override check_origin()"),
    ],
)
def test_tornado_is_given_only_an_origin_that_it_would_accept(origin, cause, fix):
    first = found(CROSS, origin=origin)[0]
    assert first.id == cause
    assert fix in first.fix
    assert ("try --origin" in first.fix) == fix.startswith("try")


# How a session ended --------------------------------------------------------------------------------------


def test_an_empty_close_at_once_names_the_act_and_what_may_lead_to_it():
    first = session(1000, EMPTY_CLOSE)
    assert (first.id, first.certainty, first.program) == ("closed", "shared", None)
    assert "no WebSocket route for this path" in first.text


@pytest.mark.parametrize("close", [EMPTY_CLOSE, NORMAL])
def test_a_close_after_silence_may_be_an_idle_limit(close):
    first = session(1000, text("hi"), 1000 + 4 * SECOND, close)
    assert (first.id, first.usual[0]) == ("closed", "an idle timeout")
    assert "4.0 s" in first.text


def test_a_missing_route_is_not_named_where_a_message_came():
    assert "route" not in session(1000, text("hi"), 2000, EMPTY_CLOSE).text


def test_the_words_of_a_close_come_before_its_code():
    first = session(SECOND, frame(8, b"\x03\xe9Connection Idle Timeout"))
    assert (first.id, first.certainty) == ("idle-timeout", "stated")


def test_the_last_message_says_why():
    message = text('{"type":"disconnect","reason":"unauthorized"}')
    assert session(1000, message, EMPTY_CLOSE).id == "unauthorized"
    assert session(1000, text('{"command":"init","problem":"no-session"}'), EMPTY_CLOSE).id == "session"
    stream = "<stream:error xmlns:stream='x'><text>not-well-formed</text></stream:error>"
    assert session(1000, text(stream), NORMAL).id == "message-refused"


@pytest.mark.parametrize(
    ("size", "usual"),
    [(300, "a message that is too large"), (5, "a message that it does not accept (format, token)")],
)
def test_a_message_just_before_the_drop_may_explain_it(size, usual):
    first = session(Sent(1000, frame(1, b"x" * size, bytes(4))), 2000)
    assert (first.id, first.usual[0]) == ("dropped", usual)
    assert f"{size} bytes" in first.text


def test_an_open_session_that_nobody_ended_has_no_cause():
    reading = reading_of(OPEN + text("hi"), "open")
    assert causes(reading) == ()


# Programs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        # Koa; configurable-http-proxy; trio-websocket, httpd.js.
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 21\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nInternal Server Error",
        b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 403 \r\nx-reason: token\r\nContent-length: 8\r\n\r\nno token",
        b"HTTP/1.1 404 Not Found\r\nServer: httpd.js\r\nContent-Type: text/plain;charset=utf-8\r\n\r\nNope",
        # A refusal in the shape of gorilla, signed by another; an empty 403 of Cowboy.
        b"HTTP/1.1 403 Forbidden\r\nServer: nats\r\nSec-Websocket-Version: 13\r\n"
        b"X-Content-Type-Options: nosniff\r\n\r\nForbidden\n",
        b"HTTP/1.1 403 Forbidden\r\nserver: Cowboy\r\ncontent-length: 0\r\n\r\n",
        # An empty 500 of PHP; ChromeDriver; connect, which writes Express's page.
        b"HTTP/1.1 500 Internal Server Error\r\nX-Powered-By: PHP/8.4\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\nX-WebSocket-Reject-Reason: bad request received path /ws\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<pre>Cannot GET /ws</pre>",
    ],
)
def test_no_program_is_named_for_what_others_write_too(answer):
    known = author(reading_of(answer, "fin"))
    assert [each.program for each in known.causes if each.program] == []
    assert not any("ASGI" in each.text or "Channels" in each.text for each in known.causes)


def test_a_bare_503_claims_no_more_than_its_status():
    assert found(b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n")[0].id == "unavailable"


def test_an_asgi_403_leaves_an_exception_open():
    answer = (
        b"HTTP/1.1 403 Forbidden\r\nDate: x\r\nConnection: close\r\nContent-Length: 0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    first = found(answer)[0]
    assert (first.id, first.certainty, first.program) == ("refused", "shared", None)
    assert "exception" in first.text
    assert "no route" in first.text.replace("no \nroute", "no route")


def test_a_route_that_is_missing_on_granian_is_no_lost_upgrade():
    assert found(b"HTTP/1.1 404 Not Found\r\nserver: granian\r\n\r\n")[0].id == "not-found"


@pytest.mark.parametrize(
    ("asked", "usual"),
    [
        ({}, ("no Origin in the request (browsers always send one)",)),
        ({"origin": "https://x.example"}, ("the origin https://x.example, which is not allowed",)),
        ({"note": "plain GET"}, ()),
    ],
)
def test_action_cable_s_page_is_a_refused_origin_or_a_missing_upgrade(asked, usual):
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX-Request-Id: a\r\n\r\nPage not found"
    assert found(answer, **asked)[0].usual[:1] == usual
    empty = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nX-Request-Id: a\r\nContent-Length: 0\r\n\r\n"
    assert found(empty)[0].id == "not-found"


def test_nginx_runs_code_too():
    page = b"HTTP/1.1 500 Internal Server Error\r\nServer: nginx\r\n\r\n<hr><center>nginx</center>"
    assert "Lua" in found(page)[0].text


def test_a_redirect_to_another_host_is_no_advice_to_use_tls():
    answer = b"HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\n\r\n"
    first = found(answer)[0]
    assert "wss" not in first.fix
    assert "another host (login.example)" in first.text
    assert "wss" in found(answer.replace(b"login.example", AT.encode()))[0].fix


def test_channels_refuses_for_want_of_an_origin_first():
    first = found(b"HTTP/1.1 403 Access denied\r\n\r\n")[0]
    assert first.usual[0] == "no Origin in the request (browsers always send one)"


def test_a_waf_speaks_by_its_status():
    assert found(b"HTTP/1.1 406 Not Acceptable\r\n\r\n")[0].usual[0].startswith("a firewall (WAF)")
    assert found(b"HTTP/1.1 451 x\r\n\r\n")[0].id == "legal"
    assert found(b"HTTP/1.1 431 x\r\n\r\n")[0].id == "header-too-large"


def test_another_host_than_the_url_s_explains_a_refusal():
    first = found(b"HTTP/1.1 421 Misdirected Request\r\n\r\n", headers=["Host: evil.example"])[0]
    assert (first.id, first.certainty) == ("host-refused", "own-request")
    first, second = found(b"HTTP/1.1 400 Bad Request\r\n\r\n", headers=["Host: evil.example"])
    assert (first.id, first.certainty, second.id) == ("bad-request", "status", "host-refused")
    assert first.usual[1] == "the Host evil.example, which is not the URL's"


def test_a_huge_field_explains_a_refusal_and_an_answer_that_is_no_http():
    cookie = {"headers": ["Cookie: a=" + "x" * 20000]}
    assert found(b"HTTP/1.1 404 Not Found\r\n\r\n", **cookie)[0].usual[-1].startswith("the size of Cookie")
    assert found(b"Error 426: Upgrade Required\n", headers=["Sec-WebSocket-Version: 12"])[0].id == (
        "version-unsupported"
    )
