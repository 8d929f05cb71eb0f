"""An audit: what decides, and what no server can make it say. Each weakness where it is and where
it is not: rules/audits.txt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trace.rules import NO_LARGE, audit
from wsprobe.show.trace import sent
from wsprobe.trace.audit import WEAKNESSES, not_tested, weaknesses
from wsprobe.trace.audit_requests import (
    AUDIT,
    LARGE,
    PING,
    foreign_that_opens,
)
from wsprobe.trace.audit_session import admitted, reference, refused
from wsprobe.trace.request_words import STRANGER
from wsprobe.trace.series import Choice
from wsprobe.trace.trace import Trace

DENIED, LOGIN = "403 Forbidden | no", "401 Unauthorized | login first"
OWN = r"cookie . & origin ^(https://app\.example)?$"
"""The session's cookie, from its own page."""


def found(seen):
    return [each.weakness.id for each in weaknesses(seen)]


def untested(seen):
    return dict(not_tested(seen))


def test_of_a_careful_server_all_is_tested_that_can_be():
    seen = audit()
    assert (found(seen), untested(seen)) == ([], {"message-size": NO_LARGE})
    assert "all over HTTP/1.1 (an audit does not test HTTP/2)" in sent(seen, Choice(series=AUDIT))


def test_every_weakness_has_a_sentence_and_a_number():
    for each in WEAKNESSES:
        assert each.why[0].isupper()
        assert each.why.endswith(".")
    # CWE-1385 is "Missing Origin Validation in WebSockets".
    assert {each.cwe for each in WEAKNESSES if "origin" in each.id} == {1385}


# -- what decides


@pytest.mark.parametrize(
    ("allowed", "sent"),
    [("null", "null"), (f"null|{STRANGER}", STRANGER), (STRANGER, STRANGER), ("x", STRANGER)],
)
def test_which_foreign_origin_the_other_requests_have(allowed, sent):
    assert foreign_that_opens(audit(f"origin ^({allowed}|https://app.example|)$: 101")) == sent


DECISIONS = dict.fromkeys((1002, 1003, 1007, 1008, 1009, 1010, 3000, 4401), True) | dict.fromkeys(
    (1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014), False
)


@pytest.mark.parametrize(("code", "decides"), DECISIONS.items())
def test_which_close_of_sessions_without_credentials_refuses_them(code, decides):
    closes = f"*: 101 closed {code}"
    assert ("any-origin" in found(audit("cookie .: 101", closes))) == decides
    assert not found(audit(closes))  # where all are closed, nobody is refused


@pytest.mark.parametrize(
    ("status", "decides"),
    [
        *((status, True) for status in (300, 302, 400, 401, 403, 404, 499)),
        *((status, False) for status in (200, 408, 421, 425, 429, 500, 503)),
    ],
)
def test_which_status_refuses_those_without_credentials(status, decides):
    assert ("any-origin" in found(audit("cookie .: 101", f"*: {status} Reason"))) == decides


@pytest.mark.parametrize(
    ("allowed", "ids"),
    [
        (r"\.app\.example$", []),
        (r"app\.example$", ["origin-suffix"]),
        (r"chat\.app\.example$", ["origin-suffix"]),
        (r"^https://chat\.app\.example$", []),
        (r"^https://chat\.", ["origin-prefix"]),
    ],
    ids=["every name of the domain", "domain", "host", "whole", "first label"],
)
def test_a_rule_for_all_names_of_a_domain_is_no_suffix(allowed, ids):
    rows = (f"cookie . & origin {allowed}|^$: 101", f"origin .: {DENIED}")
    assert found(audit(*rows, begin="session wss://chat.app.example/ws")) == ids


@pytest.mark.parametrize("limit", range(12))
def test_a_limit_that_answers_403_shows_nothing(limit):
    seen = audit(f"!after {limit}: {DENIED}", "!*: 101", begin="session ws://127.0.0.1:8000/chat")
    assert found(seen) == []


@pytest.mark.parametrize("reply", [DENIED, LOGIN, "500 Error", "cut", "refused", "101 closed 4401"])
def test_where_nothing_opens_nothing_is_found(reply):
    seen = audit(f"!*: {reply}")
    assert set(seen.answers) <= {"base", "origin"}
    assert found(seen) == []
    whys = {each.id: "the handshake itself opens no session" for each in WEAKNESSES}
    whys["certificate-refused"] = "the server sent no certificate"
    if reply != "refused":
        del whys["certificate-refused"]
    if reply not in ("cut", "refused"):
        for each in ("server-stops", "stack-trace", "version-disclosed"):
            del whys[each]
    assert untested(seen) == whys


def test_an_audit_that_is_stopped_finds_no_more_than_a_whole_one():
    whole = audit(
        "!resource access_token=abc: 101", f"!*: {LOGIN}", begin="wss://app.example/?access_token=abc"
    )
    assert found(whole)
    names = list(whole.answers)
    for number in range(len(names)):
        seen = Trace(whole.start, {name: whole.answers[name] for name in names[:number]})
        assert set(found(seen)) <= set(found(whole))
        assert {id for id, _ in not_tested(seen)} <= {each.id for each in WEAKNESSES}


# -- what the answers hold


@pytest.mark.parametrize(
    ("cookie", "ids"),
    [
        ("id=1; Secure; SameSite=Lax", []),
        ("id=1; secure; samesite=none", []),
        ("id=1; SameSite=Strict", ["cookie-without-secure"]),
        ("id=1; Secure", ["cookie-without-samesite"]),
        ("id=1; Secure; SameSite=maybe", ["cookie-without-samesite"]),
        ("id=1; Path=/", ["cookie-without-secure", "cookie-without-samesite"]),
        ("id=; Max-Age=0", []),
        ("id=1; Max-Age=0", []),
        ('id=""; Path=/', []),
        ("id=deleted; Expires=Thu, 01-Jan-1970 00:00:01 GMT", []),
        ("id=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure", ["cookie-without-samesite"]),
        ("id=1; Expires=Fri, 01 Jan 2100 19:70:00 GMT; Secure", ["cookie-without-samesite"]),
        ("id", []),
    ],
)
def test_cookies_that_the_handshake_sets(cookie, ids):
    assert found(audit(f"{OWN}: 101; Set-Cookie: {cookie}")) == ids


