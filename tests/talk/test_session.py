"""The state of a session that is held: who closes, when, and what is counted."""

from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace

from wsprobe.exchange import SECOND, Act, Plan, Target
from wsprobe.read.frames import CLOSE, PING, PONG, TEXT, frame_at
from wsprobe.search import Search
from wsprobe.session.open_session import Phase
from wsprobe.show.lines import Look, text_of
from wsprobe.show.talk import ended
from wsprobe.talk.codec import Reader, Writer
from wsprobe.talk.output import JsonOutput
from wsprobe.talk.session import LAST, PONGS, QUIET, Outgoing, Rules, TalkSession
from wsprobe.wire.framing import Control, FrameFault, ReceivedMessage
from wsprobe.wire.rfc6455 import frame

PLAN = Plan(
    Target("ws://h/", False, "h", 80, "/"),
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
)


def held(acts=(), **rules):
    return TalkSession(replace(PLAN, acts=acts), Reader(max_message=1000), Writer(), Rules(**rules), 0)


def told(data):
    """(opcode, payload) of the frames that we sent."""
    found, at = [], 0
    while at < len(data):
        one = frame_at(data, at, lambda _: 0)
        found.append((one.opcode, one.data))
        at = one.span[1]
    return found


def theirs(opcode, data=b""):
    return frame(opcode, data, None)


NORMAL = b"\x03\xe8"


def test_it_begins_with_the_acts_of_the_plan():
    session = held((Act("open", "text", b"hi"), Act("open", "ping", b"?"), Act("message", "text", b"no")))
    assert told(session.begin()) == [(TEXT, b"hi"), (PING, b"?")]


def test_pings_are_answered_in_order_also_after_our_close_until_theirs():
    session = held()
    assert told(session.receive(theirs(PING, b"a") + theirs(PING, b"b"), 1)) == [(PONG, b"a"), (PONG, b"b")]
    session.say(Outgoing("close", code=1000))
    assert told(session.receive(theirs(PING, b"c") + theirs(CLOSE, NORMAL), 2)) == [(PONG, b"c")]
    assert session.receive(theirs(PING, b"d"), 3) == b""


def test_of_a_flood_of_pings_the_last_is_answered_and_none_where_nobody_reads():
    session = held()
    flood = b"".join(theirs(PING, b"%d" % n) for n in range(PONGS + 1))
    assert told(session.receive(flood, 1)) == [(PONG, b"%d" % PONGS)]
    session.congested = True
    assert session.receive(theirs(PING), 2) == b""


@pytest.mark.parametrize(
    ("close", "answer"),
    [(NORMAL, NORMAL), (b"", b""), (b"\x0f\xa0bye", b"\x0f\xa0"), (b"\x0b\xb8", b"\x0b\xb8")],
)
def test_the_server_closes(close, answer):
    session = held()
    assert told(session.receive(theirs(TEXT, b"last") + theirs(CLOSE, close), 5)) == [(CLOSE, answer)]
    assert session.phase is Phase.CLOSING
    assert session.closed_first == "server"
    assert session.wake_at == 5 + LAST
    assert session.say(Outgoing("text", [b"too late"])) == b""
    assert session.receive(theirs(TEXT, b"too late"), 6) == b""
    assert session.wake_at == 5 + LAST
    session.timer(5 + LAST)
    assert session.phase is Phase.DONE


def test_we_close_and_wait_while_the_server_sends_what_it_has():
    session = held()
    assert told(session.say(Outgoing("close", (b"bye",), 4000))) == [(CLOSE, b"\x0f\xa0bye")]
    assert session.wake_at == QUIET
    session.receive(theirs(TEXT, b"still"), SECOND)
    assert session.wake_at == SECOND + QUIET
    session.receive(theirs(CLOSE, b"\x0f\xa0"), 2 * SECOND)
    assert session.wake_at == 2 * SECOND + LAST
    assert [type(each) for each in session.heard] == [ReceivedMessage, Control]
    assert session.closed_first == "client"


