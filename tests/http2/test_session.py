"""The client's side of a WebSocket over HTTP/2: what it sends, and when it stops. No sockets, no clock."""

from __future__ import annotations

from typing import Any

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.http2.lines import planned
from tests.http2.test_read import answer
from wsprobe.conversation import Phase, Turn
from wsprobe.conversation_http2 import ACKS_MAX, IDLE_MAX, LATE_SETTINGS, Http2Client
from wsprobe.exchange import Act, Connected, Ended, Exchange, Limits, Plan, Priority, Received, Sent
from wsprobe.judge import judge
from wsprobe.read import handshakes, read
from wsprobe.read.http2_opinion import opinion
from wsprobe.read.http2_values import (
    DATA,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    PUSH_PROMISE,
    REFUSED_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Http2Frame,
)
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings, window_update

ON = settings([(8, 1)])
OPEN = headers(1, coded(Encoder(), [(b":status", b"200")]))
CLOSE = data(1, b"\x88\x02\x03\xe8")
END = data(1, b"", end_stream=True)


def plan(acts: tuple[Act, ...] = (), limits: Limits = Limits(), **parts: Any) -> Plan:
    made = planned()
    assert made.http2 is not None
    return replace(made, acts=acts, limits=limits, http2=replace(made.http2, **parts))


class Played:
    """A client that was fed, and all that it sent."""

    def __init__(self, of: Plan, *pieces: bytes | int) -> None:
        """*pieces*: bytes received, or microseconds that go by."""
        self.plan = of
        self.client = Http2Client(of)
        self.sent = self.client.opening
        self.received = b""
        self.now = 1000
        self.turn: Turn = self.client.timer(self.now)
        for piece in pieces:
            self.feed(piece)

    def feed(self, piece: bytes | int) -> Turn:
        if isinstance(piece, int):
            self.now += piece
            self.turn = self.client.timer(self.now)
        else:
            self.received += piece
            self.turn = self.client.receive(piece, self.now)
        self.sent += self.turn.send
        return self.turn

    @property
    def frames(self) -> list[Http2Frame]:
        """What it sent, without the preface."""
        reading = read(Exchange(self.plan, (Sent(1, self.sent), Received(2, self.received))))
        assert reading.http2 is not None
        assert reading.http2.rest_sent == b""
        return list(reading.http2.of("client"))

    def told(self) -> list[str]:
        return [" ".join((each.name, *each.flag_names)) for each in self.frames]


def test_the_first_frames_are_the_plans() -> None:
    of = plan(settings=((1, 65536), (2, 0), (4, 131072)), window=12517377, stream=3, stream_window=5)
    of = replace(of, http2=replace(of.http2, priority=Priority(0, 21, False)))  # type: ignore[type-var]
    played = Played(of, ON)
    assert played.sent.startswith(PREFACE)
    first, window, ack, request, wide = played.frames
    assert first.settings == ((1, 65536), (2, 0), (4, 131072))
    assert (window.stream, window.increment) == (0, 12517377)
    assert (ack.type, ack.ack) == (SETTINGS, True)
    assert (request.stream, request.flag_names, request.payload[:5]) == (
        3,
        ("END_HEADERS", "PRIORITY"),
        b"\0\0\0\0\x15",
    )
    assert (wide.stream, wide.increment) == (3, 5)


def test_the_request_is_sent_as_it_stands_in_the_plan() -> None:
    fields = ((b":method", b"CONNECT"), (b"X-Upper", b" b "), (b"a", b"1"), (b"a", b"2"), (b":late", b"\xff"))
    of = planned("on", fields)
    played = Played(replace(of, http2=replace(of.http2, never_indexed=(b"a",))), ON)  # type: ignore[type-var]
    reading = read(Exchange(of, (Sent(1, played.sent),)))
    assert reading.http2 is not None
    assert reading.http2.request is not None
    assert tuple((field.name, field.value) for field in reading.http2.request.fields) == fields
    never = [field for field in reading.http2.request.fields if field.lines[0].text[0] & 0xF0 == 0x10]
    assert [field.name for field in never] == [b"a", b"a"]