@pytest.mark.parametrize(
    ("answer", "message", "ids"),
    [
        ("permessage-deflate", '{"csrfToken": "9f8e7d6c5b"}', ["compression-with-secrets"]),
        ("permessage-deflate", "hello k3yOfTheSession", ["compression-with-secrets"]),
        ("permessage-deflate", "hello", []),
        ("permessage-deflate; server_no_context_takeover", '{"token": "9f8e7d6c5b"}', []),
    ],
)
def test_compression_with_secrets(answer, message, ids):
    row = f"{OWN} & sec-websocket-extensions .: 101 deflated {message}; Sec-WebSocket-Extensions: {answer}"
    for rows in ((row,), (f"origin ^$: {DENIED}", row)):  # which opens to pages alone
        seen = audit(*rows)
        assert found(seen) == ids
        assert ("compression-with-secrets" in untested(seen)) == (message == "hello")


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        ("Server: nginx/1.26.3", ["version-disclosed"]),
        ("Server: Python/3.11 websockets/15.0", ["version-disclosed"]),
        ("Server: nginx", []),
        ("X-Powered-By: Express", ["version-disclosed"]),
        ("X-AspNet-Version: 4.0.30319", ["version-disclosed"]),
        ("Via: 1.1 edge", []),
        ("Date: Fri, 27 Nov 2026 10:00:00 GMT", []),
    ],
)
def test_versions(field, ids):
    assert found(audit(f"!no-key: 400 Bad Request; {field}")) == ids
    assert found(audit(f"{OWN}: 101; {field}")) == ids


@pytest.mark.parametrize(
    "body",
    [
        'Traceback (most recent call last):\n  File "/app/a.py", line 3, in f\n',
        "Error: no key\n    at Server.f (/app/node_modules/ws/lib/server.js:12:3)\n",
        "java.lang.NullPointerException\n\tat com.example.Chat.open(Chat.java:12)\n",
        "System.Exception: x\n   at Chat.Open(String a) in /src/Chat.cs:line 12\n",
        "panic\n\ngoroutine 12 [running]:\nmain.main()\n",
        "app/channels/chat.rb:12:in `open'\n",
    ],
)
def test_stack_traces(body):
    assert found(audit(f"!no-key: 500 Error | {body}")) == ["stack-trace"]


@pytest.mark.parametrize("body", ["look at 10:30:15", "meet me at noon (12:30)", "Error: no key"])
def test_texts_that_are_no_stack_traces(body):
    assert found(audit(f"!no-key: 400 Bad Request | {body}")) == []


def test_the_large_message_has_a_ping_behind_it():
    large = audit("large: 101 pong", begin="session heavy")["large"]
    assert [len(act.data) for act in large.reading.exchange.plan.acts] == [LARGE, len(PING), 0]


@pytest.mark.parametrize("how", ["cut", "reset", "refused"])
@pytest.mark.parametrize("last", ["origin-other", "no-token", "no-key"])
def test_a_server_that_stops_is_asked_no_more(last, how):
    begin = "session wss://app.example/chat?token=abcdefghijkl"
    seen = audit(f"!after {last}: {how}", f"!{last}: reset", begin=begin)
    stops = next(each.conclusion for each in weaknesses(seen) if each.weakness.id == "server-stops")
    assert f"After the request {last}," in stops.text
    assert list(seen.answers)[-2:] == [last, "alive"]
    assert untested(seen)["message-size"] == f"since the request {last}, the server answers nothing"


# -- any server


REPLIES = (
    *("101", DENIED, LOGIN, "429 Too Many Requests", "503 Unavailable | busy", "302 Found; Location: /login"),
    *("101 closed 4401", "101 closed 1000", "101 closed 1013", "cut", "reset", "silent", "refused"),
    *("200 OK | <html>", "101 deflated x; Sec-WebSocket-Extensions: x;;"),
)


@given(st.lists(st.sampled_from(REPLIES), min_size=20, max_size=20), st.booleans())
def test_any_answers_end_and_what_is_found_is_shown(replies, cookie):
    """Odd answers in any order: at most twenty requests, and each finding rests on answers that were seen."""
    rows = [f"!after {number}: {reply}" for number, reply in reversed(list(enumerate(replies)))]
    seen = audit(*rows, begin="session" if cookie else "")
    assert len(seen.answers) <= AUDIT.most
    for each in weaknesses(seen):
        assert set(each.conclusion.because) <= set(seen.answers)
        assert all((each.conclusion.sent, each.conclusion.came, each.fix))
    ids = set(found(seen))
    assert not ids & {id for id, _ in not_tested(seen)}
    if "any-origin" in ids:
        assert cookie
        assert refused(seen.answers["no-credentials"])
        assert admitted(seen.answers["again"], reference(seen))


def test_rows_that_are_chosen_by_name():
    choice = Choice(only=frozenset({"clear"}), series=AUDIT)
    seen = audit(choice=choice)
    assert list(seen.answers) == ["base", "clear"]
    assert untested(seen)["any-origin"]
    assert "compression-with-secrets" not in untested(seen)
    seen = audit(begin="session no-extensions", choice=choice)
    assert untested(seen)["compression-with-secrets"].endswith("with an offer of permessage-deflate")
