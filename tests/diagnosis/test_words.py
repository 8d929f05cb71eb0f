"""What servers say in words: where the words are, what is no word of their own, and what is known of them."""

from __future__ import annotations

import re
from re import _parser as parser

import pytest

from tests.diagnosis.recorded import reading_of
from tests.diagnosis.senses import senses
from wsprobe.diagnosis import causes
from wsprobe.diagnosis.session_words import troubled
from wsprobe.diagnosis.words import STATED

ORIGIN = {"origin": "https://page.example"}


def first(answer, **asked):
    return causes(reading_of(answer.replace("\n", "\r\n", 99).encode("latin-1"), "fin", asked))[0]


def html(title, rest=""):
    page = f"<!doctype html><html><head><title>{title}</title></head><body>{rest}</body></html>"
    return f"Content-Type: text/html\n\n{page}"


@pytest.mark.parametrize(
    ("answer", "asked", "id", "quote"),
    [
        # Reason phrases.
        ("HTTP/1.1 403 no token\n\n", {}, "unauthorized", "no token"),
        ("HTTP/1.1 400 No WebSocket Upgrade header found\n\n", {}, "upgrade-lost", "No WebSocket Upgrade"),
        # Plain text.
        (
            'HTTP/1.1 400 Bad Request\n\nNo WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".',
            {},
            "upgrade-lost",
            "No WebSocket UPGRADE hdr",
        ),
        (
            "HTTP/1.1 400 Bad Request\n\nwebsocket: the client is not using the websocket protocol: 'upgrade' "
            "token not found in 'Connection' header",
            {},
            "upgrade-lost",
            "token not found",
        ),
        (
            "HTTP/1.1 403 Forbidden\n\nFailed to open: invalid Origin header: x.",
            ORIGIN,
            "origin-refused",
            "invalid",
        ),
        (
            'HTTP/1.1 403 Forbidden\n\nrequest Origin "" is not authorized for Host "ws.example"',
            {},
            "origin-refused",
            "is not authorized",
        ),
        ("HTTP/1.1 400 Bad Request\n\nmissing subprotocol.", {}, "subprotocol-required", "missing"),
        (
            "HTTP/1.1 400 Bad Request\n\nSubprotocol not supported",
            {"protocols": ["chat.v1"]},
            "subprotocol-required",
            "not supported",
        ),
        (
            "HTTP/1.1 400 Bad Request\n\nUnsupported WebSocket version: 13, 13.",
            {},
            "version-duplicated",
            "13, 13",
        ),
        (
            "HTTP/1.1 400 Bad Request\n\n<b>The plain HTTP request was sent to HTTPS port<b>",
            {},
            "tls-port",
            "HTTPS port",
        ),
        ("HTTP/1.1 429 Too Many Requests\n\nslow down, 3 connections at most", {}, "rate-limited", "slow down"),
        ("HTTP/1.1 500 Internal Server Error\n\nNo such target id: x", {}, "session", "No such target id"),
        ("HTTP/1.1 502 Bad Gateway\n\nconnect ECONNREFUSED 127.0.0.1:9", {}, "backend-down", "ECONNREFUSED"),
        # JSON, also nested, and RFC 9457.
        (
            'HTTP/1.1 403 Forbidden\n\n{"error":{"code":7,"message":"token expired"}}',
            {},
            "unauthorized",
            "token",
        ),
        (
            'HTTP/1.1 400 Bad Request\nContent-Type: application/problem+json\n\n{"title":"Nope",'
            '"detail":"unknown room 7"}',
            {},
            "session",
            "unknown room 7",
        ),
        # Fields.
        ("HTTP/1.1 403 Forbidden\nX-Denied-Reason: password wrong\n\n", {}, "unauthorized", "password"),
        # Pages: a title, and no words of scripts.
        (
            f"HTTP/1.1 403 Forbidden\n{html('Error 403 no token')}",
            {},
            "unauthorized",
            '"no token"',
        ),
        (
            f"HTTP/1.1 400 Bad Request\n{html('Error 400 subprotocol')}",
            {},
            "subprotocol-required",
            '"subprotocol"',
        ),
        # Words that wsprobe does not know are quoted.
        ("HTTP/1.1 403 Forbidden\n\nThe moon is full.", {}, "refused", "The moon is full."),
        ("HTTP/1.1 404 Not Found\n\nno moon", {}, "not-found", "no moon"),
        ("HTTP/1.1 400 Bad Request\n\nThe moon is full.", {}, "bad-request", "The moon is full."),
        ("HTTP/1.1 500 Internal Server Error\n\nboom", {}, "error", "boom"),
    ],
)
def test_words_are_read_and_quoted(answer, asked, id, quote):
    found = first(answer, **asked)
    assert (found.id, found.certainty) == (id, "stated")
    assert quote in found.text
    assert answer.split()[1] in found.evidence


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 403 Forbidden\n\nForbidden",
        f"HTTP/1.1 403 Forbidden\n{html('403 Forbidden', '<h1>Forbidden</h1>')}",
        f"HTTP/1.1 403 Forbidden\n{html('Access denied', '<script>window.location.origin; token</script>')}",
        f"HTTP/1.1 403 Forbidden\n{html('403', '<style>.login { password: 1 }</style><!-- no token -->')}",
        'HTTP/1.1 403 Forbidden\n\n{"statusCode":403,"error":"Forbidden","message":"Forbidden"}',
        "HTTP/1.1 403 Forbidden\n\n\0\1\2 token",
        "HTTP/1.1 302 Redirect\nLocation: /login",
        "HTTP/1.1 301 Permanent Redirect\nLocation: /ws/",
    ],
)
def test_what_says_no_more_than_the_status_is_no_word(answer):
    assert next(each.certainty for each in causes(reading_of(answer.encode(), "fin"))) != "stated"


