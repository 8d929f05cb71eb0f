"""The client's side of a WebSocket over HTTP/2: what it sends, and when it stops. No sockets, no clock.

``python -m tests.http2.test_session`` writes anew what is sent in the cases of sessions.txt."""

import json
from itertools import groupby
from pathlib import Path

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import every, same
from tests.http2.lines import planned
from tests.http2.words import WORDS, answer
from tests.pieces import act, cases, pieces, rewrite
from wsprobe.cli.talk import OVER_HTTP2
from wsprobe.exchange import Act, Connected, Ended, Exchange, Limits, Priority, Received, Sent
from wsprobe.judge import judge
from wsprobe.read import handshakes, read
from wsprobe.read.http2 import FRAMES_MAX
from wsprobe.read.http2_opinion import opinion
from wsprobe.read.http2_values import (
    DATA,
    PREFACE,
    REFUSED_STREAM,
    SETTINGS,
    error_name,
)
from wsprobe.session.conversation_http2 import Http2Client
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings, window_update

FILE = Path(__file__).parent / "sessions.txt"
ON = settings([(8, 1)])
OPEN = headers(1, coded(Encoder(), [(b":status", b"200")]))
EOF = b"eof"
IDLE = settings([(0, 0)] * 2730) * 36 + settings([(0, 0)] * 1320)
"""What counts as 9,997 frames that bring nothing, of 10,000: ten values are a frame."""
CLOSE = data(1, b"\x88\x02\x03\xe8")
END = data(1, b"", end_stream=True)


def plan(acts=(), limits=Limits(), **parts):
    made = planned()
    return replace(made, acts=acts, limits=limits, http2=replace(made.http2, **parts))


class Played:
    """A client that was fed, and all that it sent."""

    def __init__(self, of, *pieces):
        """*pieces*: bytes received or carried, EOF, or microseconds that go by."""
        self.plan = of
        self.client = Http2Client(of)
        self.sent = self.client.opening
        self.received = b""
        self.now = 1000
        self.turn = self.client.timer(self.now)
        for piece in pieces:
            self.feed(piece)

    def feed(self, piece):
        if isinstance(piece, Sent):
            self.sent += self.client.carry(piece.data)
            return
        if isinstance(piece, int):
            self.now += piece
            self.turn = self.client.timer(self.now)
        elif piece == EOF:
            self.turn = self.client.receive_eof(self.now)
        else:
            self.received += piece
            self.turn = self.client.receive(piece, self.now)
        self.sent += self.turn.send

    @property
    def frames(self):
        """What it sent, without the preface."""
        reading = read(Exchange(self.plan, (Sent(1, self.sent),)))
        assert reading.http2.rest_sent == b""
        return list(reading.http2.of("client"))


def plan_of(written):
    acts, limits, parts = [], {}, {}
    for each in filter(None, written.split("; ")):
        name, equals, value = each.partition("=")
        if not equals:
            acts.append(act(each))
        elif name == "settings":
            parts[name] = tuple(tuple(map(int, pair.split(":"))) for pair in value.split(","))
        elif name == "end_stream":
            parts[name] = value
        else:
            (limits if hasattr(Limits(), name) else parts)[name] = json.loads(value)
    return plan(tuple(acts), Limits(**limits), **parts)


def shown(frame):
    """A frame that was sent."""
    detail = {
        "DATA": frame.length,
        "WINDOW_UPDATE": f"+{frame.increment}",
        "GOAWAY": frame.code is not None and error_name(frame.code),
        "RST_STREAM": frame.code is not None and error_name(frame.code),
        "PING": frame.payload,
    }.get(frame.name, "")
    flags = (flag for flag in frame.flag_names if flag != "END_HEADERS")
    return " ".join(filter(None, (frame.name, *flags, str(frame.stream or ""), str(detail))))


def stands(played):
    """How it stands, in words."""
    turn = played.turn
    yield turn.phase.name.lower()
    yield "" if turn.done else "no limit" if turn.wake_at is None else f"until {turn.wake_at / 1000:.15g}"
    yield "" if turn.stop == "local" else turn.stop
    yield turn.why
    yield f"{played.client.held_back} bytes held back" if played.client.held_back else ""


