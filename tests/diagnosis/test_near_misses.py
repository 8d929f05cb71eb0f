"""Answers that have the words or the shape of a rule, and another cause: nothing false may be said of them."""

from __future__ import annotations

import re

import pytest

from tests.diagnosis.recorded import reading_of, session_of
from tests.exchanges import deflated, frame
from wsprobe.diagnosis import author, causes
from wsprobe.exchange import Sent

OPEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def first(answer, origin=None, path="/ws"):
    head, _, body = answer.partition("\n\n")
    wire = head.replace("\n", "\r\n") + "\r\n\r\n" + body
    asked = {"path": path} | ({"origin": origin} if origin else {})
    return causes(reading_of(wire.encode(), "fin", asked))[0]


def closed(code, reason, after=1000):
    """The first cause of a session that the server closed *after* so many microseconds."""
    return all_closed(code, reason, after)[0]


def all_closed(code, reason, after=1000):
    return causes(session_of(OPEN, after, frame(8, code.to_bytes(2, "big") + reason.encode())))


@pytest.mark.parametrize(
    ("answer", "id"),
    [
        # A program that fails speaks of its own files, keys, passwords and parsers, not of the request.
        ("HTTP/1.1 500 Internal Server Error\n\nno such table: users", "error"),
        ("HTTP/1.1 500 Internal Server Error\n\npassword authentication failed", "error"),
        ("HTTP/1.1 500 Internal Server Error\n\nToo many open files", "error"),
        ("HTTP/1.1 400 Bad Request\n\nUnexpected token < in JSON at position 0", "bad-request"),
        ("HTTP/1.1 500 Internal Server Error\n\nNo connection in the pool", "error"),
        ("HTTP/1.1 403 Forbidden\n\nRooms require an upgrade of your plan", "refused"),
        ("HTTP/1.1 403 Forbidden\n\nAsk George about the geometry", "refused"),
        # A name that begins a sentence about the request is not one of a program behind the one that answers.
        ('HTTP/1.1 400 Bad Request\n\nTarget "/ws" could not be parsed', "bad-request"),
        ("HTTP/1.1 502 Bad Gateway\n\nTarget could not be reached", "bad-gateway"),
        ("HTTP/1.1 401 Unauthorized\n\nAccess forbidden", "refused"),
        ("HTTP/1.1 504 Gateway Timeout\n\nrelay gave up after 1500ms", "gateway-timeout"),
        ("HTTP/1.1 503 Service Unavailable\n\nrelay gave up after 1500ms", "unavailable"),
        # wsgiref serves any WSGI application, Django too.
        ("HTTP/1.0 404 Not Found\nServer: WSGIServer/0.2 CPython/3.11\n\n", "not-found"),
        ("HTTP/1.0 403 Forbidden\nServer: WSGIServer/0.2 CPython/3.11\n\n", "refused"),
        ("HTTP/1.0 500 Internal Server Error\nServer: WSGIServer/0.2 CPython/3.11\n\n", "error"),
        ("HTTP/1.1 403 Forbidden\n\nCountry of origin is not allowed", "refused"),
        ("HTTP/1.1 403 Forbidden\n\nThis needs an upgrade of your websocket plan", "refused"),
        ("HTTP/1.1 503 Service Unavailable\n\nNo connection", "unavailable"),
        ("HTTP/1.1 502 Bad Gateway\n\nhost not found in upstream", "bad-gateway"),
        ("HTTP/1.1 500 Internal Server Error\n\nInvalid origin of the data", "error"),
        ("HTTP/1.1 500 Internal Server Error\n\nNot allowed by CORS", "origin-refused"),
        ("HTTP/1.1 400 Bad Request\n\nAPI version 3 is not supported", "bad-request"),
        ("HTTP/1.1 400 Bad Request\n\nWebSocket version 13 is not supported", "changed"),
        # The name of a product says nothing about a refusal; a sentence as a title does.
        ("HTTP/1.1 403 Forbidden\n\n<title>Jupyter Server</title><p>Members</p>", "refused"),
        ("HTTP/1.1 403 Forbidden\n\n<title>Members come first</title>", "refused"),
        # The status in other words.
        ("HTTP/1.1 504 Gateway Timeout\n\nGateway Time-out", "gateway-timeout"),
        ("HTTP/1.1 500 Internal Server Error\n\nServer got itself in trouble", "error"),
        # Any text of an object is no reason, unless the name of the object speaks of a fault.
        ('HTTP/1.1 403 Forbidden\n\n{"data": {"owner": "no token"}}', "refused"),
        ('HTTP/1.1 403 Forbidden\n\n{"error": {"value": "no token"}}', "unauthorized"),
        # The words of a client within a proxy say what happened behind it.
        ("HTTP/1.1 502 Bad Gateway\n\nread ECONNRESET", "backend-closed"),
        ("HTTP/1.1 502 Bad Gateway\n\nsocket hang up", "backend-closed"),
    ],
)
def test_words_that_a_rule_nearly_knows(answer, id):
    assert first(answer).id == id


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"])
@pytest.mark.parametrize(
    "signed", ["X-Powered-By: Express", "Server: TornadoServer/6.5", "Server: hypercorn-h11"]
)
def test_a_status_of_gateways_is_no_exception(signed, status):
    assert first(f"HTTP/1.1 {status}\n{signed}\n\n").id in ("bad-gateway", "gateway-timeout", "unavailable")


