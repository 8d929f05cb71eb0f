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


def only(*made):
    (message,) = messages(frames(*made))
    return message


def test_one_frame_is_a_message():
    message = only(frame(1, "h\u00e4".encode()))
    assert (message.opcode, message.text, message.complete, message.oddities) == (1, "h\u00e4", True, ())
    assert message.at == 4


def test_fragments_are_joined_around_control_frames_and_masks_undone():
    message = only(
        frame(2, b"ab", fin=False, key=b"1234"), frame(9, b"ping"), frame(0, b"", fin=False), frame(0, b"cd")
    )
    assert (message.data, len(message.frames), message.text) == (b"abcd", 3, None)


def test_compressed_messages_share_a_window_if_it_was_kept():
    text = b"a text that repeats itself, a text that repeats itself"
    first, second = two(text, text)
    assert len(second) < len(first) / 2
    made = frames(
        frame(1, first, rsv=4), frame(1, b"plain"), frame(1, second[:3], rsv=4, fin=False), frame(0, second[3:])
    )
    said = messages(made, Direction())
    assert [m.text for m in said] == [text.decode(), "plain", text.decode()]
    assert [m.compressed for m in said] == [True, False, True]
    forgetful = messages(made, Direction(takeover=False))
    assert forgetful[0].text == text.decode()
    assert forgetful[2].oddities == ("not-deflate",)
    assert "an earlier message" in forgetful[2].problem


def test_what_cannot_be_inflated_is_kept_as_it_is_and_so_is_all_after_it():
    made = frames(frame(1, b"\xff\xff", rsv=4), frame(1, deflated(b"x"), rsv=4), frame(1, b"plain"))
    said = messages(made, Direction())
    assert [m.oddities for m in said] == [("not-deflate",), ("not-deflate",), ()]
    assert (said[0].data, said[0].complete, said[0].text) == (b"\xff\xff", True, None)
    assert said[1].problem == "an earlier message of this session could not be inflated"
    assert messages(made, Direction(takeover=False))[1].text == "x"


def test_a_bomb_is_cut():
    bomb = deflated(bytes(50_000_000))
    made = frames(frame(2, bomb, rsv=4), frame(2, deflated(b"x"), rsv=4))
    said = messages(made, Direction(), limit=1000)
    assert [m.oddities for m in said] == [("too-large",), ("too-large",)]
    assert len(said[0].data) == 1000
    assert said[0].problem == "more than 1000 bytes in total; the rest was not inflated"


def test_the_window_lives_on_over_a_final_block():
    inflater = Inflater(Direction(), 100)
    assert inflater.inflate(bytes.fromhex("f348cdc9c9070000")) == b"Hello"
    # RFC 7692 section 7.2.3.2: the second "Hello" points back to the first.
    assert inflater.inflate(bytes.fromhex("f200110000")) == b"Hello"


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


@pytest.mark.parametrize("bits", range(8, 16))
def test_distances_up_to_the_window_are_as_agreed(bits):
    size = 1 << bits
    text = NOISE[: size - 300] if bits > 8 else NOISE[:100]
    assert Inflater(Direction(bits=bits), 1_000_000).inflate(deflated(text * 2)) == text * 2


def test_final_blocks_without_end_are_given_up():
    with pytest.raises(InflateError, match="more than 1000 streams"):
        Inflater(Direction(), 100).inflate(b"\x03\x00" * 5000)


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
