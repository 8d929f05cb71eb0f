"""An audit: each weakness where it is and where it is not, what is not tested, and what no stranger is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.exchanges import deflated, frame
from tests.trace.audits import COOKIE, OPEN, TLS, Reply, audit, found, start, untested
from wsprobe.exchange import TlsFailed
from wsprobe.request.edits import without
from wsprobe.show.trace import sent
from wsprobe.trace.audit import WEAKNESSES, not_tested, weaknesses
from wsprobe.trace.audit_requests import (
    AUDIT,
    LARGE,
    NO_PORT_BESIDE,
    PING,
    ROWS,
    foreign_that_opens,
    prefixed,
    sibling,
    suffixed,
    tokens,
)
from wsprobe.trace.audit_session import admitted, reference, refused
from wsprobe.trace.changes import STRANGER
from wsprobe.trace.series import Choice
from wsprobe.trace.trace import Trace

OWN = "https://app.example"
DENIED = Reply(403, body=b"no")
LOGIN = Reply(401, body=b"login first")


def logged_in(of):
    return COOKIE in of.cookie


def clear(of):
    return not of.secure


def careful(of):
    """A server with nothing to find: the whole Origin is compared, the session is asked for, TLS alone."""
    if clear(of):
        return Reply(301, ("Location: https://app.example/chat",))
    if of.name in ("no-key", "no-version"):
        return Reply(400, body=b"bad handshake")
    if of.origin not in (None, OWN):
        return DENIED
    return OPEN if logged_in(of) else LOGIN


def unless_clear(server):
    return lambda of: careful(of) if clear(of) or of.name in ("no-key", "no-version") else server(of)


def test_a_careful_server_has_no_weakness_and_all_that_can_be_is_tested():
    seen = audit(careful)
    assert found(seen) == {}
    assert untested(seen) == {"message-size": "--audit-heavy sends a large message"}
    assert len(seen.answers) <= AUDIT.most
    assert list(seen.answers)[-1] == "again"


def test_the_list_fits_however_the_answers_are():
    assert len(ROWS) <= AUDIT.most == 20
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert len({each.id for each in WEAKNESSES}) == len(WEAKNESSES)


# -- any-origin


def no_check(of):
    return OPEN if logged_in(of) else LOGIN


def test_any_origin():
    one = found(audit(unless_clear(no_check)))["any-origin"]
    said = one.conclusion
    assert (one.weakness.cwe, one.weakness.level) == (1385, "error")
    assert said.because == ("origin-other", "origin-null", "no-credentials", "again")
    assert said.sent.startswith("the handshake with cookies, Origin: https://page.invalid and null")
    assert said.came == "101, and the session stayed open; without them 401"
    assert COOKIE.partition("=")[2] not in f"{said} {one.fix}"


def test_a_server_that_accepts_and_closes_has_refused():
    closes = Reply(code=4401)
    seen = audit(unless_clear(lambda of: OPEN if logged_in(of) else closes))
    assert "without them 101, then a Close with 4401" in found(seen)["any-origin"].conclusion.came
    seen = audit(unless_clear(lambda of: OPEN if logged_in(of) and of.origin in (None, OWN) else closes))
    assert found(seen) == {}


def test_every_weakness_has_a_sentence_and_a_number():
    for each in WEAKNESSES:
        assert each.why[0].isupper()
        assert each.why.endswith(".")
    # CWE-1385 is "Missing Origin Validation in WebSockets".
    assert {each.cwe for each in WEAKNESSES if "origin" in each.id} == {1385}


@pytest.mark.parametrize(
    ("allowed", "sent"),
    [(("null",), "null"), (("null", STRANGER), STRANGER), ((STRANGER,), STRANGER), ((), STRANGER)],
)
def test_which_foreign_origin_the_other_requests_have(allowed, sent):
    seen = audit(unless_clear(lambda of: OPEN if of.origin in (None, OWN, *allowed) else DENIED))
    assert foreign_that_opens(seen) == sent


DECISIONS = dict.fromkeys((1002, 1003, 1007, 1008, 1009, 1010, 3000, 4401), True) | dict.fromkeys(
    (1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014), False
)


@pytest.mark.parametrize(("code", "decides"), DECISIONS.items())
def test_which_close_of_sessions_without_credentials_refuses_them(code, decides):
    closes = Reply(code=code)
    seen = audit(unless_clear(lambda of: OPEN if logged_in(of) else closes))
    assert ("any-origin" in found(seen)) == decides
    assert not found(audit(unless_clear(lambda of: closes)))  # where all are closed, nobody is refused


@pytest.mark.parametrize(
    ("status", "decides"),
    [
        *((status, True) for status in (300, 302, 400, 401, 403, 404, 499)),
        *((status, False) for status in (200, 408, 421, 425, 429, 500, 503)),
    ],
)
def test_which_status_refuses_those_without_credentials(status, decides):
    seen = audit(unless_clear(lambda of: OPEN if logged_in(of) else Reply(status)))
    assert ("any-origin" in found(seen)) == decides


def test_null_alone_is_any_origin_because_every_page_can_send_it():
    seen = audit(unless_clear(lambda of: no_check(of) if of.origin in (None, "null", OWN) else DENIED))
    one = found(seen)["any-origin"]
    assert one.conclusion.because == ("origin-null", "no-credentials", "again")
    assert one.fix == "take null out of the allowed origins"
    assert "Sandboxed frames" in one.conclusion.text


def test_basic_credentials_and_client_certificates_are_kept_by_browsers():
    def server(of):
        return OPEN if of.authorization.startswith("Basic ") else LOGIN

    begin = start(cookie=None, headers=["Authorization: Basic YTpi"])
    assert "With Basic credentials" in found(audit(unless_clear(server), begin))["any-origin"].conclusion.text


def test_no_page_can_send_a_bearer_token_or_a_header_of_its_own():
    def server(of):
        right = of.authorization == "Bearer t0ken" and of.field(b"x-tenant") == "a"
        return OPEN if right else LOGIN

    begin = start(cookie=None, headers=["Authorization: Bearer t0ken", "X-Tenant: a"])
    seen = audit(unless_clear(server), begin)
    assert found(seen) == {}
    assert untested(seen)["any-origin"].startswith("no cookies (-b)")
    assert seen["no-credentials"] is None


def test_a_public_endpoint_is_no_fault():
    seen = audit(unless_clear(lambda of: OPEN))
    assert "any-origin" not in found(seen)
    assert untested(seen)["any-origin"].startswith("it opens without the credentials too")


def test_no_origin_alone_is_no_weakness():
    seen = audit(careful, start(origin=OWN))
    assert seen.answers["no-origin"].opens
    assert found(seen) == {}


def test_without_credentials_nothing_is_known_of_any_origin():
    seen = audit(unless_clear(lambda of: OPEN), start(cookie=None))
    assert found(seen) == {}
    assert untested(seen)["any-origin"].startswith("no cookies (-b)")


# -- how the Origin is compared


def compares(allowed):
    def server(of):
        if of.origin is not None and not allowed(of.origin):
            return DENIED
        return no_check(of)

    return unless_clear(server)


def test_origin_prefix():
    one = found(audit(compares(lambda origin: origin.startswith(OWN))))
    assert list(one) == ["origin-prefix"]
    assert "Origin: https://app.example.evil.example" in one["origin-prefix"].conclusion.sent
    assert (
        one["origin-prefix"].conclusion.came
        == "101, and the session stayed open; with https://page.invalid 403"
    )


def test_origin_suffix():
    one = found(audit(compares(lambda origin: origin.endswith("app.example"))))
    assert list(one) == ["origin-suffix"]
    assert "Origin: https://evilapp.example" in one["origin-suffix"].conclusion.sent


CHAT = start("wss://chat.app.example/ws")


@pytest.mark.parametrize(
    ("allowed", "ids"),
    [
        (lambda origin: origin.endswith(".app.example"), []),
        (lambda origin: origin.endswith("app.example"), ["origin-suffix"]),
        (lambda origin: origin.endswith("chat.app.example"), ["origin-suffix"]),
        (lambda origin: origin == "https://chat.app.example", []),
        (lambda origin: origin.startswith("https://chat."), ["origin-prefix"]),
    ],
    ids=["every name of the domain", "domain", "host", "whole", "first label"],
)
def test_a_rule_for_all_names_of_a_domain_is_no_suffix(allowed, ids):
    assert list(found(audit(compares(allowed), CHAT))) == ids


@pytest.mark.parametrize(
    ("origin", "begins", "ends", "beside"),
    [
        ("https://app.example", "https://app.example.evil.example", "https://evilapp.example", ""),
        (
            "http://localhost:8000",
            "http://localhost.evil.example:8000",
            "http://evillocalhost:8000",
            "",
        ),
        ("http://127.0.0.1:8000", "http://127.0.0.1.evil.example:8000", "", ""),
        ("http://[::1]:8000", "", "", ""),
        ("https://a.b.c", "https://a.b.c.evil.example", "https://evila.b.c", "https://wsprobe-audit.b.c"),
        ("null", "", "", ""),
        ("chrome-extension://abc", "", "", ""),
    ],
)
def test_origins_that_a_browser_can_send(origin, begins, ends, beside):
    assert (prefixed(origin), suffixed(origin), sibling(origin)) == (begins, ends, beside)


def test_where_the_own_origin_is_refused_nothing_is_known_of_the_comparison():
    seen = audit(unless_clear(lambda of: no_check(of) if of.origin is None else DENIED))
    assert found(seen) == {}
    assert untested(seen)["origin-prefix"].startswith("the page's own Origin opens no session")


@pytest.mark.parametrize(
    ("foreign", "prefixed", "why"),
    [
        (DENIED, DENIED, None),
        (DENIED, Reply(503), "it got 503"),
        (Reply(503), DENIED, "a foreign Origin got 503, which is not a refusal"),
        (OPEN, DENIED, "any Origin opens a session"),
    ],
)
def test_why_the_comparison_is_not_known(foreign, prefixed, why):
    def server(of):
        if of.origin in (None, OWN):
            return no_check(of)
        return prefixed if of.origin.startswith(OWN) else foreign

    assert untested(audit(unless_clear(server))).get("origin-prefix") == why


# -- limits, and servers that refuse


def counting(limit):
    left = [limit]

    def server(of):
        left[0] -= 1
        return OPEN if left[0] >= 0 else Reply(403, body=b"no")

    return server


@pytest.mark.parametrize("limit", range(12))
def test_a_limit_that_answers_403_shows_nothing(limit):
    seen = audit(counting(limit), start("ws://127.0.0.1:8000/chat"))
    assert found(seen) == {}


def test_after_a_429_only_the_repeat_is_sent():
    seen = audit(lambda of: OPEN if of.name in ("base", "origin") else Reply(429))
    assert list(seen.answers) == ["base", "origin", "origin-other", "again"]
    assert found(seen) == {}
    assert untested(seen)["any-origin"]


@pytest.mark.parametrize(
    "reply", [DENIED, LOGIN, Reply(500), Reply(how="fin"), Reply(how="error"), Reply(code=4401)]
)
def test_where_nothing_opens_nothing_is_found(reply):
    seen = audit(lambda of: reply)
    assert set(seen.answers) <= {"base", "origin"}
    assert found(seen) == {}
    whys = {each.id: "the handshake itself opens no session" for each in WEAKNESSES}
    whys["certificate-refused"] = "the server sent no certificate"
    if reply.how != "error":
        del whys["certificate-refused"]
    if reply.how is None:
        for each in ("server-stops", "stack-trace", "version-disclosed"):
            del whys[each]
    assert untested(seen) == whys


# -- transport


def test_clear_text_on_either_port_and_no_secret_goes_there():
    asked = []

    def server(of):
        asked.append(of)
        return OPEN if clear(of) else careful(of)

    begin = start("wss://app.example/chat?token=t0ken", headers=["X-Key: s3cret", "Authorization: Basic YTpi"])
    seen = audit(server, begin)
    (two) = [each.conclusion.text for each in weaknesses(seen) if each.weakness.id == "clear-text"]
    assert two == [
        "Port 443, the TLS port, opens a session without TLS.",
        "Port 80 opens a session without TLS.",
    ]
    for each in asked:
        if not each.secure:
            sent = each.plan.request.lower()
            assert each.plan.target.url in ("ws://app.example:443/chat", "ws://app.example/chat")
            assert not any(word in sent for word in (b"cookie", b"authorization", b"t0ken", b"s3cret", b"?"))


def test_a_url_in_clear_is_a_weakness_but_on_this_machine():
    def server(of):
        return careful(of) if of.name in ("no-key", "no-version") else OPEN

    assert list(found(audit(server, start("ws://app.example/chat")))) == ["clear-text"]
    here = audit(server, start("ws://localhost/chat"))
    assert found(here) == {}
    assert untested(here)["clear-text"] == "the URL is on this machine"


def test_no_port_is_tried_in_clear_that_nobody_named():
    begin = start("wss://app.example:9443/chat")
    seen = audit(careful, begin)
    assert "clear-beside" not in seen.answers
    assert untested(seen)["clear-text"] == f"only the TLS port was tested: {NO_PORT_BESIDE}"
    assert "all over HTTP/1.1 (an audit does not test HTTP/2)" in sent(seen, Choice(series=AUDIT))
    named = audit(lambda of: OPEN if of.port == 9000 else careful(of), replace(begin, clear_port=9000))
    assert found(named)["clear-text"].conclusion.text == "Port 9000 opens a session without TLS."


def test_a_refusal_in_clear_leaves_open_whether_it_opens_there():
    seen = audit(lambda of: LOGIN if clear(of) else careful(of))
    assert "clear-text" not in found(seen)
    assert untested(seen)["clear-text"] == "clear got 401, and wsprobe never sends credentials in clear text"


def test_a_secret_path_is_never_sent_in_clear():
    seen = audit(careful, start("wss://app.example/ws/3f1c9a0b5d7e42f8a6c1d2e3f4a5b6c7"))
    assert not any(name.startswith("clear") for name in seen.answers)
    assert untested(seen)["clear-text"] == "no handshake was sent in clear text"


def test_a_certificate_that_is_refused():
    bad = TlsFailed(40, "certificate", "certificate has expired", reason="expired")
    seen = audit(lambda of: Reply(tls=bad))
    assert list(found(seen)) == ["certificate-refused"]
    assert list(seen.answers) == ["base"]
    passed = replace(TLS, verified=False, problem="self-signed certificate")
    seen = audit(lambda of: replace(careful(of), tls=passed))
    assert found(seen)["certificate-refused"].conclusion.came.endswith("self-signed certificate")


# -- secrets


TOKEN = start("wss://app.example/chat?room=1&access_token=abc", cookie=None)


def with_token(of):
    return OPEN if "access_token=abc" in of.resource else LOGIN


def test_a_token_in_the_url():
    one = found(audit(unless_clear(with_token), TOKEN))
    assert list(one) == ["token-in-url"]
    assert "access_token" in one["token-in-url"].conclusion.text
    assert "abc" not in f"{one['token-in-url'].conclusion}"


def test_an_audit_that_is_stopped_finds_no_more_than_a_whole_one():
    whole = audit(with_token, TOKEN)
    shown = {each.weakness.id for each in weaknesses(whole)}
    assert shown
    names = list(whole.answers)
    for number in range(len(names)):
        seen = Trace(whole.start, {name: whole.answers[name] for name in names[:number]})
        assert {each.weakness.id for each in weaknesses(seen)} <= shown
        assert {id for id, _ in not_tested(seen)} <= {each.id for each in WEAKNESSES}


def test_a_token_that_nobody_asks_for_or_that_works_once_is_none():
    assert found(audit(unless_clear(lambda of: OPEN), TOKEN)) == {}
    used = set()

    def once(of):
        if of.resource in used:
            return LOGIN
        used.add(of.resource)
        return with_token(of)

    assert found(audit(unless_clear(once), TOKEN)) == {}


@pytest.mark.parametrize(
    ("resource", "names"),
    [
        (b"/a?token=b&room=c", ("token",)),
        (b"/a?x-api-key=b&APIKEY=c&sid=d", ("x-api-key", "APIKEY", "sid")),
        (b"/a?q=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", ("q",)),
        (b"/a?room=3f1c9a0b5d7e42f8a6c1&monkey=b&token=", ()),
        (b"/token=a", ()),
    ],
)
def test_query_parameters_that_hold_a_token(resource, names):
    assert tokens(resource) == names


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
    def server(of):
        reply = careful(of)
        return Reply(fields=(f"Set-Cookie: {cookie}",)) if reply is OPEN else reply

    assert list(found(audit(server))) == ids


def compressed(text):
    return frame(1, deflated(text), rsv=4)


@pytest.mark.parametrize(
    ("answer", "message", "ids"),
    [
        ("permessage-deflate", b'{"csrfToken": "9f8e7d6c5b"}', ["compression-with-secrets"]),
        ("permessage-deflate", b"hello k3yOfTheSession", ["compression-with-secrets"]),
        ("permessage-deflate", b"hello", []),
        ("permessage-deflate; server_no_context_takeover", b'{"token": "9f8e7d6c5b"}', []),
        ("", b"", []),
    ],
)
def test_compression_with_secrets(answer, message, ids):
    def server(of):
        reply = careful(of)
        if reply is not OPEN or not of.field(b"sec-websocket-extensions") or not answer:
            return reply
        return Reply(fields=(f"Sec-WebSocket-Extensions: {answer}",), frames=compressed(message))

    seen = audit(server)
    assert list(found(seen)) == ids
    assert ("compression-with-secrets" in untested(seen)) == (message == b"hello")
    opens_to_pages = audit(lambda of: DENIED if of.origin is None else server(of))
    assert list(found(opens_to_pages)) == ids
    assert ("compression-with-secrets" in untested(opens_to_pages)) == (message == b"hello")


# -- what the answers betray


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
    def server(of):
        reply = careful(of)
        return Reply(reply.status, (*reply.fields, field), reply.body)

    assert list(found(audit(server))) == ids


STACKS = [
    b'Traceback (most recent call last):\n  File "/app/a.py", line 3, in f\n',
    b"Error: no key\n    at Server.f (/app/node_modules/ws/lib/server.js:12:3)\n",
    b"java.lang.NullPointerException\n\tat com.example.Chat.open(Chat.java:12)\n",
    b"System.Exception: x\n   at Chat.Open(String a) in /src/Chat.cs:line 12\n",
    b"panic\n\ngoroutine 12 [running]:\nmain.main()\n",
    b"app/channels/chat.rb:12:in `open'\n",
]


@pytest.mark.parametrize("body", STACKS)
def test_stack_traces(body):
    def server(of):
        return Reply(500, body=body) if of.name == "no-key" else careful(of)

    assert list(found(audit(server))) == ["stack-trace"]


@pytest.mark.parametrize("body", [b"look at 10:30:15", b"meet me at noon (12:30)", b"Error: no key"])
def test_texts_that_are_no_stack_traces(body):
    def server(of):
        return Reply(400, body=body) if of.name == "no-key" else careful(of)

    assert found(audit(server)) == {}


# -- the large message


PONG = b"\x8a" + bytes([len(PING)]) + PING


@pytest.mark.parametrize(
    ("reply", "ids", "why"),
    [
        (Reply(frames=PONG), ["message-size"], None),
        (Reply(code=1009), [], None),
        (Reply(code=1011), [], "the session ended before the test was complete: 101, then a Close with 1011"),
    ],
)
def test_message_size(reply, ids, why):
    def server(of):
        return reply if of.name == "large" else careful(of)

    seen = audit(server, start(heavy=True))
    assert list(found(seen)) == ids
    assert untested(seen).get("message-size") == why
    large = seen["large"]
    assert [len(act.data) for act in large.reading.exchange.plan.acts] == [LARGE, len(PING), 0]


# -- what a stranger is sent


def test_a_foreign_page_is_sent_with_what_its_visitor_s_browser_has_and_no_more():
    asked = {}

    def server(of):
        asked[of.name] = of
        return unless_clear(no_check)(of)

    protocols = "Sec-WebSocket-Protocol: chat, 3f1c9a0b5d7e42f8a6c1d2e3"
    headers = ["Authorization: Bearer s3cret", "X-Key: s3cret", protocols]
    audit(server, start("wss://app.example/chat?room=1&token=t0ken", headers=headers))
    other = asked["origin-other"]
    assert (other.origin, other.cookie, other.authorization) == (STRANGER, COOKIE, "")
    assert other.resource == "/chat?room=1"
    assert other.field(b"sec-websocket-protocol") == "chat"
    bare = asked["no-credentials"]
    assert (bare.cookie, bare.authorization) == ("", "")
    assert all(b"X-Key" not in asked[name].plan.request for name in ("origin-other", "no-key", "clear"))
    assert all(each.port in (443, 80) for each in asked.values())
    assert all(each.secure or not each.cookie for each in asked.values())


REPLIES = [
    OPEN,
    DENIED,
    LOGIN,
    Reply(429),
    Reply(503, body=b"busy"),
    Reply(302, ("Location: /login",)),
    Reply(code=4401),
    Reply(code=1000),
    Reply(code=1013),
    Reply(how="fin"),
    Reply(how="reset"),
    Reply(how="timeout"),
    Reply(how="error"),
    Reply(200, body=b"<html>"),
    Reply(fields=("Sec-WebSocket-Extensions: x;;",), frames=b"\xff\xff\xff"),
]


@given(st.lists(st.sampled_from(REPLIES), min_size=20, max_size=20), st.booleans())
def test_any_answers_end_and_what_is_found_is_shown(replies, cookie):
    """Odd answers in any order: at most twenty requests, and each finding rests on answers that were seen."""
    queue = list(replies)
    seen = audit(lambda of: queue.pop(), start(cookie=COOKIE if cookie else None))
    assert len(seen.answers) <= AUDIT.most
    for each in weaknesses(seen):
        assert set(each.conclusion.because) <= set(seen.answers)
        assert all((each.conclusion.sent, each.conclusion.came, each.fix))
    ids = {each.weakness.id for each in weaknesses(seen)}
    assert not ids & {id for id, _ in not_tested(seen)}
    if "any-origin" in ids:
        assert cookie
        assert refused(seen.answers["no-credentials"])
        assert admitted(seen.answers["again"], reference(seen))


def test_rows_that_are_chosen_by_name():
    seen = audit(careful, choice=Choice(only=frozenset({"clear"}), series=AUDIT))
    assert list(seen.answers) == ["base", "clear"]
    assert untested(seen)["any-origin"]
    assert "compression-with-secrets" not in untested(seen)
    plan = seen.start.plan
    bare = replace(seen.start, plan=replace(plan, request=without(plan.request, b"sec-websocket-extensions")))
    seen = audit(careful, bare, Choice(only=frozenset({"clear"}), series=AUDIT))
    assert untested(seen)["compression-with-secrets"].endswith("with an offer of permessage-deflate")


# -- a refusal, and a server that stops


def test_what_a_refusal_discloses_is_reported():
    """The handshake itself gets a 500 with a stack trace and a version."""
    body = b'Traceback (most recent call last):\n  File "app.py", line 1, in <module>\n'
    seen = audit(lambda of: Reply(500, ("Server: nginx/1.26.3",), body))
    assert list(found(seen)) == ["stack-trace", "version-disclosed"]
    assert {"stack-trace", "version-disclosed", "server-stops"}.isdisjoint(untested(seen))


def test_a_plain_refusal_discloses_nothing():
    seen = audit(lambda of: DENIED)
    assert found(seen) == {}
    assert "stack-trace" not in untested(seen)
    assert untested(seen)["any-origin"] == "the handshake itself opens no session"


class Mortal:
    """A careful server that ends at one request, and then gives no answer: *how* tells the way."""

    def __init__(self, last, how):
        self.last, self.how, self.over = last, how, False

    def __call__(self, of):
        if self.over:
            return Reply(how=self.how)
        self.over = of.name == self.last
        return Reply(how="rst") if self.over else careful(of)


@pytest.mark.parametrize("how", ["fin", "rst", "error"])
@pytest.mark.parametrize("last", ["origin-other", "no-token", "no-key"])
def test_a_server_that_stops_is_asked_no_more(last, how):
    seen = audit(Mortal(last, how), start("wss://app.example/chat?token=abcdefghijkl"))
    assert f"After the request {last}," in found(seen)["server-stops"].conclusion.text
    assert list(seen.answers)[-2:] == [last, "alive"]
    assert untested(seen)["message-size"] == f"since the request {last}, the server answers nothing"


def test_a_server_that_ends_right_after_its_answer_is_blamed_on_that_request():
    def server(of):
        return careful(of) if of.name in ("base", "origin") else Reply(how="error")

    seen = audit(server)
    assert "After the request origin," in found(seen)["server-stops"].conclusion.text
    assert list(seen.answers) == ["base", "origin", "origin-other", "alive"]


def test_who_refuses_by_closing_has_not_stopped():
    def server(of):
        return Reply(how="rst") if of.origin not in (None, OWN) and not clear(of) else careful(of)

    seen = audit(server)
    assert "server-stops" not in found(seen)
    assert list(seen.answers).count("alive") == 1
    assert list(seen.answers)[-1] == "again"