@pytest.mark.parametrize(
    ("code", "reason", "after", "id"),
    [
        (4000, "idle too long", 2_500_000, "idle-timeout"),
        (4000, "rate limit exceeded", 1000, "rate-limited"),
        (4003, "the token is not valid", 1000, "unauthorized"),
        (4000, "database timeout", 1000, "closed"),
        (4000, "database timeout", 600_000, "closed"),
        (4000, "timeout", 600_000, "idle-timeout"),
        (1011, "keepalive ping timeout", 3_000_000, "idle-timeout"),
        (4000, "no heartbeat received", 3_000_000, "idle-timeout"),
        # No limit of time is reached at once, and a word for pings may be about something else.
        (4000, "no heartbeat received", 1000, "closed"),
        (4000, "unknown command: ping", 3_000_000, "closed"),
        (1003, "only binary, close, ping, and pong frames are supported", 3_000_000, "message-refused"),
        (4003, "account inactive", 3_000_000, "closed"),
        (4002, "keepalive must be between 1 and 60", 3_000_000, "closed"),
        # No message was sent that the server could refuse.
        (1008, "Bad request", 1000, "refused"),
        (4010, "unsupported type of account", 1000, "closed"),
        (4001, "JSON Web Token expired", 1000, "unauthorized"),
        (1008, "file extension not allowed", 1000, "refused"),
        (1002, "unexpected extension bit", 1000, "extension-refused"),
        (4000, "Session closed", 1000, "closed"),
        (4004, "session not found or closed", 1000, "session"),
        (4004, "user not found", 1000, "not-found"),
        (4004, "no_such_channel", 1000, "session"),
        (1011, "This mountpoint isn't available.", 1000, "session"),
        (1011, "This program isn't available.", 1000, "error"),
    ],
)
def test_reasons_of_a_close_that_a_rule_nearly_knows(code, reason, after, id):
    found = closed(code, reason, after)
    assert found.id == id
    assert "endpoint" not in found.text  # after a 101 the path has one


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 404 Not Found\nServer: Python/3.11 aiohttp/3.14\n\nNot Found",
        "HTTP/1.1 404 Not Found\nServer: uvicorn\nContent-Type: text/plain; charset=utf-8\n\nNot Found",
        "HTTP/1.1 404 Not Found\nX-Powered-By: Express\n\nnothing here",
        "HTTP/1.1 404 Not Found\nX-Request-Id: 1\n\nPage not found",
        "HTTP/1.1 405 Method Not Allowed\n\n",
        "HTTP/1.1 500 \nServer: hypercorn-h11\nVia: 1.1 x (Varnish/7.7)\nX-Varnish: 5\nContent-Length: 0\n\n",
        "HTTP/1.1 500 Internal Server Error\nServer: Caddy\nContent-Type: application/json\n\n{}",
    ],
)
def test_a_proxy_without_a_mark_may_have_dropped_upgrade(answer):
    assert "a proxy that drops Upgrade" in first(answer).text


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 403 Forbidden\n\n",
        "HTTP/1.1 403 Forbidden\nContent-Type: text/plain; charset=utf-8\nContent-Length: 0\n\n",
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n<html><head>'
        "\n<title>403 Forbidden</title>",
    ],
)
def test_a_foreign_origin_is_no_proof_that_it_was_refused(answer):
    if answer.startswith("<"):
        head = "HTTP/1.1 403 Forbidden\nServer: Apache\nContent-Type: text/html; charset=iso-8859-1\n\n"
        answer = f"{head}{answer}"
    found = first(answer, "https://evil.example")
    assert (found.id, found.usual[0].startswith("the origin https://evil.example")) == ("refused", True)


