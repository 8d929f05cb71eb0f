"""The client's side of a WebSocket over HTTP/2: what it sends, and when it stops. No sockets, no clock."""

from __future__ import annotations

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import every
from tests.http2.lines import planned
from tests.http2.test_read import answer
from wsprobe.cli.talk import OVER_HTTP2
from wsprobe.exchange import Act, Connected, Ended, Exchange, Limits, Priority, Received, Sent
from wsprobe.judge import judge
from wsprobe.read import handshakes, read
from wsprobe.read.http2 import FRAMES_MAX
from wsprobe.read.http2_opinion import opinion
from wsprobe.read.http2_values import (
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    ENHANCE_YOUR_CALM,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    NO_ERROR,
    PING,
    PREFACE,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    REFUSED_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)
from wsprobe.read.reading import INTERIM_MAX
from wsprobe.session.conversation import BODY_WAIT, NOT_HTTP_WAIT
from wsprobe.session.conversation_http2 import ACKS_MAX, IDLE_MAX, LATE_SETTINGS, Http2Client
from wsprobe.session.open_session import Phase
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings, window_update
from wsprobe.wire.rfc6455 import frame as masked

ON = settings([(8, 1)])
OPEN = headers(1, coded(Encoder(), [(b":status", b"200")]))
CLOSE = data(1, b"\x88\x02\x03\xe8")
END = data(1, b"", end_stream=True)


def plan(acts=(), limits=Limits(), **parts):
    made = planned()
    assert made.http2 is not None
    return replace(made, acts=acts, limits=limits, http2=replace(made.http2, **parts))


class Played:
    """A client that was fed, and all that it sent."""

    def __init__(self, of, *pieces):
        """*pieces*: bytes received, or microseconds that go by."""
        self.plan = of
        self.client = Http2Client(of)
        self.sent = self.client.opening
        self.received = b""
        self.now = 1000
        self.turn = self.client.timer(self.now)
        for piece in pieces:
            self.feed(piece)

    def feed(self, piece):
        if isinstance(piece, int):
            self.now += piece
            self.turn = self.client.timer(self.now)
        else:
            self.received += piece
            self.turn = self.client.receive(piece, self.now)
        self.sent += self.turn.send
        return self.turn

    @property
    def frames(self):
        """What it sent, without the preface."""
        reading = read(Exchange(self.plan, (Sent(1, self.sent), Received(2, self.received))))
        assert reading.http2.rest_sent == b""
        return list(reading.http2.of("client"))

    def told(self):
        return [" ".join((each.name, *each.flag_names)) for each in self.frames]


def test_the_first_frames_are_the_plans():
    of = plan(settings=((1, 65536), (2, 0), (4, 131072)), window=12517377, stream=3, stream_window=5)
    of = replace(of, http2=replace(of.http2, priority=Priority(0, 21, False)))
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


def test_the_request_is_sent_as_it_stands_in_the_plan():
    fields = ((b":method", b"CONNECT"), (b"X-Upper", b" b "), (b"a", b"1"), (b"a", b"2"), (b":late", b"\xff"))
    of = planned("on", fields)
    played = Played(replace(of, http2=replace(of.http2, never_indexed=(b"a",))), ON)
    reading = read(Exchange(of, (Sent(1, played.sent),)))
    assert tuple((field.name, field.value) for field in reading.http2.request.fields) == fields
    never = [field for field in reading.http2.request.fields if field.lines[0].text[0] & 0xF0 == 0x10]
    assert [field.name for field in never] == [b"a", b"a"]


@pytest.mark.parametrize("pairs", [[(3, 100)], [(8, 0)], [(8, 2)], []], ids=str)
def test_without_the_setting_nothing_is_asked(pairs):
    played = Played(plan(), settings(pairs))
    assert played.told() == ["SETTINGS", "SETTINGS ACK"]
    assert not played.turn.done
    assert played.feed(LATE_SETTINGS).done
    assert played.told()[-1] == "GOAWAY"
    assert played.turn.stop == "local"
    assert "HEADERS END_HEADERS" in Played(plan(anyway=True), settings(pairs)).told()


