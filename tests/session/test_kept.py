"""What of a session goes into the recording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.exchange import LeftOut, Received, Sent
from wsprobe.read.frames import BINARY, CLOSE, PING, TEXT
from wsprobe.session import kept
from wsprobe.session.kept import EVENT, FRAME, RelayedSide, Room, SessionRecording
from wsprobe.talk.codec import Reader
from wsprobe.wire.rfc6455 import frame

HI = frame(TEXT, b"hi", None)
CLOSED = frame(CLOSE, b"\x0f\xa0bye", b"mask")


class Side(RelayedSide):
    def __init__(self, limit, room, framed=True):
        self.events = []
        super().__init__(Received, self.events.append, limit, room, framed)

    def take(self, data):
        """What is recorded of one read."""
        super().take(0, data)
        recorded, self.events[:] = self.events.copy(), []
        return recorded


def side(limit=1 << 20, room=1 << 30, framed=True):
    return Side(limit, Room(room), framed)


def events(data=b"", left_out=0, close=b""):
    """Those of one read: its beginning, what was left out before a Close, and that."""
    found = (Received(0, data), LeftOut(0, 0, left_out), Received(0, close))
    return [each for each, there in zip(found, (data, left_out, close), strict=True) if there]


def test_all_is_kept_while_there_is_room():
    of = side()
    assert [of.take(data) for data in (HI, CLOSED)] == [events(HI), events(CLOSED)]
    assert of.closed
    assert of.end() == 0


def test_the_cut_is_between_two_frames():
    of = side(limit=len(HI) * 2 + 1)
    assert of.take(HI * 3 + HI[:1]) == events(HI * 2)
    assert of.take(HI[1:] + CLOSED + HI) == events(b"", len(HI) * 3, CLOSED)
    assert of.end() == 0


@pytest.mark.parametrize("all_alike", [True, False])
def test_no_more_frames_are_kept_than_are_read(all_alike, monkeypatch):
    monkeypatch.setattr(kept, "FRAMES_MAX", 200)
    frames = [HI if all_alike or number % 2 else frame(BINARY, b"x" * 300, None) for number in range(200)]
    of = side(limit=1 << 30)
    first = b"".join(frames[:-1])
    assert of.take(b"".join(frames) + CLOSED) == events(first, len(frames[-1]), CLOSED)


def test_a_frame_that_is_too_long_is_left_out_as_a_whole():
    long = frame(BINARY, b"x" * 100_000, None)
    of = side(limit=1000)
    assert of.take(HI + long[:50]) == events(HI)
    assert of.take(long[50:]) == events()
    assert of.take(CLOSED) == events(b"", len(long), CLOSED)


def test_a_length_that_never_comes_costs_nothing():
    of = side(limit=1000)
    assert of.take(b"\x82\x7f" + b"\x7f" * 8 + b"x" * 50) == events()
    assert of.end() == 60


def test_a_close_comes_in_pieces():
    of = side(limit=0)
    pieces = [of.take(bytes([each])) for each in HI + CLOSED]
    assert [each for piece in pieces for each in piece] == events(b"", len(HI), CLOSED)


def test_a_frame_without_a_payload_that_just_fits_is_kept_at_once():
    of = side(limit=2)
    assert of.take(b"\x89\x00") == events(b"\x89\x00")
    assert of.take(b"\x89\x00") == events()
    assert of.end() == 2


@pytest.mark.parametrize("size", [16, 125, 126, 1024, 65535])
def test_a_close_is_found_behind_frames_that_are_alike(size):
    of = side(limit=0)
    run = frame(BINARY, b"x" * size, b"mask") * 5
    longer = frame(BINARY, b"x" * (size + 1), b"mask")
    assert of.take(run + longer + CLOSED + HI) == events(b"", len(run + longer + HI), CLOSED)
    assert of.end() == 0


def test_one_close_is_kept():
    of = side(limit=0)
    assert of.take(CLOSED + CLOSED) == events(b"", len(CLOSED), CLOSED)
    assert of.end() == 0


def test_a_close_that_is_too_long_is_no_close():
    of = side(limit=0)
    assert of.take(frame(CLOSE, b"x" * 126, None)) == events()
    assert of.closed


def test_a_shared_room_runs_out_and_is_given_back():
    room = Room(EVENT * 2 + FRAME + len(HI))
    first, second = Side(1000, room), Side(1000, room)
    assert first.take(HI) == events(HI)
    assert second.take(HI) == events()
    first.release()
    assert Side(1000, room).take(HI) == events(HI)


def test_the_room_is_the_same_when_all_is_over():
    room = Room(10_000)
    sides = [Side(1000, room) for _ in range(3)]
    for each in sides:
        each.take(HI * 5)
        each.release()
    assert room.left == 10_000


def test_what_has_no_frames_is_kept_up_to_the_limit():
    of = side(limit=5, framed=False)
    assert [of.take(b"abc"), of.take(b"defg"), of.take(b"h")] == [events(b"abc"), events(b"de"), events()]
    assert of.end() == 3
    room = Room(EVENT)
    of = Side(5, room, framed=False)
    assert of.take(b"abc") == events()
    room.left = 10_000  # once there is a gap, nothing behind it is kept
    assert of.take(b"de") == events()
    assert of.end() == 5


FRAME_ALIKE = st.builds(
    frame,
    st.sampled_from([TEXT, BINARY, PING, 3, 0]),
    st.binary(max_size=300),
    st.sampled_from([None, b"keys"]),
    fin=st.booleans(),
    rsv=st.integers(0, 7),
)
RUNS = st.lists(st.tuples(FRAME_ALIKE, st.integers(1, 5)), max_size=8)
FRAMES = RUNS.map(lambda runs: [each for each, count in runs for _ in range(count)])


@given(FRAMES, st.integers(0, 2000), st.lists(st.integers(1, 400), max_size=40))
def test_no_byte_is_lost_however_it_comes(frames, limit, cuts):
    of = side(limit=limit)
    data = b"".join(frames) + CLOSED
    recorded, at = [], 0
    for size in [*cuts, len(data)]:
        if data[at : at + size]:
            recorded += of.take(data[at : at + size])
        at += size
    gap = next((at for at, each in enumerate(recorded) if isinstance(each, LeftOut)), len(recorded))
    first = b"".join(each.data for each in recorded[:gap])
    assert data.startswith(first)
    if gap == len(recorded):
        assert first == data
        return
    _, close = recorded[gap:]
    assert close.data == CLOSED
    assert len(first) + recorded[gap].bytes_received + len(CLOSED) + of.end() == len(data)
    assert len(first) <= limit
    whole = 0
    boundaries = {0} | {whole := whole + len(each) for each in [*frames, CLOSED]}
    assert len(first) in boundaries


@pytest.mark.parametrize("junk", [b"\xff" * 200, b"\x00" * 200, bytes(range(256))])
def test_what_is_no_frame_is_followed_all_the_same(junk):
    of = side()
    recorded = [each.bytes_received if isinstance(each, LeftOut) else len(each.data) for each in of.take(junk)]
    assert sum(recorded) + of.end() == len(junk)


CLOSE_1000 = b"\x88\x02\x03\xe8"


def recording(limit):
    events = []
    return SessionRecording(limit, events.append), events


def test_all_of_a_short_session():
    keep, events = recording(100)
    keep.sent(1, b"a" * 50, None)
    keep.received(2, b"b" * 50 + CLOSE_1000, 54, 0, CLOSE_1000)
    keep.sent(3, CLOSE_1000, CLOSE_1000)
    keep.gap(4)
    assert events == [Sent(1, b"a" * 50), Received(2, b"b" * 50 + CLOSE_1000), Sent(3, CLOSE_1000)]


def test_it_is_cut_where_a_frame_ended_and_the_closes_are_recording():
    keep, events = recording(30)
    keep.received(1, b"x" * 20, -1, 5, None)
    keep.received(2, b"y" * 20, 7, 10, None)
    keep.received(3, b"z" * 20, 20, 0, None)
    keep.received(4, b"z" * 3 + CLOSE_1000, 7, 0, CLOSE_1000)
    keep.received(5, b"junk", -1, 0, CLOSE_1000)
    keep.gap(6)
    assert events == [
        Received(1, b"x" * 20),
        Received(2, b"y" * 7),
        LeftOut(4, 0, 13 + 20 + 3),
        Received(4, CLOSE_1000),
        LeftOut(6, 0, 4),
    ]


def test_a_frame_that_does_not_fit_is_not_begun():
    keep, events = recording(100)
    keep.received(1, b"x" * 20 + b"y" * 5, 20, 1 << 40, None)
    keep.received(2, b"y" * 50, -1, 1 << 40, None)
    keep.gap(3)
    assert events == [Received(1, b"x" * 20), LeftOut(3, 0, 55)]


def test_a_frame_that_just_fits_is_recording():
    keep, events = recording(30)
    keep.received(1, b"x" * 10 + b"y" * 10, 10, 10, None)
    keep.received(2, b"y" * 10, 10, 0, None)
    keep.gap(3)
    assert events == [Received(1, b"x" * 10 + b"y" * 10), Received(2, b"y" * 10)]


def test_a_frame_that_begins_a_read_and_does_not_fit_is_left_out_with_no_byte_of_it():
    keep, events = recording(20)
    keep.received(1, b"x" * 20, 20, 0, None)
    keep.received(2, b"y" * 5, 0, 5, None)
    keep.received(3, b"y" * 5 + CLOSE_1000, 5, 0, CLOSE_1000)
    keep.gap(4)
    assert events == [Received(1, b"x" * 20), LeftOut(3, 0, 10), Received(3, CLOSE_1000)]


def test_a_frame_that_was_begun_where_the_limit_is_reached_is_finished():
    keep, events = recording(20)
    keep.received(1, b"x" * 20, -1, 5, None)
    keep.received(2, b"x" * 5 + b"y" * 2, 5, 10, None)
    keep.gap(3)
    assert events == [Received(1, b"x" * 20), Received(2, b"x" * 5), LeftOut(3, 0, 2)]


def test_behind_a_fault_it_is_cut_anywhere():
    keep, events = recording(100)
    for at in range(10):
        keep.received(at, b"x" * 30, -1, 0, None)
    keep.received(10, CLOSE_1000, -1, 0, CLOSE_1000)
    keep.gap(11)
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
    keep, events = recording(100_000)
    reader = Reader(None, 1 << 26)
    size = 0
    for at in range(100):
        reader.receive(flood)
        keep.received(at, flood, reader.boundary, reader.ahead, None)
        size += len(flood)
    keep.gap(100)
    recorded = sum(len(event.data) for event in events if isinstance(event, Received))
    left = sum(event.bytes_received for event in events if isinstance(event, LeftOut))
    assert recorded <= 100_000 + len(flood)
    assert recorded + left == size


def test_what_is_sent_is_whole_frames():
    keep, events = recording(10)
    keep.sent(1, b"x" * 20, None)
    keep.sent(2, b"y" * 20, None)
    keep.sent(3, b"z" + CLOSE_1000, CLOSE_1000)
    keep.gap(4)
    assert events == [Sent(1, b"x" * 20), LeftOut(3, 21, 0), Sent(3, CLOSE_1000)]