def asked(answer, *headers):
    return causes(reading_of(answer.replace("\n", "\r\n").encode(), "fin", {"headers": list(headers)}))[0]


def test_what_a_request_did_wrong_is_not_all_that_a_status_can_be_about():
    old = "Sec-WebSocket-Version: 12"
    assert asked("HTTP/1.1 400 Bad Request\n\n", old).text == "Sec-WebSocket-Version of the request is not 13"
    down = asked("HTTP/1.1 502 Bad Gateway\n\n", old)
    assert (down.id, down.usual[0]) == ("bad-gateway", "an application that is down, or listens elsewhere")
    assert asked('HTTP/1.1 401 Unauthorized\n\n{"error":"no token"}', old).id == "unauthorized"
    assert asked("HTTP/1.1 500 Internal Server Error\n\nTypeError: x", old).id == "crashed-before-accept"


@pytest.mark.parametrize(("listed", "other"), [("sip", True), ("chat", False)])
def test_a_refusal_that_lists_other_subprotocols_may_require_one_of_them(listed, other):
    answer = f"HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Protocol: {listed}\r\n\r\n".encode()
    found = causes(reading_of(answer, "fin", {"protocols": ["chat"]}))[0]
    assert found.id == "bad-request"
    assert (f"a required subprotocol ({listed})" in found.usual) == other


@pytest.mark.parametrize(
    ("message", "said"), [('["error", "invalid frame"]', True), ('["hello", "invalid"]', False)]
)
def test_a_list_that_begins_with_error_is_a_message_about_one(message, said):
    reading = reading_of(OPEN + frame(1, message.encode()), "open")
    assert [each.id for each in causes(reading)] == (["message-refused"] if said else [])


def test_a_page_of_a_proxy_for_502_leaves_a_crash_open():
    page = '<!DOCTYPE html><html lang="en"><title>502 Bad Gateway</title><body></body></html>'
    found = first(f"HTTP/1.1 502 Bad Gateway\nServer: nghttpx\n\n{page}")
    assert (found.id, found.program) == ("bad-gateway", "nghttpx")
    assert "a crash" in found.text


def test_the_opening_packet_of_socket_io_names_no_program():
    reading = reading_of(OPEN + frame(1, b'0{"sid":"a","upgrades":[],"pingInterval":25000}'), "open")
    assert author(reading).id == "engine.io"
    assert [each.program for each in causes(reading)] == [None]


def test_printable_words_of_a_server_are_shown_as_they_are():
    found = first("HTTP/1.1 403 Très mauvais\nContent-Type: text/plain\n\nlune \u202e pleine \x9b \u200b 満月")
    assert "Très mauvais" in found.text
    assert found.evidence.isprintable()
    other = first("HTTP/1.1 403 Forbidden\n\nlune \u202epleine\u200b 満月")
    assert "lune \\xe2\\x80\\xaepleine\\xe2\\x80\\x8b 満月" in other.text


def test_a_code_that_no_server_may_send_is_told():
    found = closed(60000, "o'")
    assert (found.id, "60000" in found.text) == ("protocol-error", True)


def test_text_in_place_of_a_code_is_read_as_words():
    assert (closed(int.from_bytes(b"ma", "big"), "intenance").id) == "closing"
    assert closed(int.from_bytes(b"so", "big"), "rry").quote == "sorry"


@pytest.mark.parametrize("server", ["", "Server: granian\n"])
def test_an_empty_200_may_be_a_refusal(server):
    assert "a refusal with" in first(f"HTTP/1.1 200 OK\n{server}Content-Length: 0\n\n").text


def test_a_404_to_subprotocols_leaves_them_open():
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    found = causes(reading_of(answer, "fin", {"protocols": ["chat"]}))[0]
    assert "no offered subprotocol (chat)" in found.text


@pytest.mark.parametrize(
    ("query", "id"),
    [
        ("", "unauthorized"),
        ("?lang=en", "unauthorized"),
        ("?sid=Xb31", "session"),
        ("?session_id=Xb31", "session"),
    ],
)
def test_an_expired_session_is_of_the_login_unless_the_url_names_one(query, id):
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 15\r\n\r\nSession expired"
    assert causes(session_of(answer, path=f"/ws{query}"))[0].id == id


HELLO = frame(1, b"hello")