@pytest.mark.parametrize("pairs", [[(3, 100)], [(8, 0)], [(8, 2)], []], ids=str)
def test_without_the_setting_nothing_is_asked(pairs: list[tuple[int, int]]) -> None:
    played = Played(plan(), settings(pairs))
    assert played.told() == ["SETTINGS", "SETTINGS ACK"]
    assert not played.turn.done
    assert played.feed(LATE_SETTINGS).done
    assert played.told()[-1] == "GOAWAY"
    assert played.turn.stop == "local"
    assert "HEADERS END_HEADERS" in Played(plan(anyway=True), settings(pairs)).told()


def test_the_setting_may_come_late() -> None:
    played = Played(plan(), settings([(3, 100)]), LATE_SETTINGS - 1, ON)
    assert played.told()[-1] == "HEADERS END_HEADERS"


def test_a_session_ends_in_good_order() -> None:
    played = Played(plan(), ON, OPEN)
    assert played.turn.phase is Phase.OPEN
    played.feed(CLOSE)
    assert played.turn.phase is Phase.CLOSING
    assert played.told()[-1] == "DATA END_STREAM"
    assert played.feed(END).done
    assert played.told()[-1] == "GOAWAY"
    assert "RST_STREAM" not in played.told()


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("close", ["DATA END_STREAM", "GOAWAY"]),
        ("closed", ["DATA", "DATA END_STREAM", "GOAWAY"]),
        ("never", ["DATA", "RST_STREAM", "GOAWAY"]),
    ],
)
def test_when_our_side_of_the_stream_ends(when: Any, expected: list[str]) -> None:
    acts = (Act("open", "close", b"", 1000),)
    played = Played(plan(acts, end_stream=when), ON, OPEN, CLOSE, END)
    assert played.told()[3:] == expected


@pytest.mark.parametrize("end", [END, rst_stream(1, 8), goaway(0, 0)], ids=["end-stream", "reset", "goaway"])
def test_a_session_that_ends_without_a_close(end: bytes) -> None:
    played = Played(plan(), ON, OPEN, end)
    assert played.turn.done
    assert ("RST_STREAM" in played.told()) == (end == END)


def test_what_is_said_waits_for_the_window() -> None:
    acts = (Act("open", "text", b"0123456789"),)
    played = Played(plan(acts), settings([(8, 1), (4, 0)]), OPEN)
    assert played.told()[-1] == "HEADERS END_HEADERS"
    played.feed(window_update(1, 7))
    played.feed(window_update(0, 1000))
    assert [each.length for each in played.frames[3:]] == [7]
    played.feed(settings([(4, 100)]))
    carried = [each for each in played.frames if each.name == "DATA"]
    assert [each.length for each in carried] == [7, 9]
    reading = read(Exchange(played.plan, (Sent(1, played.sent), Received(2, played.received))))
    assert reading.session is not None
    assert [each.data for each in reading.session.sent] == [b"0123456789"]


def test_a_window_that_shrinks_below_nothing() -> None:
    acts = (Act("open", "text", bytes(50)),)
    played = Played(plan(acts), settings([(8, 1), (4, 60)]), OPEN, settings([(4, 0)]))
    played.feed(window_update(1, 50))
    played.client.say("text", b"more")
    assert sum(each.length for each in played.frames if each.name == "DATA") == 56


@pytest.mark.parametrize(
    ("most", "apart", "expected"),
    [(16384, False, [16384, 3624]), (16375, False, [16375, 3633]), (16000, True, [8, 16000, 4000])],
)
def test_data_is_cut_as_the_plan_says(most: int, apart: bool, expected: list[int]) -> None:
    acts = (Act("open", "binary", bytes(20000)),)
    played = Played(plan(acts, data_max=most, header_apart=apart), ON, OPEN)
    assert [each.length for each in played.frames if each.name == "DATA"] == expected


def test_what_was_taken_is_given_back() -> None:
    message = b"\x82\x7e\x3f\xfc" + bytes(16380)
    played = Played(plan(), ON, OPEN, *[data(1, message)] * 6)
    given = [(each.stream, each.increment) for each in played.frames if each.name == "WINDOW_UPDATE"]
    assert given == [(0, 32768), (1, 32768), (0, 32768), (1, 32768), (0, 32768), (1, 32768)]