def test_the_setting_may_come_late():
    played = Played(plan(), settings([(3, 100)]), LATE_SETTINGS - 1, ON)
    assert played.told()[-1] == "HEADERS END_HEADERS"


def test_a_session_ends_in_good_order():
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
def test_when_our_side_of_the_stream_ends(when, expected):
    acts = (Act("open", "close", b"", 1000),)
    played = Played(plan(acts, end_stream=when), ON, OPEN, CLOSE, END)
    assert played.told()[3:] == expected


@pytest.mark.parametrize("end", [END, rst_stream(1, 8), goaway(0, 0)], ids=["end-stream", "reset", "goaway"])
def test_a_session_that_ends_without_a_close(end):
    played = Played(plan(), ON, OPEN, end)
    assert played.turn.done
    assert ("RST_STREAM" in played.told()) == (end == END)


def test_what_is_said_waits_for_the_window():
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
    assert [each.data for each in reading.session.sent] == [b"0123456789"]


def test_a_window_that_shrinks_below_nothing():
    acts = (Act("open", "text", bytes(50)),)
    played = Played(plan(acts), settings([(8, 1), (4, 60)]), OPEN, settings([(4, 0)]))
    played.feed(window_update(1, 50))
    played.client.carry(masked(1, b"more", bytes(4)))
    assert sum(each.length for each in played.frames if each.name == "DATA") == 56


@pytest.mark.parametrize(
    ("most", "apart", "expected"),
    [(16384, False, [16384, 3624]), (16375, False, [16375, 3633]), (16000, True, [8, 16000, 4000])],
)
def test_data_is_cut_as_the_plan_says(most, apart, expected):
    acts = (Act("open", "binary", bytes(20000)),)
    played = Played(plan(acts, data_max=most, header_apart=apart), ON, OPEN)
    assert [each.length for each in played.frames if each.name == "DATA"] == expected


def test_what_was_taken_is_given_back():
    message = b"\x82\x7e\x3f\xfc" + bytes(16380)
    played = Played(plan(), ON, OPEN, *[data(1, message)] * 6)
    given = [(each.stream, each.increment) for each in played.frames if each.name == "WINDOW_UPDATE"]
    assert given == [(0, 32768), (1, 32768), (0, 32768), (1, 32768), (0, 32768), (1, 32768)]


def test_pings_and_settings_are_acknowledged_as_long_as_they_are_few():
    played = Played(plan(), ON, frame(PING, 0, 0, b"12345678"), frame(PING, 1, 0, b"12345678"))
    assert played.told()[-1] == "PING ACK"
    assert played.frames[-1].payload == b"12345678"
    played = Played(plan(), ON, settings([]) * (2 * ACKS_MAX))
    assert played.told().count("SETTINGS ACK") == ACKS_MAX


def test_a_refusal_is_over_with_its_stream():
    assert Played(plan(), ON, answer(b"403", end_stream=True)).turn.done
    left_open = Played(plan(), ON, answer(b"403"))
    assert left_open.turn.phase is Phase.BODY
    assert left_open.feed(5_000_000).done
    assert left_open.turn.stop == "timeout"


def test_trailers_end_a_body():
    trailers = headers(1, coded(Encoder(), [(b"x", b"1")]), end_stream=True)
    assert Played(plan(), ON, answer(b"403"), data(1, b"no"), trailers).turn.done


def test_a_block_of_another_stream_and_a_promise_are_no_answer():
    refused = coded(Encoder(), [(b":status", b"403")])
    promise = frame(PUSH_PROMISE, 0x4, 1, (2).to_bytes(4, "big") + refused)
    played = Played(plan(), ON, headers(3, refused, end_stream=True), promise)
    assert not played.turn.done
    assert Played(plan(), headers(1, refused, end_stream=True), ON).turn.done is False
    played.feed(OPEN)
    assert played.client.phase is Phase.OPEN