@pytest.mark.parametrize(
    ("end", "id", "route"),
    [
        (b"", "dropped", True),
        (frame(8, b""), "closed", True),
        (HELLO, "dropped", False),
        (HELLO + frame(8, b""), "closed", False),
        (frame(2, b"{}"), "dropped", False),
        (frame(2, b"\0"), "dropped", False),
    ],
)
def test_a_session_that_ended_before_any_message_may_have_no_route(end, id, route):
    found = causes(reading_of(OPEN + end, "fin"))[0]
    assert (found.id, "route for this path" in found.text) == (id, route)


def ended_after_a_message(size, close=b""):
    """The first cause where wsprobe sent *size* bytes and the server ended the session right after them."""
    return causes(session_of(OPEN, Sent(3, frame(1, b"x" * size, bytes(4))), close))[0]


@pytest.mark.parametrize(
    ("close", "id"),
    [(b"", "dropped"), (frame(8, b""), "closed"), (frame(8, b"\3\xe8"), "closed")],
)
def test_an_end_right_after_a_message_leaves_open_why(close, id):
    found = ended_after_a_message(4, close)
    assert (found.id, found.certainty) == (id, "shared")
    assert re.search(r"exception.*format, token|format, token.*exception", found.text)
    assert "on purpose" in found.text


@pytest.mark.parametrize(
    ("reason", "id"),
    [
        ("bye", "closed"),
        ("Goodbye!", "closed"),
        ("bye now", "closed"),
        ("closed", "closed"),
        ("Normal closure", "closed"),
        ("bye Tom", "server-says"),
        ("closed for the night", "server-says"),
        ("done with you", "server-says"),
    ],
)
def test_a_polite_close_gives_no_reason(reason, id):
    assert closed(1000, reason).id == id
    assert closed(4000, reason).id == "closed"


@pytest.mark.parametrize(
    ("message", "id"),
    [
        ('{"type":"result","error":{"exc_type":"E","value":"Invalid JSON data"}}', "message-refused"),
        ('{"type":"result","error":{"exc_type":"MethodGone","value":""}}', "server-says"),
        ('{"type":"result","error":{}}', ""),
        ('{"type":"result","value":"Invalid JSON data"}', ""),
        ('{"type":"reject","error":{}}', "refused"),
        (
            '{"method":"show","params":{"message":"Error in server: Expecting value: line 1"}}',
            "message-refused",
        ),
        ('{"method":"show","params":{"message":"Errors: none"}}', "server-says"),
        # A sentence says more than a code, and the code of an error is no exception.
        (
            '{"type":"result","errorCode":"frame_error","frameErrorMessage":"unknown_command: x"}',
            "message-refused",
        ),
        ('{"type":"result","errorCode":"zip_error"}', "server-says"),
        ('{"type":"result","errorCode":"server_error"}', "error"),
        ('{"type":"result","errorCode":"schema_mismatch","message":""}', "server-says"),
        ('{"error":{"code":-32000,"message":"Error","data":"no such room"}}', "session"),
        ('{"action":"log.error","event":{"message":"invalid credentials"}}', "unauthorized"),
        ('{"method":"show","params":{"message":"All is well, expecting value"}}', ""),
    ],
)
@pytest.mark.parametrize("opcode", [1, 2])
def test_an_error_in_a_message_is_read_where_it_is_one(message, id, opcode):
    found = causes(reading_of(OPEN + frame(opcode, message.encode()), "open"))
    assert [each.id for each in found] == ([id] if id else [])


@pytest.mark.parametrize(
    ("path", "usual"),
    [
        ("/socket.io/", "no EIO or transport in the query, which Socket.IO requires"),
        ("/socket.io/?EIO=2&transport=websocket", "another version of the Socket.IO protocol"),
        ("/socket.io/?EIO=4&transport=websocket&sid=x", "a session (sid) that the server does not know"),
        ("/socket.io/?EIO=4&transport=pigeon", "a transport that Socket.IO does not have"),
        ("/socket.io/?EIO=4&transport=websocket", "no Socket.IO server at this path"),
        ("/chat?sid=x", "no WebSocket route for this path"),
    ],
)
def test_a_query_of_socket_io_may_be_why_a_server_closed_at_once(path, usual):
    asked = {"path": path}
    (found,) = causes(reading_of(OPEN + frame(8, b""), "fin", asked))
    assert (found.id, found.usual[0]) == ("closed", usual)
    assert usual not in causes(reading_of(OPEN + HELLO + frame(8, b""), "fin", asked))[0].usual