def test_pings_and_settings_are_acknowledged_as_long_as_they_are_few() -> None:
    played = Played(plan(), ON, frame(PING, 0, 0, b"12345678"), frame(PING, 1, 0, b"12345678"))
    assert played.told()[-1] == "PING ACK"
    assert played.frames[-1].payload == b"12345678"
    played = Played(plan(), ON, settings([]) * (2 * ACKS_MAX))
    assert played.told().count("SETTINGS ACK") == ACKS_MAX


def test_a_refusal_is_over_with_its_stream() -> None:
    assert Played(plan(), ON, answer(b"403", end_stream=True)).turn.done
    left_open = Played(plan(), ON, answer(b"403"))
    assert left_open.turn.phase is Phase.BODY
    assert left_open.feed(5_000_000).done
    assert left_open.turn.stop == "timeout"


def test_trailers_end_a_body() -> None:
    trailers = headers(1, coded(Encoder(), [(b"x", b"1")]), end_stream=True)
    assert Played(plan(), ON, answer(b"403"), data(1, b"no"), trailers).turn.done


def test_a_block_of_another_stream_and_a_promise_are_no_answer() -> None:
    refused = coded(Encoder(), [(b":status", b"403")])
    promise = frame(PUSH_PROMISE, 0x4, 1, (2).to_bytes(4, "big") + refused)
    played = Played(plan(), ON, headers(3, refused, end_stream=True), promise)
    assert not played.turn.done
    assert played.client.say("text", b"hi") == b""
    assert Played(plan(), headers(1, refused, end_stream=True), ON).turn.done is False
    played.feed(OPEN)
    assert played.client.say("text", b"hi")