@pytest.mark.parametrize(("answered", "more"), [(False, QUIET), (True, LAST)])
def test_while_our_output_is_blocked_no_time_passes_for_the_server(answered, more):
    session = held()
    session.say(Outgoing("close", code=1000))
    if answered:
        session.receive(theirs(CLOSE, NORMAL), 1)
    session.touch(60 * SECOND)
    assert session.wake_at == 60 * SECOND + more
    session.touch(SECOND)  # never earlier
    assert session.wake_at == 60 * SECOND + more


@pytest.mark.parametrize("closing", [2.0, 10.0])
def test_a_server_that_never_answers_our_close_is_left(closing):
    session = held(closing=closing)
    session.say(Outgoing("close", code=1000))
    at = 0
    while session.phase is Phase.CLOSING:
        assert session.wake_at is not None
        at = session.wake_at
        session.receive(theirs(TEXT, b"more"), at - 1)
        session.timer(at)
    assert at == closing * SECOND


def test_both_close_at_once():
    session = held()
    session.say(Outgoing("close", code=1000))
    assert session.receive(theirs(CLOSE, b"\x0f\xa0"), 1) == b""
    assert session.close_received is not None


def test_a_fault_fails_the_connection():
    session = held()
    ((opcode, payload),) = told(session.receive(theirs(TEXT, b"one") + theirs(3), 7))
    assert (opcode, payload[:2]) == (CLOSE, b"\x03\xea")
    assert b"opcode 0x3" in payload
    assert len(payload) <= 125
    assert isinstance(session.fault, FrameFault)
    assert session.wake_at == 7 + LAST


def test_a_message_that_is_too_long_gets_1009():
    ((_, payload),) = told(held().receive(b"\x81\x7e\x03\xe9", 1))
    assert payload[:2] == b"\x03\xf1"


def test_a_server_that_goes_on_after_our_close_is_left_after_ten_seconds():
    session = held()
    session.say(Outgoing("close", code=1000), 0)
    for at in range(1, 12):
        session.receive(theirs(TEXT, b"more"), at * SECOND - 1)
        session.touch(at * SECOND - 1)  # shown at once
    assert session.wake_at == 10 * SECOND


@pytest.mark.parametrize("eof", ["close", "wait", "keep"])
def test_the_end_of_the_input(eof):
    session = held(eof=eof, linger=0.5)
    now = told(session.input_over(SECOND))
    assert now == ([(CLOSE, NORMAL)] if eof == "close" else [])
    if eof == "keep":
        assert session.wake_at is None
    if eof == "wait":
        assert session.wake_at == SECOND + SECOND // 2
        session.receive(theirs(TEXT, b"echo"), 2 * SECOND)
        assert session.timer(2 * SECOND) == b""
        session.touch(3 * SECOND)
        assert session.wake_at == 3 * SECOND + SECOND // 2
        assert told(session.timer(session.wake_at)) == [(CLOSE, NORMAL)]