def test_a_page_of_werkzeug_is_not_flasks_alone():
    page = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    found = first(f"HTTP/1.1 404 NOT FOUND\nContent-Type: text/html; charset=utf-8\n\n{page}")
    assert (found.id, found.certainty, found.program) == ("not-found", "shared", None)
    assert "another program on Werkzeug" in found.text


@pytest.mark.parametrize(("origin", "none"), [("", True), ("http://127.0.0.1:24301", False)])
def test_a_refusal_before_accepting_may_be_for_want_of_an_origin(origin, none):
    for type in ("", "Content-Type: text/plain; charset=utf-8\n"):
        answer = f"HTTP/1.1 403 Forbidden\nDate: x\nConnection: close\nContent-Length: 0\n{type}\n"
        assert ("no Origin" in first(answer, origin).text) == none


ENGINE = frame(1, b'0{"sid":"a","pingInterval":25000}')
CONNECT = frame(1, b"40", bytes(4))


@pytest.mark.parametrize(
    ("packets", "ids"),
    [
        (b"", []),
        (frame(1, b'40{"sid":"b"}'), []),
        (frame(1, b'44{"message":"no token"}'), ["unauthorized"]),
        (frame(1, b'44{"message":"no token"}') + frame(1, b"2"), ["unauthorized"]),
        (frame(1, b'44/room,{"message":"Invalid namespace"}'), ["not-found"]),
        (frame(1, b'44/room,"Invalid namespace"'), ["not-found"]),
        (frame(1, b"44 no token"), []),
        (frame(1, b'43["no token"]'), []),
    ],
)
def test_socket_io_says_why_it_refuses_a_namespace(packets, ids):
    for sent, known in ((CONNECT, []), (b"\x81\x82\0\0\0\0hi", ["not-socket.io"])):
        found = causes(session_of(OPEN + ENGINE, Sent(3, sent), packets, how="local"))
        assert [each.id for each in found] == [*ids, *known]


@pytest.mark.parametrize(("quiet", "id"), [(1000, "not-found"), (1_500_000, "dropped")])
def test_a_plain_text_is_of_the_end_where_that_follows_it(quiet, id):
    assert causes(session_of(OPEN + frame(1, b"404 page not found"), 2 + quiet))[0].id == id


@pytest.mark.parametrize(
    ("end", "after", "id"),
    [
        (b"", 1000, "dropped"),
        (frame(8, b""), 1000, "closed"),
        (frame(8, b""), 600_000, "closed"),
        (b"", 600_000, "dropped"),
    ],
)
def test_an_end_after_messages_is_an_act(end, after, id):
    assert causes(session_of(OPEN + HELLO, after, end))[0].id == id


@pytest.mark.parametrize("close", [b"", frame(8, b""), frame(8, b"\3\xe8")])
def test_a_bridge_may_not_reach_its_target(close):
    assert "cannot reach the program behind it" in causes(reading_of(OPEN + close, "fin"))[0].text
    assert "cannot reach" not in causes(reading_of(OPEN + HELLO + close, "fin"))[0].text


@pytest.mark.parametrize("words", ["No subprotocol in common", "no subprotocol chat", "missing subprotocol"])
def test_a_subprotocol_that_a_server_does_not_know_was_not_dropped(words):
    answer = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(words)}\r\n\r\n{words}".encode()
    found = causes(reading_of(answer, "fin", {"protocols": ["chat"]}))[0]
    assert found.id == "subprotocol-required"
    assert ("a proxy that drops Sec-WebSocket-Protocol" in found.text) == words.startswith("missing")


@pytest.mark.parametrize(
    ("error", "id"),
    [
        ('{"code":-32601,"message":"Unhandled method nope"}', "message-refused"),
        ('{"code":-32700,"message":"Oops"}', "message-refused"),
        ('{"code":-32603,"message":"Oops"}', "server-says"),
        ('{"code":-32601}', ""),
        ('{"code":32601,"message":"Unhandled method nope"}', "server-says"),
        ('[{"code":-32601}]', ""),
        ('"Unhandled promise rejection"', "crashed"),
        ('"Invalid topic format"', "message-refused"),
    ],
)
def test_a_call_that_json_rpc_refuses_is_known_by_its_code(error, id):
    message = f'{{"jsonrpc":"2.0","error":{error}}}'.encode()
    assert next((each.id for each in causes(reading_of(OPEN + frame(1, message), "open"))), "") == id


