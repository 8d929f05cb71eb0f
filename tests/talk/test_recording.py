"""What is recorded of a session that may be endless."""

from __future__ import annotations

import pytest

from wsprobe.exchange import LeftOut, Received, Sent
from wsprobe.talk.codec import Reader
from wsprobe.talk.recording import SessionRecording

CLOSE = b"\x88\x02\x03\xe8"


def kept(limit):
    events = []
    return SessionRecording(limit, events.append), events


def test_all_of_a_short_session():
    keep, events = kept(100)
    keep.sent(1, b"a" * 50, None)
    keep.received(2, b"b" * 50 + CLOSE, 54, 0, CLOSE)
    keep.sent(3, CLOSE, CLOSE)
    keep.end(4)
    assert events == [Sent(1, b"a" * 50), Received(2, b"b" * 50 + CLOSE), Sent(3, CLOSE)]


def test_it_is_cut_where_a_frame_ended_and_the_closes_are_kept():
    keep, events = kept(30)
    keep.received(1, b"x" * 20, -1, 5, None)
    keep.received(2, b"y" * 20, 7, 10, None)
    keep.received(3, b"z" * 20, 20, 0, None)
    keep.received(4, b"z" * 3 + CLOSE, 7, 0, CLOSE)
    keep.received(5, b"junk", -1, 0, CLOSE)
    keep.end(6)
    assert events == [
        Received(1, b"x" * 20),
        Received(2, b"y" * 7),
        LeftOut(4, 0, 13 + 20 + 3),
        Received(4, CLOSE),
        LeftOut(6, 0, 4),
    ]


def test_a_frame_that_does_not_fit_is_not_begun():
    keep, events = kept(100)
    keep.received(1, b"x" * 20 + b"y" * 5, 20, 1 << 40, None)
    keep.received(2, b"y" * 50, -1, 1 << 40, None)
    keep.end(3)
    assert events == [Received(1, b"x" * 20), LeftOut(3, 0, 55)]


def test_a_frame_that_just_fits_is_kept():
    keep, events = kept(30)
    keep.received(1, b"x" * 10 + b"y" * 10, 10, 10, None)
    keep.received(2, b"y" * 10, 10, 0, None)
    keep.end(3)
    assert events == [Received(1, b"x" * 10 + b"y" * 10), Received(2, b"y" * 10)]


def test_a_frame_that_begins_a_read_and_does_not_fit_is_left_out_with_no_byte_of_it():
    keep, events = kept(20)
    keep.received(1, b"x" * 20, 20, 0, None)
    keep.received(2, b"y" * 5, 0, 5, None)
    keep.received(3, b"y" * 5 + CLOSE, 5, 0, CLOSE)
    keep.end(4)
    assert events == [Received(1, b"x" * 20), LeftOut(3, 0, 10), Received(3, CLOSE)]


def test_a_frame_that_was_begun_where_the_limit_is_reached_is_finished():
    keep, events = kept(20)
    keep.received(1, b"x" * 20, -1, 5, None)
    keep.received(2, b"x" * 5 + b"y" * 2, 5, 10, None)
    keep.end(3)
    assert events == [Received(1, b"x" * 20), Received(2, b"x" * 5), LeftOut(3, 0, 2)]


def test_behind_a_fault_it_is_cut_anywhere():
    keep, events = kept(100)
    for at in range(10):
        keep.received(at, b"x" * 30, -1, 0, None)
    keep.received(10, CLOSE, -1, 0, CLOSE)
    keep.end(11)
    assert events == [
        *(Received(at, b"x" * 30) for at in range(3)),
        Received(3, b"x" * 10),
        LeftOut(11, 0, 204),
    ]


@pytest.mark.parametrize(
    "flood",
    [
        b"\x81\x7e\xff\xff" + b"\xff" * 65535,
        b"\x89\x7f" + (65535).to_bytes(8) + bytes(65535),
        b"\x81\x85abcdhello" * 1000,
        b"\x83\x05hello" * 1000,
        b"\x00\x02zz" * 1000,
        b"\x01\x02zz" + b"\x00\x02zz" * 1000,
        b"\x82\x7f" + (1 << 40).to_bytes(8) + bytes(65535),
        b"\x82\x7f" + (1 << 20).to_bytes(8) + bytes(65535),
        b"\x81\x01x" * 1000,
        b"\x88\x02\x03\xe8" + b"x" * 1000,
    ],
    ids=range(10),
)
def test_no_flood_is_recorded_beyond_the_limit(flood):
    keep, events = kept(100_000)
    reader = Reader(None, 1 << 26)
    size = 0
    for at in range(100):
        reader.receive(flood)
        keep.received(at, flood, reader.boundary, reader.ahead, None)
        size += len(flood)
    keep.end(100)
    recorded = sum(len(event.data) for event in events if isinstance(event, Received))
    left = sum(event.bytes_received for event in events if isinstance(event, LeftOut))
    assert recorded <= 100_000 + len(flood)
    assert recorded + left == size


def test_what_is_sent_is_whole_frames():
    keep, events = kept(10)
    keep.sent(1, b"x" * 20, None)
    keep.sent(2, b"y" * 20, None)
    keep.sent(3, b"z" + CLOSE, CLOSE)
    keep.end(4)
    assert events == [Sent(1, b"x" * 20), LeftOut(3, 21, 0), Sent(3, CLOSE)]