def test_what_is_not_http2_is_watched_a_moment():
    played = Played(plan(), b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert not played.turn.done
    assert played.feed(1_000_000).done
    assert played.told() == ["SETTINGS"]


FLOODS = {
    "SETTINGS": settings([(3, 100)]),
    "PING": frame(PING, 0, 0, bytes(8)),
    "RST_STREAM": rst_stream(7, 8),
    "unknown": frame(0x42, 0, 0),
    "WINDOW_UPDATE": window_update(0, 1),
    "DATA of another stream": data(5, bytes(1000)),
}


@pytest.mark.parametrize("piece", FLOODS.values(), ids=FLOODS)
def test_floods_end(piece):
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
def test_frames_that_bring_nothing_are_counted(piece):
    played = Played(plan(), ON, OPEN, piece * (IDLE_MAX - 2))
    assert not played.turn.done
    assert played.feed(piece).why == f"{IDLE_MAX} frames without data"
    assert (played.turn.stop, played.frames[-1].type, played.frames[-1].code) == ("limit", GOAWAY, 11)


def test_data_and_windows_bring_something(monkeypatch):
    monkeypatch.setattr("wsprobe.session.conversation_http2.FRAMES_WATCHED", 3 * IDLE_MAX)
    played = Played(plan(), ON, OPEN, (data(1, b"\x8a\0") + window_update(1, 1)) * IDLE_MAX)
    assert not played.turn.done


def test_a_header_block_without_end_ends():
    played = Played(plan(limits=Limits(max_head=50_000)), ON, frame(HEADERS, 0, 1, b"\x88"))
    while not played.turn.done:
        played.feed(frame(9, 0, 1, bytes(1000)))
    assert played.turn.stop == "limit"
    assert len(played.received) < 60_000


KNOWN = [ON, OPEN, CLOSE, END, rst_stream(1, 0), goaway(1, 0), window_update(1, 9), answer(b"403")]
ODD = st.builds(frame, st.integers(0, 12), st.integers(0, 255), st.integers(0, 3), st.binary(max_size=20))


@given(st.lists(st.sampled_from(KNOWN) | ODD | st.binary(max_size=20) | st.integers(0, 10**7), max_size=14))
def test_nothing_makes_it_raise(pieces):
    played = Played(plan((Act("open", "text", b"hi"), Act("message", "ping", b"x"))), *pieces)
    assert played.frames[0].type == SETTINGS
    assert played.client.receive_eof(played.now).done


def refused(stream):
    return rst_stream(stream, REFUSED_STREAM)


def test_what_was_refused_is_asked_again_on_the_next_stream():
    played = Played(plan(tries=3, stream_window=7), ON, refused(1), refused(3))
    assert [f.stream for f in played.frames if f.type == HEADERS] == [1, 3, 5]
    assert [f.stream for f in played.frames if f.type == WINDOW_UPDATE] == [1, 3, 5]
    assert played.feed(refused(5)).done
    assert played.told()[-1] == "GOAWAY"
    assert "RST_STREAM" not in played.told()


def test_each_of_several_requests_is_read_with_its_own_answer():
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
def test_nothing_else_is_asked_again(pieces):
    played = Played(plan(tries=3), ON, *pieces)
    assert played.turn.done
    assert [f.stream for f in played.frames if f.type == HEADERS] == [1]


def test_the_windows_of_the_next_stream_begin_anew():
    acts = (Act("open", "binary", bytes(20)),)
    played = Played(plan(acts, tries=2), settings([(8, 1), (4, 5)]), window_update(1, 1000), refused(1))
    played.feed(headers(3, coded(Encoder(), [(b":status", b"200")])))
    assert [f.length for f in played.frames if f.type == DATA] == [5]
    played.feed(window_update(3, 1000))
    assert sum(f.length for f in played.frames if f.type == DATA and f.stream == 3) == 26


def codes(played):
    """The codes of the GOAWAYs that it sent."""
    return [each.code for each in played.frames if each.type == GOAWAY]


def lengths(played):
    """Of the DATA that it sent."""
    return [each.length for each in played.frames if each.type == DATA]


BEGINNINGS = {
    "eight bytes of a frame": (ON[:8], False),
    "a byte of no frame": (b"H", True),
    "nine bytes of no frame": (b"\0\0\0\x21\0\0\0\0\0", True),
}


@every(BEGINNINGS)
def test_when_it_is_plainly_no_http2(of):
    begun, strange = of
    for linger, wait in ((0.0, NOT_HTTP_WAIT), (2.5, 2_500_000)):
        played = Played(plan(limits=Limits(linger=linger)), begun)
        assert played.turn.wake_at == (1000 + wait if strange else None)
        if strange:
            assert not played.feed(wait - 1).done
            assert played.feed(1).done
            assert (played.turn.stop, played.turn.why, played.turn.send) == ("local", "", b"")
        else:
            assert played.feed(ON[8:]).send


def test_how_much_is_read_of_what_is_no_http2():
    played = Played(plan(limits=Limits(max_head=20)), b"HTTP/1.1 400 Bad R\n")
    assert not played.turn.done
    turn = played.feed(b"\n")
    assert (turn.done, turn.stop, turn.why) == (True, "limit", "20 bytes that are not HTTP/2")
    assert played.feed(b"more").send == b""


def test_how_much_is_read_of_what_is_no_data():
    """Headers of frames count, and DATA of another stream; DATA of ours counts elsewhere."""
    room = 100
    before = len(ON) + len(OPEN) + 9 * 2 + 5
    for pad, done in ((room - before - 9, False), (room - before - 8, True)):
        played = Played(plan(limits=Limits(max_head=room)), ON, OPEN, data(1, b"\x8a\0"), data(3, b"12345"))
        assert not played.turn.done
        turn = played.feed(frame(0x42, 0, 0, bytes(pad)))
        assert turn.done == done
        if done:
            assert (turn.stop, turn.why) == ("limit", "100 bytes outside the stream's data")
            assert codes(played) == [ENHANCE_YOUR_CALM]


def test_a_frame_that_is_not_whole_counts_as_it_comes():
    played = Played(plan(limits=Limits(max_head=100)), ON, frame(0x42, 0, 0, bytes(200))[:85])
    assert not played.turn.done
    assert played.feed(b"?").done


def test_frames_are_counted(monkeypatch):
    monkeypatch.setattr("wsprobe.session.conversation_http2.FRAMES_WATCHED", 20)
    monkeypatch.setattr("wsprobe.session.conversation_http2.FRAMES_LEAST", 1)
    played = Played(plan(), ON, OPEN, window_update(1, 1) * 18)
    assert not played.turn.done
    assert played.feed(window_update(1, 1)).why == "20 frames"
    assert (played.turn.stop, codes(played)) == ("limit", [ENHANCE_YOUR_CALM])


@pytest.mark.parametrize("in_one", [1, 1000])
def test_a_session_is_not_longer_than_what_is_read_of_it(in_one):
    """As talk holds it. What is behind the last frame that is read, such as a Close, would count as missing."""
    of_data = data(1, b"\x8a\0" * in_one) * (FRAMES_MAX // in_one)
    played = Played(plan(limits=Limits(max_session=OVER_HTTP2)), ON, OPEN, of_data, data(1, b"\x8a\0"))
    assert (played.turn.stop, played.turn.why) == ("limit", "20000 frames")


def test_each_byte_of_ours_brings_something(monkeypatch):
    monkeypatch.setattr("wsprobe.session.conversation_http2.IDLE_MAX", 3)
    played = Played(plan(), ON, OPEN, *[data(1, b"\x8a")] * 5)
    assert not played.turn.done
    assert not played.feed(data(1, b"")).done
    assert played.feed(frame(DATA, 8, 1, b"\2\0\0")).why == "3 frames without data"


def test_windows_are_given_back_for_what_was_sent(monkeypatch):
    """Four times for each DATA frame of ours, and four times before the first; more of them bring nothing."""
    monkeypatch.setattr("wsprobe.session.conversation_http2.IDLE_MAX", 2)
    played = Played(plan(), ON, OPEN, window_update(1, 1) * 4)
    assert not played.turn.done
    played.sent += played.client.carry(masked(1, b"hello", bytes(4)))
    assert not played.feed(window_update(1, 1) * 4).done
    assert played.feed(window_update(1, 1)).why == "2 frames without data"


def test_settings_count_by_their_values(monkeypatch):
    monkeypatch.setattr("wsprobe.session.conversation_http2.IDLE_MAX", 5)
    played = Played(plan(), ON, frame(SETTINGS, 0, 0, bytes(60)))
    assert not played.turn.done
    assert played.feed(frame(SETTINGS, 0, 0, bytes(120))).why == "5 frames without data"


def test_padding_is_no_data(monkeypatch):
    played = Played(plan(limits=Limits(max_head=600)), ON, OPEN, frame(DATA, 8, 1, b"\xfft" + bytes(255)) * 2)
    assert not played.turn.done
    assert played.feed(frame(DATA, 8, 1, b"\xfft" + bytes(255))).why == "600 bytes outside the stream's data"


MALFORMED_THERE = {
    "SETTINGS first": ((frame(SETTINGS, 0, 0, b"12345"),), [FRAME_SIZE_ERROR], []),
    "SETTINGS later": ((ON, frame(SETTINGS, 0, 0, b"12345")), [], ["SETTINGS ACK", "HEADERS END_HEADERS"]),
    "PING": ((ON, frame(PING, 0, 0, b"1")), [], ["SETTINGS ACK", "HEADERS END_HEADERS"]),
    "PING first": ((frame(PING, 0, 0, b"1"),), [], []),
    "GOAWAY": ((ON, frame(GOAWAY, 0, 0, b"\0\0\0\0")), [], ["SETTINGS ACK", "HEADERS END_HEADERS"]),
    "a block that is no HPACK": (
        (ON, frame(HEADERS, 4, 1, b"\xff\xff")),
        [COMPRESSION_ERROR],
        ["SETTINGS ACK", "HEADERS END_HEADERS", "RST_STREAM"],
    ),
    "a block in a malformed frame": (
        (ON, frame(HEADERS, 0xC, 1, b"\x09\x88")),
        [PROTOCOL_ERROR],
        ["SETTINGS ACK", "HEADERS END_HEADERS", "RST_STREAM"],
    ),
    "a block of another stream that is no HPACK": (
        (ON, frame(HEADERS, 4, 3, b"\xff\xff")),
        [COMPRESSION_ERROR],
        ["SETTINGS ACK", "HEADERS END_HEADERS", "RST_STREAM"],
    ),
}
"""What comes; the codes of our GOAWAY, and what else we send behind our SETTINGS."""


@every(MALFORMED_THERE)
def test_what_is_malformed(of):
    pieces, expected, sent = of
    played = Played(plan(), *pieces)
    assert codes(played) == expected
    assert played.turn.done == bool(expected)
    assert [each for each in played.told()[1:] if each != "GOAWAY"] == sent


LIVES = {
    "RST_STREAM before the request": ((settings([]), rst_stream(1, 0)), True),
    "RST_STREAM of another stream": ((ON, rst_stream(3, 0)), True),
    "RST_STREAM": ((ON, rst_stream(1, 0)), False),
    "GOAWAY that leaves ours out": ((ON, goaway(0, 0)), False),
    "GOAWAY that takes ours in": ((ON, goaway(1, 0)), True),
    "DATA of another stream that ends": ((ON, data(3, b"", end_stream=True)), True),
    "DATA before the answer": ((ON, data(1, b"x")), True),
    "DATA before the answer that ends": ((ON, data(1, b"x", end_stream=True)), False),
    "an interim answer": ((ON, answer(b"103")), True),
    "an interim answer that ends": ((ON, answer(b"103", end_stream=True)), False),
    "a block of ours, interrupted": ((ON, frame(HEADERS, 1, 1, b"\x8d"), frame(0x42, 0, 0)), True),
    "a block of ours, another's CONTINUATION": (
        (ON, frame(HEADERS, 1, 1, b"\x8d"), frame(CONTINUATION, 4, 3, b"")),
        True,
    ),
    "a block of ours in two": ((ON, frame(HEADERS, 1, 1, b""), frame(CONTINUATION, 4, 1, b"\x8d")), False),
    "a block of ours, and one that replaces it": (
        (ON, frame(HEADERS, 1, 1, b"\x8d"), frame(HEADERS, 5, 1, b"\x8d")),
        False,
    ),
    "a CONTINUATION of no block": ((ON, frame(CONTINUATION, 4, 1, b"\x8d")), True),
}


@every(LIVES)
def test_what_ends_it_before_an_answer(of):
    pieces, lives = of
    assert Played(plan(), *pieces).turn.done != lives


ASKS = {
    "1": ([(8, 1)], True),
    "1 and 0": ([(8, 1), (8, 0)], False),
    "0 and 1": ([(8, 0), (8, 1)], True),
    "2": ([(8, 2)], False),
    "another": ([(7, 1), (9, 1)], False),
}


@every(ASKS)
def test_which_settings_let_it_ask(of):
    pairs, asks = of
    assert (Played(plan(), settings(pairs)).told()[-1] == "HEADERS END_HEADERS") == asks


def test_how_long_it_waits_for_the_setting():
    """From the first SETTINGS: others without it do not prolong it."""
    for linger, wait in ((0.0, LATE_SETTINGS), (2.5, 2_500_000)):
        played = Played(plan(limits=Limits(linger=linger)), settings([]), 1000, settings([(3, 1)]))
        assert played.turn.wake_at == 1000 + wait
        assert not played.feed(wait - 1001).done
        assert played.feed(1).done
        assert (played.turn.stop, codes(played)) == ("local", [NO_ERROR])


def test_an_ack_is_no_settings():
    played = Played(plan(), frame(SETTINGS, 1, 0))
    assert (played.told(), played.turn.wake_at) == (["SETTINGS"], None)


def test_what_was_asked_is_not_asked_twice():
    assert Played(plan(), ON, ON).told().count("HEADERS END_HEADERS") == 1


def test_how_many_interim_answers_it_waits_through():
    encoder = Encoder()
    interim = headers(1, coded(encoder, [(b":status", b"103")]))
    played = Played(plan(), ON, interim * INTERIM_MAX)
    assert not played.turn.done
    turn = played.feed(interim)
    assert (turn.stop, turn.why) == ("limit", f"{INTERIM_MAX} interim answers")


def test_how_much_of_a_body_is_read():
    played = Played(plan(limits=Limits(max_body=10)), ON, answer(b"403"), data(1, bytes(6), pad=9))
    assert not played.feed(data(1, bytes(4))).done
    turn = played.feed(data(1, b"x"))
    assert (turn.done, turn.stop, turn.why) == (True, "limit", "10 bytes of body")


def test_how_long_a_body_may_pause():
    for linger, wait in ((0.3, BODY_WAIT), (7.5, 7_500_000)):
        played = Played(plan(limits=Limits(linger=linger)), ON, answer(b"403"))
        assert played.turn.wake_at == 1000 + wait
        assert not played.feed(wait - 1).done
        assert played.feed(data(1, b"x")).wake_at == 1000 + 2 * wait - 1
        assert not played.feed(wait - 1).done
        assert played.feed(1).stop == "timeout"


def test_a_head_that_is_too_long_for_us():
    large = headers(1, coded(Encoder(), [(b":status", b"200"), (b"a", b"x" * 200)]))
    turn = Played(plan(limits=Limits(max_head=300)), ON, large).turn
    assert turn.phase is Phase.OPEN
    turn = Played(plan(limits=Limits(max_head=250)), ON, large).turn
    assert (turn.done, turn.stop, turn.why) == (True, "limit", "250 bytes of fields")


WINDOWS = {
    "nothing said": ((), (), [16384, 16384, 16384, 16383]),
    "frames of 16385": (((5, 16385),), (), [16385, 16385, 16385, 16380]),
    "frames of 16383, which none may be": (((5, 16383),), (), [16384, 16384, 16384, 16383]),
    "the longest frames": (((5, 2**24 - 1),), (), [65535]),
    "frames that are too long": (((5, 2**24),), (), [16384, 16384, 16384, 16383]),
    "a window of 5": (((4, 5),), (), [5]),
    "the widest window": (((4, 2**31 - 1),), (window_update(0, 100),), [16384, 16384, 16384, 16383, 100]),
    "a window that is too wide": (((4, 2**31),), (window_update(0, 100),), [16384, 16384, 16384, 16383]),
    "the stream's widened": ((), (window_update(1, 100),), [16384, 16384, 16384, 16383]),
    "another stream's widened": (
        (),
        (window_update(0, 100), window_update(3, 100)),
        [16384, 16384, 16384, 16383],
    ),
    "both widened": ((), (window_update(1, 7), window_update(0, 7)), [16384, 16384, 16384, 16383, 7]),
    "widened past what there is": (
        ((4, 2**31 - 1),),
        (window_update(1, 2**31 - 1), window_update(0, 1)),
        [16384, 16384, 16384, 16383, 1],
    ),
}
"""The server's SETTINGS and WINDOW_UPDATEs, and the DATA in which a long message of ours is sent."""


@every(WINDOWS)
def test_how_much_it_sends(of):
    pairs, pieces, expected = of
    acts = (Act("open", "binary", bytes(70_000)),)
    played = Played(plan(acts, data_max=1 << 24), settings([(8, 1), *pairs]), OPEN, *pieces)
    assert lengths(played) == expected
    assert played.client.held_back == 70_000 + 14 - sum(expected)


def test_a_window_that_changes_counts_what_was_sent():
    acts = (Act("open", "binary", bytes(100)),)
    played = Played(plan(acts), settings([(8, 1), (4, 50)]), OPEN, settings([(4, 60)]), settings([(4, 1)]))
    assert lengths(played) == [50, 10]
    played.feed(window_update(1, 59))
    assert lengths(played) == [50, 10]
    played.feed(window_update(1, 1))
    assert lengths(played) == [50, 10, 1]


APART = {
    "shorter": (9, [15]),
    "as long": (94, [100]),
    "longer by 1": (95, [6, 95]),
}


@every(APART)
def test_when_a_header_goes_apart(of):
    size, expected = of
    acts = (Act("open", "binary", bytes(size)),)
    assert lengths(Played(plan(acts, data_max=100, header_apart=True), ON, OPEN)) == expected
    assert sum(lengths(Played(plan(acts, data_max=100), ON, OPEN))) == sum(expected)


def test_each_frame_begins_a_data_of_its_own():
    sizes = (0, 125, 126, 65535, 3)
    acts = tuple(Act("open", "binary", bytes(size)) for size in sizes)
    played = Played(plan(acts, data_max=1 << 17), settings([(8, 1), (4, 1 << 20), (5, 1 << 20)]), OPEN)
    played.feed(window_update(0, 1 << 20))
    sent = lengths(played)
    assert sum(sent) == sum(sizes) + 6 + 6 + 8 + 8 + 6
    assert sent[:3] == [6, 131, 134]
    assert sent[-1] == 9


def test_bytes_by_hand_go_as_they_are():
    for written in (b"\x82", b"\x82\x02hi", b"\x82\x02hi\x88\x80\0\0\0\0", b"GET / HTTP/1.1"):
        played = Played(plan(), ON, OPEN)
        played.sent += played.client.carry(written)
        assert [each.content for each in played.frames if each.type == DATA] == [written]
        assert not any(each.end_stream for each in played.frames)


GIVEN_BACK = {
    "a byte less than half": ({}, [16384, 16382], []),
    "half": ({}, [16384, 16383], [(0, 32767), (1, 32767)]),
    "more than half": ({}, [16384, 16384, 16384], [(0, 32768), (1, 32768)]),
    "half of a smaller stream's": ({"settings": ((4, 100),)}, [49, 1, 49], [(1, 50)]),
    "half of a stream's that was widened": ({"settings": ((4, 100),), "stream_window": 50}, [74, 1], [(1, 75)]),
    "a stream's of 1": ({"settings": ((4, 1),)}, [1], [(1, 1)]),
    "a stream's of 0": ({"settings": ((4, 0),)}, [1], [(1, 1)]),
    "half of a wider connection's": (
        {"settings": ((4, 1 << 20),), "window": 1},
        [16384, 16383, 1],
        [(0, 32768)],
    ),
}
"""What is asked for, the DATA that comes, and the WINDOW_UPDATEs that we send for it."""


@every(GIVEN_BACK)
def test_when_a_window_is_given_back(of):
    asked, sizes, expected = of
    begun = b"\x82\x7f\0\0\0\0\0\1\0\0"
    message = begun + bytes(sum(sizes))
    played = Played(plan(**asked), ON, OPEN)
    first = len(played.frames)
    at = 0
    for size in sizes:
        played.feed(data(1, message[at : at + size]))
        at += size
    sent = played.frames[first:]
    assert [(each.stream, each.increment) for each in sent if each.type == WINDOW_UPDATE] == expected


def test_another_stream_takes_of_the_connections_window_alone():
    played = Played(plan(), ON, OPEN, data(3, bytes(16384)), data(3, bytes(16383)))
    assert [(each.stream, each.increment) for each in played.frames if each.type == WINDOW_UPDATE] == [
        (0, 32767)
    ]


def test_a_stream_that_is_over_needs_no_window():
    pieces = (data(1, b"\x82\x7f\0\0\0\0\0\1\0\0" + bytes(40)), data(1, b"x", end_stream=True))
    played = Played(plan(settings=((4, 101),)), ON, OPEN, *pieces)
    assert "WINDOW_UPDATE" in played.told()
    played = Played(plan(settings=((4, 102),)), ON, OPEN, *pieces)
    assert "WINDOW_UPDATE" not in played.told()


LEAVES = {
    "before an answer": ("closed", (), []),
    "a refusal that ended": ("closed", (answer(b"403", end_stream=True),), ["RST_STREAM", "GOAWAY"]),
    "a refusal that was reset": ("closed", (answer(b"403"), rst_stream(1, 0)), ["GOAWAY"]),
    "a session that ended": ("closed", (OPEN, END), ["RST_STREAM", "GOAWAY"]),
    "a session that was reset": ("closed", (OPEN, rst_stream(1, 0)), ["GOAWAY"]),
    "closed, then ended": ("closed", (OPEN, CLOSE, END), ["DATA END_STREAM", "GOAWAY"]),
    "ended with the Close": (
        "closed",
        (OPEN, data(1, b"\x88\x02\x03\xe8", end_stream=True)),
        ["DATA END_STREAM", "GOAWAY"],
    ),
    "never, ended with the Close": (
        "never",
        (OPEN, data(1, b"\x88\x02\x03\xe8", end_stream=True)),
        ["DATA", "RST_STREAM", "GOAWAY"],
    ),
}


@every(LEAVES)
def test_how_it_leaves(of):
    when, pieces, expected = of
    played = Played(plan(end_stream=when), ON, *pieces)
    assert played.told()[3:] == expected
    assert played.turn.done == bool(expected)


def test_the_end_of_the_connection_is_the_end():
    played = Played(plan(), ON, OPEN)
    turn = played.client.receive_eof(2000)
    assert (turn.send, turn.done, turn.stop, turn.wake_at) == (b"", True, "local", None)
    assert played.feed(END).send == b""
    assert played.feed(10**9).send == b""


def test_without_a_request_over_http2_there_is_no_client():
    with pytest.raises(ValueError, match="no HTTP/2 request"):
        Http2Client(replace(plan(), http2=None))


def test_what_stops_a_session_is_told_of_the_200():
    played = Played(plan(limits=Limits(max_session=20)), ON, OPEN, data(1, b"\x82\x7e\0\x40" + bytes(64)))
    assert (played.turn.done, played.turn.stop) == (True, "limit")
    assert "the 200" in played.turn.why


@pytest.mark.parametrize("status", [b"200", b"403"])
def test_only_the_first_answer_counts(status):
    encoder = Encoder()
    first, again = (headers(1, coded(encoder, [(b":status", each)])) for each in (status, b"200"))
    played = Played(plan((Act("open", "text", b"hi"),)), ON, first)
    sent, phase = lengths(played), played.turn.phase
    assert (sent, phase) == (([8], Phase.OPEN) if status == b"200" else ([], Phase.BODY))
    assert played.feed(again).phase is phase
    assert lengths(played) == sent


def test_a_close_of_ours_that_no_window_let_through_ends_nothing_in_order():
    played = Played(plan(), settings([(8, 1), (4, 0)]), OPEN, CLOSE, END)
    assert played.told()[3:] == ["RST_STREAM", "GOAWAY"]
    assert played.client.held_back == 8