@pytest.mark.parametrize(
    ("body", "id"),
    [
        ("missing Origin header", "origin-lost"),
        ("Origin required", "origin-lost"),
        ("Invalid or missing Origin header", "origin-refused"),
        ("Missing origin in allow list", "origin-refused"),
        ("Unknown origin", "origin-refused"),
    ],
)
def test_an_origin_is_lost_only_where_the_words_leave_nothing_else_open(body, id):
    assert first(f"HTTP/1.1 403 Forbidden\n\n{body}", "https://app.example").id == id
    assert first(f"HTTP/1.1 403 Forbidden\n\n{body}").id == "origin-refused"


@pytest.mark.parametrize(
    ("path", "body", "id"),
    [
        ("/ws", "Session expired", "unauthorized"),
        ("/ws", "Your session has expired, log in", "unauthorized"),
        ("/ws?sid=3", "Session expired", "session"),
        ("/session/3/cdp", "Session expired", "session"),
        ("/ws", "Upload session expired", "session"),
        ("/ws", "Reason: session timed out or not found", "session"),
    ],
)
def test_a_session_that_expired_is_not_always_one_of_a_login(path, body, id):
    answer = f"HTTP/1.1 403 Forbidden\r\n\r\n{body}".encode()
    assert causes(reading_of(answer, "fin", {"path": path}))[0].id == id


@pytest.mark.parametrize(
    ("to", "login"),
    [
        ("/login?next=/ws", True),
        ("/accounts/sign_in", True),
        ("/oauth2/start", True),
        ("/catalog-info", False),
        ("/design-index", False),
        ("/assigning", False),
    ],
)
def test_a_word_within_another_is_no_login(to, login):
    assert (first(f"HTTP/1.1 302 Found\nLocation: {to}\n\n").fix.startswith("log in first")) == login


@pytest.mark.parametrize(
    "answer",
    ["413 Payload Too Large", "413 Content Too Large", "413 Request Entity Too Large", "414 URI Too Long"],
)
def test_each_standard_phrase_of_a_status_is_ordinary(answer):
    assert first(f"HTTP/1.1 {answer}\n\n").id == "header-too-large"


