"""How far the diagnosis reads, and what it makes of answers that are cut, and of close codes."""

from typing import get_args

import pytest

from tests.diagnosis.recorded import AT, reading_of
from wsprobe.diagnosis import author, causes
from wsprobe.diagnosis.advice import Advice, advice
from wsprobe.diagnosis.cause import Cause, Certainty
from wsprobe.diagnosis.evidence import answer_of
from wsprobe.diagnosis.proxies import proxies
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Sent
from wsprobe.read import read
from wsprobe.request import target
from wsprobe.request.opening import Offer, request
from wsprobe.request.target import Target

OPEN = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n"


# What is read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("certainty", get_args(Certainty))
def test_what_leaves_other_causes_is_only_possible(certainty):
    label = "possible" if certainty in ("shared", "status") else "likely"
    assert Cause("x", "it closed", certainty=certainty).label == label


def test_a_stack_trace_is_about_nothing_else():
    body = b'{"message":"no token","stack":"Error\\n at bus.js:7","data":{"stacktrace":"wallet"}}'
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert causes(reading_of(head + body, "fin"))[0].id == "unauthorized"


def test_marks_are_looked_for_in_64_kib():
    mark = b"<hr><center>nginx"
    for before, known in ((65536 - len(mark), "nginx"), (65537 - len(mark), "")):
        assert author(reading_of(b"HTTP/1.1 404 Not Found\r\n\r\n" + b"<" * before + mark, "fin")).id == known


# What to do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["timeout", "dropped"])
@pytest.mark.parametrize("sent", [True, False])
def test_a_handshake_that_hangs_holds_others(outcome, sent):
    to = Target(f"ws://{AT}/", False, "127.0.0.1", 24301, "/")
    asked = request(to, Offer())
    events = (Connected(0, "127.0.0.1", 1), *([Sent(1, asked)] if sent else ()), Ended(2, "timeout"))
    found = advice(read(Exchange(Plan(to, asked), events)), outcome)
    assert bool(found.warnings) == (sent and outcome == "timeout")


def test_of_several_answers_each_thing_is_said_once():
    refused = advice(reading_of(b"HTTP/1.1 403 Forbidden\r\n\r\n", "fin"))
    closed = advice(reading_of(OPEN + b"\x88\x02\x03\xf4", "fin"))
    given = set()
    assert refused.without(given) == refused
    assert refused.without(given) == Advice()
    assert closed.without(given) == closed
    assert closed.without(given) == Advice()


# Lines for proxies -------------------------------------------------------------------------------------------


def test_lines_are_joined_as_the_proxy_writes_them():
    mends = {each.key: each.mends for each in proxies()}
    assert mends["nginx"].startswith("proxy_http_version 1.1; proxy_set_header")
    assert "; " in mends["apache"]
    assert mends["haproxy"].startswith("forwards both by default; remove ")


def test_a_recording_without_an_end_has_causes():
    whole = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"
    assert causes(read(Exchange(Plan(target.parse(f"ws://{AT}/"), b""), (Received(1, whole),))))


def test_of_several_fields_of_a_name_the_first_counts():
    reading = reading_of(b"HTTP/1.1 403 X\r\nServer: one\r\nserver: two\r\n\r\n", "fin")
    assert reading.final is not None
    evidence = answer_of(reading, reading.final)
    assert (evidence.get("server"), evidence.all("server")) == ("one", ("one", "two"))