def test_what_is_not_http2_is_watched_a_moment() -> None:
    played = Played(plan(), b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert not played.turn.done
    assert played.feed(1_000_000).done
    assert played.told() == ["SETTINGS"]


def test_nothing_is_said_before_it_is_open_or_after_a_close() -> None:
    played = Played(plan(), ON)
    assert played.client.say("text", b"hi") == b""
    played.feed(OPEN)
    assert played.client.say("text", b"hi")
    assert played.client.say("close", b"", 1000)
    assert played.client.say("text", b"hi") == b""


FLOODS = {
    "SETTINGS": settings([(3, 100)]),
    "PING": frame(PING, 0, 0, bytes(8)),
    "RST_STREAM": rst_stream(7, 8),
    "unknown": frame(0x42, 0, 0),
    "WINDOW_UPDATE": window_update(0, 1),
    "DATA of another stream": data(5, bytes(1000)),
}


@pytest.mark.parametrize("piece", FLOODS.values(), ids=FLOODS)
def test_floods_end(piece: bytes) -> None:
    limits = Limits(max_head=100_000)
    played = Played(plan(limits=limits), ON)
    for _ in range(200):
        if played.feed(piece * 1000).done:
            break
    assert played.turn.stop == "limit"
    assert played.turn.why
    assert played.frames[-1].type == GOAWAY
    assert played.frames[-1].code == 11


@pytest.mark.parametrize(
    "piece",
    [frame(PING, 0, 0, bytes(8)), frame(0x42, 0, 1), data(1, b""), data(5, b"x")],
    ids=["PING", "unknown", "empty DATA", "DATA of another stream"],
)
def test_frames_that_bring_nothing_are_counted(piece: bytes) -> None:
    played = Played(plan(), ON, OPEN, piece * (IDLE_MAX - 2))
    assert not played.turn.done
    assert played.feed(piece).why == f"{IDLE_MAX} frames that bring nothing"
    assert (played.turn.stop, played.frames[-1].type, played.frames[-1].code) == ("limit", GOAWAY, 11)


def test_data_and_windows_bring_something() -> None:
    played = Played(plan(), ON, OPEN, (data(1, b"\x8a\0") + window_update(1, 1)) * IDLE_MAX)
    assert not played.turn.done


def test_a_header_block_without_end_ends() -> None:
    played = Played(plan(limits=Limits(max_head=50_000)), ON, frame(HEADERS, 0, 1, b"\x88"))
    while not played.turn.done:
        played.feed(frame(9, 0, 1, bytes(1000)))
    assert played.turn.stop == "limit"
    assert len(played.received) < 60_000


KNOWN = [ON, OPEN, CLOSE, END, rst_stream(1, 0), goaway(1, 0), window_update(1, 9), answer(b"403")]
ODD = st.builds(frame, st.integers(0, 12), st.integers(0, 255), st.integers(0, 3), st.binary(max_size=20))


@given(st.lists(st.sampled_from(KNOWN) | ODD | st.binary(max_size=20) | st.integers(0, 10**7), max_size=14))
def test_nothing_makes_it_raise(pieces: list[bytes | int]) -> None:
    played = Played(plan((Act("open", "text", b"hi"), Act("message", "ping", b"x"))), *pieces)
    assert played.frames[0].type == SETTINGS
    assert played.client.receive_eof(played.now).done


def refused(stream: int) -> bytes:
    return rst_stream(stream, REFUSED_STREAM)


def test_what_was_refused_is_asked_again_on_the_next_stream() -> None:
    played = Played(plan(tries=3, stream_window=7), ON, refused(1), refused(3))
    assert [f.stream for f in played.frames if f.type == HEADERS] == [1, 3, 5]
    assert [f.stream for f in played.frames if f.type == WINDOW_UPDATE] == [1, 3, 5]
    assert played.feed(refused(5)).done
    assert played.told()[-1] == "GOAWAY"
    assert "RST_STREAM" not in played.told()


def test_each_of_several_requests_is_read_with_its_own_answer() -> None:
    played = Played(plan(tries=3), ON, refused(1), headers(3, coded(Encoder(), [(b":status", b"200")])))
    played.feed(data(3, b"\x88\x02\x03\xe8"))
    played.feed(data(3, b"", end_stream=True))
    there = Connected(0, "127.0.0.1", 8001)
    events = (there, Sent(1, played.sent), Received(2, played.received), Ended(3, "local"))
    exchange = Exchange(played.plan, events)
    first, last = handshakes(read(exchange))
    assert first.http2 is not None
    assert last.http2 is not None
    assert (first.http2.stream, first.http2.earlier) == (1, ())
    assert (last.http2.stream, last.http2.earlier) == (3, (1,))
    assert first.http2.request is not None
    assert last.http2.request is not None
    told = [[(f.name, f.value) for f in each.fields] for each in (first.http2.request, last.http2.request)]
    assert told[0] == told[1]
    assert (first.final, last.final and last.final.status) == (None, 200)
    assert first.http2.end is not None
    assert first.http2.end.name == "REFUSED_STREAM"
    verdict = judge(last)
    assert [f.id for f in verdict.findings if f.level == "fail"] == []
    assert opinion(last).accepts


@pytest.mark.parametrize(
    "pieces",
    [
        (goaway(1, 0), refused(1)),
        (rst_stream(1, 2),),
        (OPEN, refused(1)),
        (headers(1, coded(Encoder(), [(b":status", b"403")])), refused(1)),
    ],
    ids=["going-away", "another-code", "opened", "answered"],
)
def test_nothing_else_is_asked_again(pieces: tuple[bytes, ...]) -> None:
    played = Played(plan(tries=3), ON, *pieces)
    assert played.turn.done
    assert [f.stream for f in played.frames if f.type == HEADERS] == [1]


def test_the_windows_of_the_next_stream_begin_anew() -> None:
    acts = (Act("open", "binary", bytes(20)),)
    played = Played(plan(acts, tries=2), settings([(8, 1), (4, 5)]), window_update(1, 1000), refused(1))
    played.feed(headers(3, coded(Encoder(), [(b":status", b"200")])))
    assert [f.length for f in played.frames if f.type == DATA] == [5]
    played.feed(window_update(3, 1000))
    assert sum(f.length for f in played.frames if f.type == DATA and f.stream == 3) == 26