def test_a_compressed_packet_connects_to_socket_io_too():
    opened = OPEN[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" + ENGINE
    assert causes(session_of(opened, Sent(3, frame(1, deflated(b"40"), bytes(4), rsv=4)), how="local")) == ()


@pytest.mark.parametrize("message", [b'44{"message":"\xff"}', b'44"\xc3', b'{"error":"\xff no token"}'])
def test_a_message_that_is_not_utf8_has_no_words_and_raises_nothing(message):
    found = causes(reading_of(OPEN + ENGINE + frame(1, message), "open"))
    assert [each.id for each in found] == ["not-socket.io"]


def test_a_fault_of_the_request_is_no_proof_of_why_a_server_closed():
    for how, more in (("fin", True), ("reset", True), ("timeout", False)):
        found = causes(session_of(how=how, headers=["Sec-WebSocket-Version: 12"]))[0]
        assert found.usual[0] == "Sec-WebSocket-Version of the request is not 13"
        assert (
            "a refusal (path, token, cookie, Origin, subprotocol) or a rule (nginx 444)" in found.usual
        ) == more


@pytest.mark.parametrize(("challenge", "other"), [("", True), ("WWW-Authenticate: Basic\n", False)])
@pytest.mark.parametrize("signed", ["", "X-Powered-By: Express\n"])
def test_a_401_that_names_no_scheme_may_be_of_another_check(signed, challenge, other):
    found = first(f"HTTP/1.1 401 Unauthorized\n{signed}{challenge}\n")
    assert found.id == ("refused" if other else "unauthorized")
    assert ("another check" in found.text) == other


@pytest.mark.parametrize("server", ["granian", "hypercorn-h11"])
def test_a_failure_with_a_page_may_be_of_a_plain_get(server):
    found = first(f"HTTP/1.1 500 Internal Server Error\nServer: {server}\n\nInternal server error")
    assert found.id == "error"
    assert "a proxy that drops Upgrade" in found.text


@pytest.mark.parametrize(
    ("status", "route"), [("404 ", True), ("405 ", True), ("410 Gone", True), ("200 ", True)]
)
def test_an_answer_of_an_application_may_be_that_of_no_route(status, route):
    found = first(f"HTTP/1.1 {status}\nServer: hypercorn-h11\n\n")
    assert ("no WebSocket endpoint at this path" in found.text) == route


@pytest.mark.parametrize(
    ("words", "id"), [("RBAC: access denied", "blocked-by-rule"), ("RBAC: you are denied", "refused")]
)
def test_the_policy_of_envoy_is_known_by_its_own_words(words, id):
    assert first(f"HTTP/1.1 403 Forbidden\nServer: envoy\n\n{words}").id == id


@pytest.mark.parametrize(
    ("message", "id"),
    [
        ("Expecting value: line 1 column 1 (char 0)", "message-refused"),
        ("Unexpected token 'b', \"boom\" is not valid JSON", "message-refused"),
        ("Expecting value: see line 1 column 1 (char 0) for more", ""),
        ("Expecting value", ""),
        ("Unexpected token of love", ""),
        ("boom", ""),
    ],
)
def test_what_a_parser_of_json_says_is_no_chat(message, id):
    found = causes(reading_of(OPEN + frame(1, message.encode()), "open"))
    assert next((each.id for each in found), "") == id


def test_a_401_without_a_scheme_may_not_be_about_the_credentials_sent():
    for challenge, other in ((b"", True), (b"WWW-Authenticate: Bearer\r\n", False)):
        answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n" + challenge + b"\r\n"
        found = causes(session_of(answer, headers=["Authorization: Bearer t"]))[0]
        assert found.id == ("refused" if other else "credentials-refused")
        assert ("another check" in found.text) == other


@pytest.mark.parametrize("status", ["502 Bad Gateway", "504 Gateway Timeout"])
def test_a_status_of_a_gateway_may_be_of_an_application_before_a_service(status):
    assert "a service of the application" in first(f"HTTP/1.1 {status}\n\n").text


def test_http_behind_a_101_may_be_what_a_handler_sent():
    found = causes(reading_of(OPEN + b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "fin"))[
        0
    ]
    assert found.id == "response-after-101"
    assert "a handler that sent an HTTP response" in found.text


@pytest.mark.parametrize("reason", ["cannot reach the upstream", "zzz"])
def test_the_reason_of_a_close_is_quoted_once(reason):
    assert [reason in each.text for each in all_closed(1011, reason)].count(True) == 1


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ("HTTP/1.1 403 Forbidden\n\n<title>Jupyter Server</title><p>Members</p>", ""),
        ("HTTP/1.1 403 Forbidden\n\n<title>Members come first</title>", '"Members come first"'),
        ("HTTP/1.1 403 Go Away\n\n<title>Jupyter Server</title>", '"Go Away"'),
        ('HTTP/1.1 403 Forbidden\n\n{"data": {"owner": "Ann Lee"}}', ""),
        ('HTTP/1.1 403 Forbidden\n\n{"error": {"who": "Ann Lee"}}', '"Ann Lee"'),
    ],
)
def test_names_are_not_quoted_as_statements(answer, quote):
    says = first(answer).text.partition("the server says ")[2]
    assert says == quote


@pytest.mark.parametrize(
    ("answer", "id"),
    [
        ("HTTP/1.1 403 Forbidden\n\nblocked by a security rule", "blocked-by-rule"),
        ("HTTP/1.1 403 Forbidden\n\ntoken expired", "unauthorized"),
        # These may be what a server says of a name that it does not have.
        ("HTTP/1.1 403 Forbidden\n\nHost not allowed", "host-refused"),
        ("HTTP/1.1 403 Forbidden\n\nnot allowed", "refused"),
        ("HTTP/1.1 404 Not Found\n\nno such page here", "not-found"),
        ("HTTP/1.1 403 Forbidden\n\nMembers come first", "refused"),
    ],
)
def test_words_about_something_else_come_before_the_host_of_the_request(answer, id):
    head, _, body = answer.partition("\n\n")
    wire = (head.replace("\n", "\r\n") + "\r\n\r\n" + body).encode()
    assert causes(reading_of(wire, "fin", {"headers": ["Host: other.example"]}))[0].id == id


@pytest.mark.parametrize(
    ("words", "none"), [("Backend not available", True), ("connect to backend failed", False)]
)
def test_a_backend_that_is_not_available_may_not_be_set(words, none):
    assert (
        "no application for this host or path" in first(f"HTTP/1.1 503 Service Unavailable\n\n{words}").text
    ) == none


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "403 Forbidden", "500 Internal Server Error"])
def test_a_wsgi_server_alone_does_not_show_django(status):
    found = first(f"HTTP/1.0 {status}\nServer: WSGIServer/0.2 CPython/3.11\n\n")
    assert "Django" not in found.text + found.fix
    assert "runserver" not in found.fix