@pytest.mark.parametrize(
    ("greeting", "reply", "leaves"),
    [
        (None, None, 4 * SECOND),
        (SECOND // 2, None, 4 * SECOND),
        (None, 2 * SECOND, 3 * SECOND),
        (None, 3 * SECOND, 4 * SECOND),
    ],
)
def test_replies_are_waited_for(greeting, reply, leaves):
    """Up to three seconds for the first one after what we sent, and a second after the last."""
    session = held()
    if greeting is not None:
        session.receive(theirs(TEXT, b"hello"), greeting)
    session.say(Outgoing("text", (b"q",)), SECOND)
    session.input_over(SECOND)
    session.receive(theirs(PING), SECOND + 1)
    if reply is not None:
        session.receive(theirs(TEXT, b"late"), reply)
    assert session.wake_at == leaves


def test_it_ends_with_the_last_awaited_message():
    class One:
        def heard(self, data):
            return data == b"b"

    session = TalkSession(PLAN, Reader(), Writer(), Rules(patience=30.0), 0, One())
    session.input_over(SECOND)
    session.receive(theirs(TEXT, b"a"), 2 * SECOND)
    assert session.wake_at == 31 * SECOND
    session.receive(theirs(TEXT, b"b"), 3 * SECOND)
    assert told(session.timer(3 * SECOND)) == [(CLOSE, NORMAL)]


def test_a_ping_before_a_fault_is_answered_first():
    sent = told(held().receive(theirs(PING) + b"\x83\x00" + theirs(PING), 1))
    assert [opcode for opcode, _ in sent] == [PONG, CLOSE]


@pytest.mark.parametrize("size", [4, 126])
def test_no_message_above_the_limit(size):
    session = TalkSession(PLAN, Reader(max_message=3), Writer(), Rules(), 0)
    sent = told(session.receive(theirs(TEXT, b"abc") + theirs(TEXT, b"x" * size), 1))
    assert sent[0][1][:2] == (1009).to_bytes(2, "big")
    assert [each.data for each in session.heard if isinstance(each, ReceivedMessage)] == [b"abc"]
    assert "--max-message" in session.unmet


def test_it_ends_after_a_count():
    session = held(count=2)
    assert "0 of 2" in session.unmet
    sent = session.receive(b"".join(theirs(TEXT, b"%d" % n) for n in range(5)) + theirs(PING), 1)
    assert [each.data for each in session.heard] == [b"0", b"1"]
    assert told(sent)[0] == (CLOSE, NORMAL)
    assert session.unmet == ""
    session.receive(theirs(TEXT, b"a feed that reads nothing"), SECOND)
    assert session.wake_at == SECOND + 1
    session.heard = []
    session.receive(theirs(TEXT, b"late") + theirs(CLOSE, NORMAL), 2)
    assert [each.what for each in session.heard if isinstance(each, Control)] == ["close"]
    assert len(session.heard) == 1


def test_it_ends_after_a_match():
    session = held(match=Search(re.compile(rb"\bdone\b")))
    assert session.receive(theirs(TEXT, b"undone"), 1) == b""
    assert session.unmet
    assert told(session.receive(theirs(TEXT, b"all done") + theirs(TEXT, b"more"), 2)) == [(CLOSE, NORMAL)]
    assert session.totals.messages_received == 2


def test_a_slow_pattern_ends_it():
    search = Search(re.compile(rb"(a+)+b"), 0.05)
    session = held(match=search)
    flood = theirs(TEXT, b"a" * 40) * 1000
    assert told(session.receive(flood, 1)) == [(CLOSE, NORMAL)]  # in years, without a limit
    assert (session.unmet, session.totals.messages_received) == ("--match: " + search.slow, 1)


def test_messages_that_are_each_a_little_slow_end_it():
    session = held(match=Search(re.compile(rb"(a+)+b"), 0.5))  # some thousand times what one takes
    sent = session.receive(theirs(TEXT, b"a" * 14) * 20_000, 1)
    assert told(sent) == [(CLOSE, NORMAL)]
    assert 1 < session.totals.messages_received < 20_000


def test_an_await_takes_messages_after_the_last_one_taken():
    session = held(awaits=True)
    session.receive(theirs(TEXT, b"0{}") + theirs(TEXT, b"ready") + theirs(TEXT, b"more"), 1)
    session.wait_for(b"0{")
    session.wait_for(b"ready")
    assert session.unmet == ""
    session.wait_for(b"ready")
    assert session.awaiting == b"ready"
    assert session.unmet == 'no message with "ready" arrived (await)'
    session.receive(theirs(TEXT, b"ready?"), 2)
    assert session.awaiting is None


@pytest.mark.parametrize(("size", "count"), [(900, 2000), (1, 20_000)])
def test_what_is_kept_for_an_await_is_bounded(size, count):
    session = held(awaits=True)
    session.receive(theirs(TEXT, b"first"), 1)
    for _ in range(count):
        session.receive(theirs(TEXT, b"x" * size), 2)
    session.receive(theirs(TEXT, b"last"), 3)
    session.wait_for(b"last")
    assert session.awaiting is None
    session.receive(theirs(TEXT, b"first"), 4)
    for _ in range(count):
        session.receive(theirs(TEXT, b"x" * size), 5)
    session.wait_for(b"first")
    assert session.awaiting == b"first"


def test_a_message_is_answered_each_time_and_none_where_nobody_reads():
    session = held(answers={b"2": b"3"})
    flood = theirs(TEXT, b"2") + theirs(TEXT, b"42") + theirs(TEXT, b"2")
    assert told(session.receive(flood, 1)) == [(TEXT, b"3"), (TEXT, b"3")]
    session.congested = True
    assert session.receive(flood, 2) == b""


def test_pings_by_the_clock_and_the_end_if_nothing_comes():
    session = held(ping_interval=5)
    assert session.wake_at == 5 * SECOND
    assert told(session.timer(5 * SECOND)) == [(PING, b"1")]
    session.receive(theirs(PONG, b"1"), 6 * SECOND)
    assert session.totals.round_trip == SECOND
    assert told(session.timer(10 * SECOND)) == [(PING, b"2")]
    assert told(session.timer(15 * SECOND)) == [(PING, b"3")]
    assert session.timer(20 * SECOND) == b""
    assert (session.phase, session.stop) == (Phase.DONE, "timeout")
    assert "5 s apart" in session.why


def test_of_many_pings_the_first_hundred_are_timed():
    for number, round_trip in ((99, 7), (100, None)):
        session = held()
        session.say(Outgoing("ping", [b"%d" % each for each in range(101)]), 3)
        session.receive(theirs(PONG, b"%d" % number), 10)
        assert session.totals.round_trip == round_trip


def test_totals():
    session = held()
    session.say(Outgoing("text", [b"abc", b"d"]))
    session.receive(theirs(TEXT, b"xyz"), 1)
    of = session.totals
    assert (of.messages_sent, of.bytes_sent, of.wire_sent) == (2, 4, 16)
    assert (of.messages_received, of.bytes_received, of.wire_received) == (1, 3, 5)


@pytest.mark.parametrize(
    ("received", "says"),
    [
        (
            theirs(CLOSE, b"\x0f\xa0bye"),
            ('the server closed: 4000 "bye"', 'event close, code 4000, reason "bye", wasClean true'),
        ),
        (theirs(CLOSE), ("the server closed: no code", 'event close, code 1005, reason "", wasClean true')),
        (
            b"\xf1\x00",
            ("failed with 1002: ", 'event error, then event close, code 1006, reason "", wasClean false'),
        ),
        (
            b"",
            (
                "the connection ended without a Close",
                'event error, then event close, code 1006, reason "", wasClean false',
            ),
        ),
    ],
)
def test_how_it_ended_in_words(received, says):
    session = held()
    session.receive(received, 1)
    who, page = [text_of(each) for each in ended(session, Look())]
    assert who.startswith(says[0])
    assert page == f"in a page: {says[1]}"
    assert json.loads(JsonOutput().closed(session, "fin", 1_234_500))["at"] == 1234.5


@pytest.mark.parametrize(
    ("before", "received", "value"),
    [
        ([], b"", {"code": None, "reason": "", "size": 0, "by": None, "clean": False}),
        (
            [],
            theirs(CLOSE, b"\x0f\xa0bye"),
            {"code": 4000, "reason": "bye", "size": 5, "by": "server", "clean": True},
        ),
        ([], theirs(CLOSE), {"code": None, "reason": "", "size": 0, "by": "server", "clean": True}),
        (
            [Outgoing("close", (b"ours",), 4001)],
            b"",
            {"code": 4001, "reason": "ours", "size": 6, "by": "client", "clean": False},
        ),
        (
            [Outgoing("close", (b"ours",), 4001)],
            theirs(CLOSE, b"\x0f\xa0bye"),
            {"code": 4000, "reason": "bye", "size": 5, "by": "client", "clean": True},
        ),
        ([], b"\xf1\x00", {"by": "client", "clean": False}),
    ],
)
def test_how_it_ended_for_a_program(before, received, value):
    session = held()
    for each in before:
        session.say(each)
    session.receive(received, 1)
    closed = json.loads(JsonOutput().closed(session, "fin", 2000))
    assert closed == closed | value | {"event": "close", "at": 2, "how": "fin"}


class Failing(Reader):
    """Finds a fault in whatever comes."""

    def __init__(self, text):
        super().__init__()
        self._text = text

    def receive(self, data):
        return [FrameFault(1002, self._text)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("x" * 123, b"x" * 123), ("x" * 124, b"x" * 123), ("x" * 122 + "\u00e9", b"x" * 122)],
)
def test_a_fault_that_is_long_to_tell_is_cut_where_a_close_ends(text, reason):
    session = TalkSession(PLAN, Failing(text), Writer(), Rules(), 0)
    assert told(session.receive(b"?", 1)) == [(CLOSE, b"\x03\xea" + reason)]
