"""Frames of RFC 6455, read without loss and without judging."""

from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.read.frames import FRAMES_MAX, read_frames


def offset_itself(offset):
    return offset


def one(data):
    (frame,), rest = read_frames(data, 0, offset_itself)
    assert rest == b""
    return frame


# RFC 6455 section 5.7.


@settings(deadline=None)
@given(st.binary(max_size=80), st.integers(0, 3))
def test_no_byte_is_lost(data, start):
    start = min(start, len(data))
    frames, rest = read_frames(data, start, offset_itself)
    assert b"".join(f.header + f.payload for f in frames) + rest == data[start:]
    for frame in frames:
        assert data[slice(*frame.span)] == frame.header + frame.payload
        assert len(frame.data) == len(frame.payload)
    assert all(f.complete for f in frames[:-1])


def test_frames_beyond_a_limit_stay_bytes():
    frames, rest = read_frames(b"\x81\x00" * (FRAMES_MAX + 1_000_000), 0, offset_itself)
    assert (len(frames), len(rest)) == (FRAMES_MAX, 2_000_000)
