"""What of a session goes into the recording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.frames import BINARY, CLOSE, PING, TEXT
from wsprobe.relay import keep
from wsprobe.relay.keep import EVENT, FRAME, Kept, RelayedSide, Room
from wsprobe.wire.rfc6455 import frame

HI = frame(TEXT, b"hi", None)
CLOSED = frame(CLOSE, b"\x0f\xa0bye", b"mask")


def side(limit=1 << 20, room=1 << 30, framed=True):
    return RelayedSide(limit, Room(room), framed)


def test_all_is_kept_while_there_is_room():
    of = side()
    assert [of.take(data) for data in (HI, CLOSED)] == [Kept(HI), Kept(CLOSED)]
    assert of.closed
    assert of.end() == 0


def test_the_cut_is_between_two_frames():
    of = side(limit=len(HI) * 2 + 1)
    assert of.take(HI * 3 + HI[:1]) == Kept(HI * 2)
    assert of.take(HI[1:] + CLOSED + HI) == Kept(b"", len(HI) * 3, CLOSED)
    assert of.end() == 0


@pytest.mark.parametrize("all_alike", [True, False])
def test_no_more_frames_are_kept_than_are_read(all_alike, monkeypatch):
    monkeypatch.setattr(keep, "FRAMES_MAX", 200)
    frames = [HI if all_alike or number % 2 else frame(BINARY, b"x" * 300, None) for number in range(200)]
    of = side(limit=1 << 30)
    kept = b"".join(frames[:-1])
    assert of.take(b"".join(frames) + CLOSED) == Kept(kept, len(frames[-1]), CLOSED)


def test_a_frame_that_is_too_long_is_left_out_as_a_whole():
    long = frame(BINARY, b"x" * 100_000, None)
    of = side(limit=1000)
    assert of.take(HI + long[:50]) == Kept(HI)
    assert of.take(long[50:]) == Kept()
    assert of.take(CLOSED) == Kept(b"", len(long), CLOSED)


def test_a_length_that_never_comes_costs_nothing():
    of = side(limit=1000)
    assert of.take(b"\x82\x7f" + b"\x7f" * 8 + b"x" * 50) == Kept()
    assert of.end() == 60


def test_a_close_comes_in_pieces():
    of = side(limit=0)
    pieces = [of.take(bytes([each])) for each in HI + CLOSED]
    assert [piece for piece in pieces if piece.close] == [Kept(b"", len(HI), CLOSED)]


def test_a_frame_without_a_payload_that_just_fits_is_kept_at_once():
    of = side(limit=2)
    assert of.take(b"\x89\x00") == Kept(b"\x89\x00")
    assert of.take(b"\x89\x00") == Kept()
    assert of.end() == 2


@pytest.mark.parametrize("size", [16, 125, 126, 1024, 65535])
def test_a_close_is_found_behind_frames_that_are_alike(size):
    of = side(limit=0)
    run = frame(BINARY, b"x" * size, b"mask") * 5
    longer = frame(BINARY, b"x" * (size + 1), b"mask")
    assert of.take(run + longer + CLOSED + HI) == Kept(b"", len(run + longer + HI), CLOSED)
    assert of.end() == 0


def test_one_close_is_kept():
    of = side(limit=0)
    assert of.take(CLOSED + CLOSED) == Kept(b"", len(CLOSED), CLOSED)
    assert of.end() == 0


def test_a_close_that_is_too_long_is_no_close():
    of = side(limit=0)
    assert of.take(frame(CLOSE, b"x" * 126, None)) == Kept()
    assert of.closed


def test_a_shared_room_runs_out_and_is_given_back():
    room = Room(EVENT * 2 + FRAME + len(HI))
    first, second = RelayedSide(1000, room), RelayedSide(1000, room)
    assert first.take(HI) == Kept(HI)
    assert second.take(HI) == Kept()
    first.release()
    assert RelayedSide(1000, room).take(HI) == Kept(HI)


def test_the_room_is_the_same_when_all_is_over():
    room = Room(10_000)
    sides = [RelayedSide(1000, room) for _ in range(3)]
    for each in sides:
        each.take(HI * 5)
        each.release()
    assert room.left == 10_000


def test_what_has_no_frames_is_kept_up_to_the_limit():
    of = side(limit=5, framed=False)
    assert [of.take(b"abc"), of.take(b"defg"), of.take(b"h")] == [Kept(b"abc"), Kept(b"de"), Kept()]
    assert of.end() == 3
    room = Room(EVENT)
    of = RelayedSide(5, room, framed=False)
    assert of.take(b"abc") == Kept()
    room.left = 10_000  # once there is a gap, nothing behind it is kept
    assert of.take(b"de") == Kept()
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
    kept, left_out, closes, at = b"", 0, b"", 0
    for size in [*cuts, len(data)]:
        if data[at : at + size]:
            told = of.take(data[at : at + size])
            kept += told.data
            left_out += told.left_out
            closes += told.close
        at += size
    assert data.startswith(kept)
    assert len(kept) + left_out + len(closes) + of.end() == len(data)
    assert len(kept) <= limit
    assert kept.endswith(CLOSED) or closes == CLOSED
    whole = 0
    boundaries = {0} | {whole := whole + len(each) for each in [*frames, CLOSED]}
    assert len(kept) in boundaries


@pytest.mark.parametrize("junk", [b"\xff" * 200, b"\x00" * 200, bytes(range(256))])
def test_what_is_no_frame_is_followed_all_the_same(junk):
    of = side()
    kept = of.take(junk)
    assert len(kept.data) + kept.left_out + len(kept.close) + of.end() == len(junk)