def means(written, parts=""):
    """What is sent for each piece, and what changes of how it stands."""
    played, told, sent = Played(plan_of(parts)), [], 1
    before = list(stands(played))
    for step in pieces(written, WORDS | {"eof": EOF, "idle": IDLE}):
        played.feed(step)
        new = played.frames[sent:]
        alike = [(each, len(list(same))) for each, same in groupby(map(shown, new))]
        sent += len(new)
        line = ", ".join(f"{times}x {each}" if times > 1 else each for each, times in alike)
        after = list(stands(played))
        changed = ", ".join(now for now, old in zip(after, before, strict=True) if now and now != old)
        told.append(f"{line} ({changed})".lstrip() if changed else line or "-")
        before = after
    return [" / ".join(told).replace("SETTINGS ACK, HEADERS 1", "asks")]


@every(cases(FILE), quick=True)
def test_what_is_sent(of):
    given_, expected = of
    same(means(*given_), expected)


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


def test_what_waited_for_the_window_is_whole():
    said = (Act("open", "text", b"0123456789"),)
    played = Played(plan(said), settings([(8, 1), (4, 7)]), OPEN, window_update(1, 100))
    reading = read(Exchange(played.plan, (Sent(1, played.sent), Received(2, played.received))))
    assert [each.data for each in reading.session.sent] == [b"0123456789"]


KNOWN = [ON, OPEN, CLOSE, END, rst_stream(1, 0), goaway(1, 0), window_update(1, 9), answer(b"403")]
ODD = st.builds(frame, st.integers(0, 12), st.integers(0, 255), st.integers(0, 3), st.binary(max_size=20))


@given(st.lists(st.sampled_from(KNOWN) | ODD | st.binary(max_size=20) | st.integers(0, 10**7), max_size=14))
def test_nothing_makes_it_raise(pieces):
    played = Played(plan((Act("open", "text", b"hi"), Act("message", "ping", b"x"))), *pieces)
    assert played.frames[0].type == SETTINGS
    assert played.client.receive_eof(played.now).done


def refused(stream):
    return rst_stream(stream, REFUSED_STREAM)


def test_each_of_several_requests_is_read_with_its_own_answer():
    played = Played(plan(tries=3), ON, refused(1), headers(3, coded(Encoder(), [(b":status", b"200")])))
    played.feed(data(3, b"\x88\x02\x03\xe8"))
    played.feed(data(3, b"", end_stream=True))
    there = Connected(0, "127.0.0.1", 8001)
    events = (there, Sent(1, played.sent), Received(2, played.received), Ended(3, "local"))
    exchange = Exchange(played.plan, events)
    first, last = handshakes(read(exchange))
    assert (first.http2.stream, first.http2.earlier) == (1, ())
    assert (last.http2.stream, last.http2.earlier) == (3, (1,))
    told = [[(f.name, f.value) for f in each.fields] for each in (first.http2.request, last.http2.request)]
    assert told[0] == told[1]
    assert (first.final, last.final and last.final.status) == (None, 200)
    assert first.http2.end.name == "REFUSED_STREAM"
    verdict = judge(last)
    assert [f.id for f in verdict.findings if f.level == "fail"] == []
    assert opinion(last).accepts


@pytest.mark.parametrize("in_one", [1, 1000])
def test_a_session_is_not_longer_than_what_is_read_of_it(in_one):
    """As talk holds it. What is behind the last frame that is read, such as a Close, would count as missing."""
    of_data = data(1, b"\x8a\0" * in_one) * (FRAMES_MAX // in_one)
    played = Played(plan(limits=Limits(max_session=OVER_HTTP2)), ON, OPEN, of_data, data(1, b"\x8a\0"))
    assert (played.turn.stop, played.turn.why) == ("limit", "20000 frames")


def test_bytes_by_hand_go_as_they_are():
    for written in (b"\x82", b"\x82\x02hi", b"\x82\x02hi\x88\x80\0\0\0\0", b"GET / HTTP/1.1"):
        played = Played(plan(), ON, OPEN)
        played.sent += played.client.carry(written)
        assert [each.content for each in played.frames if each.type == DATA] == [written]
        assert not any(each.end_stream for each in played.frames)


def test_without_a_request_over_http2_there_is_no_client():
    with pytest.raises(ValueError, match="no HTTP/2 request"):
        Http2Client(replace(plan(), http2=None))


if __name__ == "__main__":
    rewrite(FILE, means)
