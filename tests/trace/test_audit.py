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
)
from wsprobe.trace.audit_session import admitted, reference, refused
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
        for each in ("server-stops", "version-disclosed"):
            del whys[each]
    if reply in (DENIED, LOGIN, "500 Error"):
        del whys["stack-trace"]  # which an invalid handshake may bring, or a refused one
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
