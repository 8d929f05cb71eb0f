"""read(): everything that is in a recording, whatever is in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import EXAMPLES
from wsprobe.exchange import Ended, Exchange, Limits, Plan, Received, Sent, Target
from wsprobe.read import read
from wsprobe.read.head import LINES_MAX
from wsprobe.read.reading import INTERIM_MAX, Session
from wsprobe.wire import WIRES

REQUEST = (
    b"GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PLAN = Plan(Target("ws://example.org/chat", False, "example.org", 80, "/chat"), REQUEST)
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
SESSION = UPGRADE + b"\x81\x02hi\x88\x02\x03\xe8\x81"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!more"


def exchange(*pieces, how="fin", plan=PLAN):
    """*pieces* received 10 microseconds apart from 100 on."""
    events = [Sent(50, plan.request)]
    events += [Received(100 + 10 * i, piece) for i, piece in enumerate(pieces)]
    return Exchange(plan, (*events, Ended(9_999, how)))


def accounted(reading):
    """Every byte that the reading holds, in order."""
    held = b""
    for response in reading.responses:
        held += response.head.raw + (response.body.raw if response.body else b"")
    if reading.session is not None:
        held += b"".join(f.header + f.payload for f in reading.session.frames) + reading.session.rest
    return held + reading.rest


def test_a_session():
    reading = read(exchange(SESSION))
    assert (reading.final.status, reading.final.body) == (101, None)
    assert [(f.opcode, f.data) for f in reading.session.frames] == [(1, b"hi"), (8, b"\x03\xe8")]
    assert (reading.session.start, reading.session.rest) == (len(UPGRADE), b"\x81")
    assert reading.looks_like == ""
    assert reading.opinion.accepts


def test_a_refusal():
    reading = read(exchange(REFUSAL))
    assert reading.session is None
    assert (reading.final.status, reading.final.reason) == (403, b"Forbidden")
    assert (reading.final.body.content, reading.final.body.complete, reading.rest) == (b"no!", True, b"more")


def test_interim_answers_come_first_and_are_kept():
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    reading = read(exchange(early + SESSION))
    assert [r.status for r in reading.responses] == [100, 103, 101]
    assert reading.session.start == len(early + UPGRADE)
    only = read(exchange(early))
    assert [r.status for r in only.responses] == [100, 103]
    assert only.final is None
    assert only.opinion is not None


def test_interim_answers_beyond_a_limit_stay_bytes():
    one = b"HTTP/1.1 100 x\r\n\r\n"
    reading = read(exchange(one * (INTERIM_MAX + 5)))
    assert len(reading.responses) == INTERIM_MAX + 1
    assert (reading.final, reading.rest) == (None, one * 4)
    assert accounted(reading) == reading.received


def test_lines_of_interim_answers_beyond_a_limit_stay_bytes():
    one = b"HTTP/1.1 103 x\r\n" + b"a: b\r\n" * (LINES_MAX // 2) + b"\r\n"
    reading = read(exchange(one * 5))
    assert len(reading.responses) == 2
    assert (reading.final, reading.rest) == (None, one * 3)
    assert accounted(reading) == reading.received
    assert reading.opinion is None


def test_nothing_and_less_than_a_head():
    nothing = read(exchange())
    assert (nothing.responses, nothing.session, nothing.opinion, nothing.final) == ((), None, None, None)
    part = read(exchange(b"HTTP/1.1 403 Forbidden\r\nX: y"))
    assert (part.final.status, part.final.body, part.final.head.complete) == (403, None, False)
    early = read(exchange(UPGRADE[:-2]))
    assert (early.session, early.rest) == (None, b"")


def test_what_is_not_http_is_one_answer_without_a_status():
    reading = read(exchange(b"SSH-2.0-OpenSSH\r\n"))
    assert [r.status for r in reading.responses] == [None]
    assert reading.looks_like == "ssh"


def test_a_status_that_only_a_browser_takes_for_101_opens_a_session():
    reading = read(exchange(b"HTTP/1.1 0101 x\r\n\r\n\x81\x00"))
    assert reading.final.status is None
    assert len(reading.session.frames) == 1


def test_frames_carry_the_time_of_their_last_byte():
    reading = read(exchange(UPGRADE[:10], UPGRADE[10:] + b"\x81", b"\x02", b"", b"hi\x82", b"\x05ab"))
    assert [f.at for f in reading.session.frames] == [140, 150]
    assert [reading.when(f.span[1] - 1) for f in reading.session.frames] == [140, 150]


def test_our_own_frames_are_read_from_what_was_sent():
    events = (
        Sent(1, REQUEST[:20]),
        Sent(2, REQUEST[20:]),
        Received(3, UPGRADE),
        Sent(4, b"\x81\x82abcd"),
        Sent(5, b"\x09\x0b\x88"),
        Ended(9, "fin"),
    )
    reading = read(Exchange(PLAN, events))
    (frame,) = reading.session.sent
    assert (frame.data, frame.at, frame.start) == (b"hi", 5, len(REQUEST))
    assert reading.sent == REQUEST + b"\x81\x82abcd\x09\x0b\x88"


def test_a_request_is_read_back():
    reading = read(exchange())
    request = reading.request
    assert (request.method, request.resource, request.version) == (b"GET", b"/chat", b"HTTP/1.1")
    assert (request.key, request.protocols, request.extensions) == (b"dGhlIHNhbXBsZSBub25jZQ==", (), None)


EMPTY = {"key": None, "protocols": (), "extensions": None}
TWO = b"Sec-WebSocket-Protocol: a, b\nSec-WebSocket-Protocol: c\n\n"


@pytest.mark.parametrize(
    ("raw", "first", "fields"),
    [
        (b"GET /a b HTTP/1.1\n\n", (b"GET", b"/a b", b"HTTP/1.1"), {}),
        (b"GET\n\n", (b"GET", b"", b""), {}),
        (b"GET /\n\n", (b"GET", b"", b"/"), {}),
        (b"", (b"", b"", b""), {}),
        (b"G / H\nSec-WebSocket-Key: x\n", (b"G", b"/", b"H"), {"key": b"x"}),
        (b"G / H\nSec-WebSocket-Key: a\nsec-websocket-key: b\n\n", (b"G", b"/", b"H"), {}),
        (b"G / H\n" + TWO, (b"G", b"/", b"H"), {"protocols": (b"a", b"b", b"c")}),
        (b"G / H\n" + TWO.replace(b"Protocol", b"Extensions"), (b"G", b"/", b"H"), {"extensions": b"a, b, c"}),
        (b"G / H\nWebSocket-Protocol: sample\n\n", (b"G", b"/", b"H"), {"protocols": (b"sample",)}),
    ],
)
def test_requests(raw, first, fields):
    request = read(exchange(plan=replace(PLAN, request=raw))).request
    assert (request.method, request.resource, request.version) == first
    assert {name: getattr(request, name) for name in EMPTY} == EMPTY | fields
    assert request.head.raw == raw


def test_bytes_after_the_blank_line_belong_to_the_request_that_was_planned():
    plan = replace(PLAN, request=REQUEST + b"8 bytes!")
    reading = read(Exchange(plan, (Sent(1, plan.request + b"more"), Ended(2, "fin"))))
    assert reading.request.rest == b"8 bytes!"
    assert read(Exchange(PLAN, (Sent(1, REQUEST + b"more"),))).request.rest == b""


def test_a_request_that_was_never_sent_is_read_from_the_plan():
    reading = read(Exchange(PLAN, (Ended(1, "error", "no route"),)))
    assert (reading.sent, reading.request.method) == (b"", b"GET")


@pytest.mark.parametrize(
    "how", ["fin", "reset", "truncated", "error", "timeout", "limit", "local", "interrupted"]
)
def test_how_it_ended_is_told_to_the_body(how):
    body = read(exchange(b"HTTP/1.1 403 x\r\n\r\nabc", how=how)).responses[0].body
    assert body.complete is (how == "fin")
    assert bool(body.problem) is (how in ("reset", "truncated", "error"))


def test_the_limit_of_the_plan_cuts_the_body():
    plan = replace(PLAN, limits=Limits(max_body=2))
    body = read(exchange(b"HTTP/1.1 403 x\r\n\r\nabc", plan=plan)).responses[0].body
    assert (body.content, body.cut, body.raw) == (b"ab", True, b"abc")


def test_another_wire_is_read_by_its_own_reader(monkeypatch):
    def reversed_session(data, start, when, sent, own, when_sent):
        return Session((), data[start:][::-1], start)

    monkeypatch.setitem(WIRES, "own", replace(WIRES["hybi-13"], session=reversed_session))
    reading = read(exchange(UPGRADE + b"abc", plan=replace(PLAN, wire="own")))
    assert reading.session == Session((), b"cba", len(UPGRADE))


@pytest.mark.parametrize(
    ("data", "how", "accepts", "message"),
    [
        (UPGRADE, "local", True, ""),
        (REFUSAL, "fin", True, ""),
        (b"HTTP/1.1 403 x\r\n\r\nabc", "fin", True, ""),
        (b"HTTP/1.1 403 x\r\n\r\nabc", "timeout", False, "NEED_DATA"),
        (b"HTTP/1.1 403 x\r\nA", "timeout", False, "NEED_DATA"),
        (b"HTTP/1.1 403 x\r\nA", "fin", False, "peer unexpectedly closed connection"),
        (b"\r\nHTTP/1.1 403 x\r\n\r\n", "fin", False, "no response line received"),
        (b"HTTP/1.1  101 x\r\n\r\n", "fin", False, "illegal status line: bytearray(b'HTTP/1.1  101 x')"),
        (b"HTTP/1.1 101 x\r\nA : b\r\n\r\n", "fin", False, "illegal header line: bytearray(b'A : b')"),
        (
            b"HTTP/1.1 101 x\r\nTransfer-Encoding: gzip\r\n\r\n",
            "fin",
            False,
            "Only Transfer-Encoding: chunked is supported",
        ),
        (b"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 101 x\r\n\r\n", "fin", True, ""),
    ],
)
def test_the_opinion_of_h11(data, how, accepts, message):
    opinion = read(exchange(data, how=how)).opinion
    assert (opinion.accepts, opinion.message) == (accepts, message)


def test_a_large_head_does_not_depend_on_how_tcp_cut_it():
    data = b"HTTP/1.1 403 x\r\n" + b"X: " + b"y" * 300_000 + b"\r\nContent-Length: 0\r\n\r\n"
    pieces = [data[at : at + 1460] for at in range(0, len(data), 1460)]
    assert read(exchange(*pieces)).opinion == read(exchange(data)).opinion
    assert read(exchange(data)).responses[0].status == 403


def test_h11_is_not_asked_of_more_lines_than_we_tell_apart_ourselves():
    reading = read(exchange(b"HTTP/1.1 403 x\r\n" + b"a: b\r\n" * (LINES_MAX + 1) + b"\r\n"))
    assert (reading.opinion, reading.responses[0].status) == (None, 403)


PIECES = (
    b"HTTP/1.1 |HTTP/1.1 101 x\r\n|HTTP/1.1 100 x\r\n|HTTP/1.1 403 x\r\n|101|\r\n|\n|\r\n\r\n|A: b\r\n|"
    b" fold\r\n|Content-Length: 3\r\n|Transfer-Encoding: chunked\r\n|Content-Encoding: gzip\r\n|"
    b"2\r\nab\r\n0\r\n\r\n|\x81\x02hi|\x88\x80abcd|\x82\x7f|\x00"
).split(b"|")
wire = st.lists(st.sampled_from(PIECES) | st.binary(max_size=5), max_size=14).map(b"".join)
hows = st.sampled_from(["fin", "reset", "timeout", "local", "truncated"])


@settings(max_examples=5 * EXAMPLES)
@given(wire, wire, hows, st.sampled_from(["hybi-13", "hybi-08", "no such wire"]))
def test_any_bytes_are_read_and_none_is_lost(data, more, how, wire):
    plan = replace(PLAN, wire=wire)
    made = exchange(data, how=how, plan=plan)
    reading = read(replace(made, events=(*made.events[:-1], Sent(200, more), made.events[-1])))
    assert reading.received == data
    assert accounted(reading) == data
    assert reading.sent == REQUEST + more
    if reading.session is not None:
        assert (REQUEST + more).startswith(
            REQUEST + b"".join(f.header + f.payload for f in reading.session.sent)
        )


def without_times(reading):
    session = reading.session
    if session is not None:
        session = replace(session, frames=tuple(replace(f, at=0) for f in session.frames))
    return replace(reading, session=session, exchange=exchange())


@settings(max_examples=3 * EXAMPLES)
@given(wire, hows, st.lists(st.integers(1, 30), max_size=6))
def test_how_the_bytes_were_cut_does_not_matter(data, how, sizes):
    whole = without_times(read(exchange(data, how=how)))
    bytewise = [data[i : i + 1] for i in range(len(data))]
    odd, at = [], 0
    for size in (*sizes, len(data)):
        odd.append(data[at : at + size])
        at += size
    assert without_times(read(exchange(*bytewise, how=how))) == whole
    assert without_times(read(exchange(*odd, how=how))) == whole


@given(wire)
def test_any_bytes_sent_are_read(data):
    reading = read(exchange(UPGRADE, plan=replace(PLAN, request=data)))
    assert reading.request.head.raw + reading.request.rest == data
    assert reading.sent == data


HOSTILE = {
    "fields": lambda: b"HTTP/1.1 200 x\r\n" + b"a: b\r\n" * 300_000,
    "folds": lambda: b"HTTP/1.1 200 x\r\na: b\r\n" + b" c\r\n" * 300_000 + b"\r\n",
    "empty lines": lambda: b"\r\n" * 1_000_000,
    "interim answers": lambda: b"HTTP/1.1 100 x\r\n\r\n" * 20_000,
    "empty frames": lambda: UPGRADE + b"\x81\x00" * 2_000_000,
    "a frame without end": lambda: UPGRADE + b"\x82\x7f\x7f" + b"\xff" * 1_000_000,
    "small chunks": lambda: b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000,
    "a chunk line": lambda: b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 1_000_000,
    "noise": lambda: bytes(range(256)) * 8000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_are_read_whole(name):
    data = HOSTILE[name]()
    pieces = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    reading = read(exchange(*pieces))
    assert reading.received == data