def test_a_request_that_is_no_handshake_leads_and_the_words_agree():
    found = first(
        "HTTP/1.1 400 Bad Request\n\n'upgrade' token not found in 'Connection' header", note="plain GET"
    )
    assert (found.id, found.certainty) == ("handshake-incomplete", "own-request")


def test_a_page_of_200_says_nothing():
    found = first(
        "HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8\n\n<html>log in with your token</html>"
    )
    assert (found.id, found.certainty) == ("not-upgraded", "status")


def test_over_tls_the_port_that_wants_tls_is_the_one_behind():
    answer = "HTTP/1.1 400 Bad Request\n\nplain HTTP request was sent to HTTPS port"
    assert first(answer).id == "tls-port"
    assert first(answer, scheme="wss").id == "backend-tls"


def test_an_answer_that_shows_upgrade_arrived_lost_none():
    answer = b"HTTP/1.1 404 Not Found\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
    assert {each.id for each in causes(reading_of(answer, "fin"))} == {"not-found"}


@pytest.mark.parametrize(
    ("said", "status", "id"),
    [
        ("read timeout at Net/HTTP.pm line 274.", 500, "gateway-timeout"),
        ("Net::ReadTimeout with #<TCPSocket:(closed)>", 500, "gateway-timeout"),
        ("context deadline exceeded", 500, "gateway-timeout"),
        ("your session timed out", 403, "refused"),
        ("Stream closed", 500, "error"),
        ("unknown session: closed by the host", 500, "session"),
        ("The path did not match any of the listed rules!", 500, "no-route"),
        ("table orders not found", 500, "error"),
        ("This is a proxy server. Does not respond to non-proxy requests.", 500, "forward-proxy"),
        ("The proxy is busy", 500, "error"),
    ],
)
def test_what_a_gateway_says_of_its_own_failure(said, status, id):
    """Words of a failure are about time, a connection or a rule before they are about an exception."""
    assert first(f"HTTP/1.1 {status} Internal Server Error\nContent-Type: text/plain\n\n{said}").id == id


@pytest.mark.parametrize(("pieces", "pattern"), [(row[0], row[1]) for row in STATED])
def test_what_an_expression_knows_has_one_of_its_pieces(pieces, pattern):
    """Else a row would be passed over whose words are there."""
    known = [text for text in (*samples(parser.parse(pattern)), *TEXTS) if re.search(pattern, text)]
    assert known
    for text in known:
        assert any(piece in text for piece in pieces), text


TEXTS = tuple(each.text.lower() for each in senses())


def samples(tree):
    """Texts for a parsed expression: one for each of its alternatives and options, with the first of all
    others. What stands around a match (an assertion) is left out."""
    parts = [_of(op, value) for op, value in tree]
    first = [part[0] for part in parts]
    found = ["".join(first)]
    for at, part in enumerate(parts):
        found += ["".join((*first[:at], other, *first[at + 1 :])) for other in part[1:]]
    return found


def _of(op, value):
    match str(op):
        case "LITERAL":
            return [chr(value)]
        case "IN":
            return [next((chr(each) for kind, each in value if str(kind) == "LITERAL"), "5")]
        case "NOT_LITERAL" | "ANY":
            return ["x"]
        case "BRANCH":
            return [text for each in value[1] for text in samples(each)]
        case "SUBPATTERN":
            return samples(value[3])
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, _, repeated = value
            once = samples(repeated)
            return ["", *once] if not least else [each * least for each in once]
        case _:
            return [""]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('["error","bad frame"]', ("bad frame",)),
        ("[error] invalid token", ("[error] invalid token",)),
        ('["unauthorized","bad token"]', ("unauthorized: bad token",)),
        ('[3,{"message":"no such realm"},"wamp.error.x"]', ("no such realm", "wamp.error.x")),
        ('[6,{},"wamp.error.goodbye"]', ("wamp.error.goodbye",)),
        ('[50,{"message":"hi"},"wamp.topic"]', ()),
        ('["join","room"]', ()),
    ],
)
def test_the_last_message_of_a_session_that_is_a_list(text, words):
    assert troubled(text, ended=True) == words
