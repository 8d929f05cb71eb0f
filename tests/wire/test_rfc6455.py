"""Frames as a client writes them, and as they are followed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.frames import read_frames
from wsprobe.wire import WIRES
from wsprobe.wire.framing import SOME_MESSAGE, Control, answer_code
from wsprobe.wire.rfc6455 import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Framed, frame, mask, masks

KEY = bytes.fromhex("37fa213d")


@pytest.mark.parametrize(
    ("made", "hexadecimal"),
    [
        # RFC 6455 section 5.7, in its order.
        (frame(TEXT, b"Hello", None), "8105 48656c6c6f"),
        (frame(TEXT, b"Hello", KEY), "8185 37fa213d 7f9f4d5158"),
        (frame(TEXT, b"Hel", None, fin=False), "0103 48656c"),
        (frame(CONTINUATION, b"lo", None), "8002 6c6f"),
        (frame(PING, b"Hello", None), "8905 48656c6c6f"),
        (frame(PONG, b"Hello", KEY), "8a85 37fa213d 7f9f4d5158"),
        (frame(BINARY, b"", None), "8200"),
        (frame(BINARY, b"", KEY), "8280 37fa213d"),
        (frame(TEXT, b"", None, rsv=4), "c100"),
    ],
)
def test_a_frame(made, hexadecimal):
    assert made == bytes.fromhex(hexadecimal)


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (125, "82 7d"),
        (126, "82 7e 007e"),
        (256, "82 7e 0100"),  # RFC 6455 section 5.7
        (65535, "82 7e ffff"),
        (65536, "82 7f 0000000000010000"),  # RFC 6455 section 5.7
    ],
)
def test_the_shortest_length(size, header):
    assert frame(BINARY, bytes(size), None) == bytes.fromhex(header) + bytes(size)


@given(st.binary(max_size=40), st.binary(min_size=4, max_size=4))
def test_masking(data, key):
    masked = mask(data, key)
    assert masked == bytes(byte ^ key[at % 4] for at, byte in enumerate(data))
    assert mask(masked, key) == data


FRAMES = st.lists(
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=140),
        st.none() | st.binary(min_size=4, max_size=4),
        fin=st.booleans(),
        rsv=st.integers(0, 7),
    ),
    max_size=6,
)


@given(FRAMES, st.integers(1, 300))
def test_following_agrees_with_reading(made, size):
    data = b"".join(made)
    follower = Framed(b"", b"")
    heard = [one for at in range(0, len(data), size) for one in follower.receive(data[at : at + size])]
    expected = []
    for one in read_frames(data, 0, lambda offset: 0)[0]:
        if one.opcode in (CONTINUATION, TEXT, BINARY) and one.fin:
            expected.append(SOME_MESSAGE)
        elif one.opcode == CLOSE:
            expected.append(Control("close", one.data[:126]))
        elif one.opcode == PING:
            expected.append(Control("ping", one.data[:126]))
        elif one.opcode == PONG:
            expected.append(Control("pong", one.data[:126]))
    assert heard == expected


@pytest.mark.parametrize(
    ("close", "code"),
    [
        (b"", None),
        (b"\x03", 1002),
        (b"\x03\xe8", 1000),
        (b"\x03\xe8bye", 1000),
        (b"\x03\xe7", 1002),  # 999
        (b"\x03\xec", 1002),  # 1004
        (b"\x03\xf8", 1002),  # 1016
        (b"\x0b\xb7", 1002),  # 2999
        (b"\x0b\xb8", 3000),
        (b"\x03\xed", 1002),  # 1005
        (b"\x03\xee", 1002),  # 1006
        (b"\x03\xf7", 1002),  # 1015
        (b"\x11\x33\xff", 4403),
        (b"\x13\x87", 4999),
        (b"\x13\x88", 1002),  # 5000
        (b"\xff\xff", 1002),
    ],
)
def test_the_answer_to_a_close(close, code):
    assert answer_code(close) == code


def test_masks_differ_and_come_again():
    first, second, other = masks(b"a"), masks(b"a"), masks(b"b")
    keys = [next(first) for _ in range(100)]
    assert keys == [next(second) for _ in range(100)]
    assert len({*keys, *(next(other) for _ in range(100))}) == 200
    assert {len(key) for key in keys} == {4}


def test_every_framing_of_the_table_can_be_made():
    for wire in WIRES:
        framing = WIRES[wire].framing(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 101 \r\n\r\n")
        assert framing.receive(b"") == []
    assert WIRES["hybi-13"].framing is Framed
