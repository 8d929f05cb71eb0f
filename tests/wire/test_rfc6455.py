"""Frames as a client writes them, and as they are followed."""

from hypothesis import given
from hypothesis import strategies as st

from wsprobe.read.frames import read_frames
from wsprobe.wire.framing import SOME_MESSAGE, Control
from wsprobe.wire.rfc6455 import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Framed, frame, mask


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