def test_a_failure_after_a_message_may_be_its_refusal():
    soon, late = (after_message(1011, b"ValidationError", at).text for at in (2000, 5_000_000))
    assert "a message that it does not accept" in soon
    assert late == 'the application failed in the session; the server says "ValidationError"'


@pytest.mark.parametrize(
    ("begun", "id"),
    [
        (b"HTTP/1.1 400 Unrecognized Socket Type\r\nSec-WebSocket-Version: 13\r\n", "server-says"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n", "bad-request"),
        (b"HTTP/1.1 403 no token\r\nServer: x\r\n", "unauthorized"),
        (b"HTTP/1.1 403 no", "dropped-in-status-line"),
    ],
)
def test_a_refusal_whose_head_does_not_end_is_still_one(begun, id):
    found = causes(reading_of(begun, "fin"))
    assert found[0].id == id
    assert {"dropped-in-head", "dropped-in-status-line"} & {cause.id for cause in found}


def test_a_silent_end_leaves_open_what_was_not_sent():
    assert "(path, token, cookie, Origin, subprotocol)" in causes(session_of())[0].text


def test_a_page_without_a_reason_leaves_open_that_an_origin_is_required():
    page = (
        "<html><head><title>400 Forbidden</title></head><body>Received invalid WebSocket request</body></html>"
    )
    answer = f"HTTP/1.1 403 Forbidden\nContent-Type: text/html\nContent-Length: {len(page)}\n\n{page}"
    assert "no Origin in the request" in first(answer).text
    assert "no Origin" not in first(answer, "http://app.example").text


def test_a_code_alone_leaves_open_what_went_before_it():
    assert "an idle timeout" in closed(1013, "", 2_500_000).text
    assert "an idle timeout" in closed(4000, "", 2_500_000).text
    assert "an idle timeout" not in closed(1013, "", 1000).text
    assert "an idle timeout" not in closed(1013, "full", 2_500_000).text
    assert "a refusal of the session" in closed(1003, "").text
    assert "a refusal of the session" not in closed(1003, "text expected").text
    assert "a refusal of the session" not in after_message(1003).text


def after_message(code, reason=b"", at=2000):
    """The first cause of a session that the server closed after a message."""
    message = Sent(1000, frame(1, b"hi", bytes(4)))
    return causes(session_of(OPEN, message, at, frame(8, code.to_bytes(2, "big") + reason)))[0]


@pytest.mark.parametrize(
    ("body", "quote"),
    [
        ('{"error":"members only"}', True),
        ('{"success":false,"error":{"message":"members only"}}', True),
        ('{"error":null,"message":"members only"}', False),
        ('{"message":"members only"}', False),
        ('["members only"]', False),
        ('{"error":"members only"', False),
    ],
)
def test_an_ordinary_answer_is_quoted_where_it_reports_a_fault(body, quote):
    found = first(f"HTTP/1.1 200 OK\nContent-Type: application/json\n\n{body}")
    assert found.id == "not-upgraded"
    assert ('the server says "members only"' in found.text) == quote


SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"


@pytest.mark.parametrize(
    "fields", ["Content-Length: 0", "Date: x\nContent-Length: 0\nContent-Type: text/plain\nConnection: close"]
)
def test_without_an_origin_a_refused_socket_io_may_be_at_another_path(fields):
    found = first(f"HTTP/1.1 403 Forbidden\n{fields}\n\n", path=SOCKET_IO)
    assert (found.id, found.usual[0]) == ("refused", "no Socket.IO server at this path")
    foreign = first(f"HTTP/1.1 403 Forbidden\n{fields}\n\n", "https://other.example", SOCKET_IO)
    assert "the origin https://other.example, which is not allowed" in foreign.usual


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/rooms/7/ws", True),
        ("/kernels/00000000-0000-0000-0000-00000000000a/channels", True),
        ("/s/0123456789abcdef", True),
        ("/v2/ws", False),
        ("/rooms/7a/ws", False),
    ],
)
def test_a_path_with_an_id_may_name_what_is_not_there(path, known):
    found = first("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n", path=path)
    assert ("an id in the path that the server does not know" in found.usual) == known


def test_a_close_with_1008_gives_its_usual_causes_where_it_gives_no_reason():
    assert closed(1008, "").usual == ("a check (token, session, Origin, parameter)",)
    assert closed(1008, "bad request").usual == ()
