"""Messages, closes and inflating: values for whatever frames come."""

import gzip
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from tests.exchanges import deflated, frame, packer
from wsprobe.read.frames import messages, read_frames
from wsprobe.read.inflate import Direction, InflateError, Inflater


def frames(*made):
    return read_frames(b"".join(made), 0, lambda offset: offset)[0]


NOISE = random.Random(7).randbytes(33_000)
"""Bytes that do not repeat."""


def whole(data, bits=15):
    """*data* deflated, with its tail."""
    packer = zlib.compressobj(wbits=-bits)
    return packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


def two(data, again):
    """Two messages of one stream."""
    stream = packer()
    return deflated(data, stream), deflated(again, stream)


FIRST, AGAIN = two(b"a text that repeats itself, a text that repeats itself" * 2, b"a text that repeats itself")
IN_ONE_WINDOW = [
    frame(1, FIRST, rsv=4),
    frame(1, b"plain"),
    frame(1, AGAIN[:3], rsv=4, fin=False),
    frame(0, AGAIN[3:]),
]


@pytest.mark.parametrize("checks_end", [True, False])
@pytest.mark.parametrize(
    ("direction", "sent", "fault"),
    [
        (Direction(), [whole(b"hello")], "it ends with 00 00 ff ff, which the sender must remove"),
        (Direction(False), [whole(NOISE[:3000])], "it ends with 00 00 ff ff, which the sender must remove"),
        (Direction(), [whole(b"")], "it ends with 00 00 ff ff, which the sender must remove"),
        (Direction(), [deflated(NOISE[:3000])[:1000]], "it is cut off within a block"),
        (Direction(), [gzip.compress(b"hello")], "it begins with a gzip header"),
        (Direction(), [zlib.compress(b"hello")], "it begins with a zlib header"),
        (Direction(), [b"\xff\xff"], "it is not DEFLATE data: invalid block type"),
        (Direction(), [two(NOISE[:99], NOISE[:99])[1]], "it refers to data that was never sent"),
        (Direction(False), list(two(NOISE[:99], NOISE[:99])), "it refers to an earlier message, against"),
        *(
            (Direction(takeover, bits), [deflated(NOISE[:far] + NOISE[:200])], f"more than {1 << bits} bytes")
            for takeover in (True, False)
            for bits, far in ((8, 280), (9, 550), (9, 1500), (10, 1100), (12, 4400), (14, 17_500))
        ),
        (Direction(bits=9), list(two(NOISE[:1500], NOISE[:200])), "more than 512 bytes, the agreed window"),
    ],
)
def test_why_a_message_cannot_be_inflated(direction, sent, fault, checks_end):
    inflater = Inflater(direction, 1_000_000, checks_end=checks_end)
    *before, last = sent
    for message in before:
        inflater.inflate(message)
    if not checks_end and "cut off" in fault:
        return  # not looked for
    with pytest.raises(InflateError, match=fault):
        inflater.inflate(last)


@settings(max_examples=2 * EXAMPLES)
@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(9, 15), st.booleans())
def test_what_zlib_deflates_is_inflated(texts, bits, takeover):
    inflater = Inflater(Direction(takeover, bits), 10_000)
    packer = zlib.compressobj(wbits=-bits)
    for text in texts:
        if not takeover:
            packer = zlib.compressobj(wbits=-bits)
        assert inflater.inflate(deflated(text, packer)) == text


@settings(max_examples=3 * EXAMPLES)
@given(st.binary(max_size=60), st.none() | st.builds(Direction), st.integers(1, 50))
def test_any_frames_make_messages_that_hold_every_data_frame_once(data, deflate, limit):
    found, _ = read_frames(data, 0, lambda offset: offset)
    said = messages(found, deflate, limit)
    held = [id(f) for m in said for f in m.frames]
    assert sorted(held) == sorted(id(f) for f in found if f.opcode in (0, 1, 2))
    for message in said:
        assert message.text is None or message.opcode == 1
