"""Frames of RFC 6455, read without loss and without judging."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsprobe.read.frames import FRAMES_MAX, frame_at, header_size, read_frames


def offset_itself(offset):
    return offset


def one(data):
    (frame,), rest = read_frames(data, 0, offset_itself)
    assert rest == b""
    return frame


# RFC 6455 section 5.7.
EXAMPLES = [
    ("810548656c6c6f", True, 0, 1, False, b"Hello"),
    ("818537fa213d7f9f4d5158", True, 0, 1, True, b"Hello"),
    ("010348656c", False, 0, 1, False, b"Hel"),
    ("80026c6f", True, 0, 0, False, b"lo"),
    ("890548656c6c6f", True, 0, 9, False, b"Hello"),
    ("8a8537fa213d7f9f4d5158", True, 0, 10, True, b"Hello"),
    ("c107f248cdc9c90700", True, 4, 1, False, bytes.fromhex("f248cdc9c90700")),
    ("b300", True, 3, 3, False, b""),
]


@pytest.mark.parametrize(("wire", "fin", "rsv", "opcode", "masked", "data"), EXAMPLES)
def test_examples(wire, fin, rsv, opcode, masked, data):
    frame = one(bytes.fromhex(wire))
    assert (frame.fin, frame.rsv, frame.opcode, frame.masked, frame.data) == (fin, rsv, opcode, masked, data)
    assert frame.complete
    assert frame.minimal
    assert frame.at == len(bytes.fromhex(wire)) - 1


@pytest.mark.parametrize("length", [2**30, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_huge_announced_length_is_only_a_number(length):
    frame = one(b"\x82\x7f" + length.to_bytes(8, "big") + b"abc")
    assert (frame.length, frame.payload, frame.complete) == (length, b"abc", False)


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 8, 13])
def test_a_header_that_is_cut_is_no_frame(cut):
    data = b"\x82\xff" + (70_000).to_bytes(8, "big") + b"mask"
    frames, rest = read_frames(b"\x81\x00" + data[:cut], 0, offset_itself)
    assert (len(frames), rest) == (1, data[:cut])
    assert frame_at(data[:cut], 0, offset_itself) is None
    assert header_size(data[:cut]) == (14 if cut > 1 else None)


def test_a_frame_that_is_still_coming_is_none_unless_a_part_will_do():
    assert frame_at(b"\x81\x02a", 0, offset_itself) is None
    part = frame_at(b"\x81\x02a", 0, offset_itself, partial=True)
    assert (part.payload, part.complete) == (b"a", False)
    assert frame_at(bytearray(b"..\x81\x01a."), 2, offset_itself) is not None


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
