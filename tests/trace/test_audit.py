"""An audit: what decides, and what no server can make it say. Each weakness where it is and where
it is not: rules/audits.txt."""

from hypothesis import given
from hypothesis import strategies as st

from tests.trace.rules import audit
from wsprobe.trace.audit import WEAKNESSES, not_tested, weaknesses
from wsprobe.trace.audit_requests import (
    AUDIT,
)
from wsprobe.trace.audit_session import admitted, reference, refused
from wsprobe.trace.trace import Trace

DENIED, LOGIN = "403 Forbidden | no", "401 Unauthorized | login first"
OWN = r"cookie . & origin ^(https://app\.example)?$"
"""The session's cookie, from its own page."""


def found(seen):
    return [each.weakness.id for each in weaknesses(seen)]


def untested(seen):
    return dict(not_tested(seen))


def test_every_weakness_has_a_sentence_and_a_number():
    for each in WEAKNESSES:
        assert each.why[0].isupper()
        assert each.why.endswith(".")
    # CWE-1385 is "Missing Origin Validation in WebSockets".
    assert {each.cwe for each in WEAKNESSES if "origin" in each.id} == {1385}


# -- what decides


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
