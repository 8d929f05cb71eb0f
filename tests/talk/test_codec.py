"""Messages to bytes and back; the same bytes cut anywhere; what must fail, fails with its code."""

import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchanges import deflated
from tests.traced import traced
from wsprobe.read.frames import BINARY, CLOSE, PING, RSV1, TEXT, Deflate, messages, read_frames
from wsprobe.read.inflate import PIECE, Direction
from wsprobe.talk.codec import Reader, Shape, Writer, masker
from wsprobe.wire.framing import Control, FrameFault, ReceivedMessage
from wsprobe.wire.rfc6455 import frame, mask


def ours(data):
    """The frames in what we sent, by the reader of recordings."""
    frames, rest = read_frames(data, 0, lambda _: 0)
    assert rest == b""
    return list(frames)


def said_back(data, deflate=None):
    return [each.data for each in messages(ours(data), deflate)]


payloads = st.lists(
    st.binary(max_size=300) | st.sampled_from([b"", b"x" * 126, b"y" * 5000, b"z" * 70000]), min_size=1
)


@given(
    payloads,
    st.sampled_from([None, Deflate(), Deflate(Direction(), Direction(False, 9))]),
    st.sampled_from([0, 10_000]),
)
def test_what_is_written_is_read_back(data, deflate, compress_from):
    written = Writer(deflate, Shape(compress_from=compress_from)).messages(BINARY, data)
    assert said_back(written, deflate and deflate.client) == data
    frames = ours(written)
    assert {(each.opcode, each.fin, each.masked, each.minimal) for each in frames} == {
        (BINARY, True, True, True)
    }
    compressed = [deflate is not None and len(each) >= max(compress_from, 1) for each in data]
    assert [each.rsv for each in frames] == [RSV1 if each else 0 for each in compressed]


@pytest.mark.parametrize("size", [0, 1, 3, 8191, 8192, 8193, 70_000])
def test_masks_agree(size):
    data, key = bytes(i % 251 for i in range(size)), b"\x01\x80\xff\x00"
    slowly = bytes(byte ^ key[i % 4] for i, byte in enumerate(data))
    assert mask(data, key) == slowly == masker()(data, key)
    assert mask(data, key * 5) == slowly  # a key of hybi-04 has twenty bytes


def theirs(opcode, data, **how):
    return frame(opcode, data, None, fin=bool(how.get("fin", 1)), rsv=how.get("rsv", 0))


def heard(reader, *reads):
    """What comes of these reads: the data of messages and control frames, the codes of faults."""
    return [
        each.code if isinstance(each, FrameFault) else each.data
        for data in reads
        for each in reader.receive(data)
    ]


def ended(reader, *reads):
    """After each read: where in it the last message ended, and how many bytes of the next frame are missing."""
    return [(reader.receive(data), reader.boundary, reader.ahead)[1:] for data in reads]


class Peer:
    """A server that compresses."""

    def __init__(self, takeover=True, final=False):
        self._takeover, self._final = takeover, final
        self._stream = zlib.compressobj(wbits=-15)

    def frame(self, data):
        if not self._takeover:
            self._stream = zlib.compressobj(wbits=-15)
        if self._final:
            stream = zlib.compressobj(wbits=-15)
            return theirs(TEXT, stream.compress(data) + stream.flush() + b"\x00", rsv=RSV1)
        return theirs(TEXT, deflated(data, self._stream), rsv=RSV1)


SESSION = [
    (theirs(TEXT, b"hello"), ReceivedMessage(TEXT, b"hello", 5)),
    (theirs(BINARY, b"\xff" * 70000), ReceivedMessage(BINARY, b"\xff" * 70000, 70000)),
    (theirs(TEXT, "é".encode()), ReceivedMessage(TEXT, "é".encode(), 2)),
    (theirs(PING, b"?"), Control("ping", b"?", theirs(PING, b"?"))),
    (theirs(TEXT, "é".encode()[:1], fin=0) + theirs(PING, b""), Control("ping", b"", theirs(PING, b""))),
    (theirs(0, "é".encode()[1:]), ReceivedMessage(TEXT, "é".encode(), 2)),
    (theirs(TEXT, b""), ReceivedMessage(TEXT, b"", 0)),
    (theirs(BINARY, b"x" * 126), ReceivedMessage(BINARY, b"x" * 126, 126)),
    (theirs(CLOSE, b"\x03\xe8bye"), Control("close", b"\x03\xe8bye", theirs(CLOSE, b"\x03\xe8bye"))),
    (b"anything", None),
]


@given(st.lists(st.integers(0, sum(len(data) for data, _ in SESSION)), max_size=12))
def test_a_session_may_be_cut_anywhere(cuts):
    whole = b"".join(data for data, _ in SESSION)
    reader = Reader()
    heard = []
    for start, end in pairwise([0, *sorted(cuts), len(whole)]):
        heard += reader.receive(whole[start:end])
    assert heard == [each for _, each in SESSION if each is not None]


@pytest.mark.parametrize("size", [0, 1, 2])
def test_fragments_take_no_more_memory_than_their_payload(size):
    reader, fragments = Reader(), theirs(0, b"z" * size, fin=0) * 500
    reader.receive(theirs(BINARY, b"", fin=0))
    with traced() as memory:
        for _ in range(10):
            assert reader.receive(fragments) == []
    assert memory.held <= 2 * (5_000 * size + 4096)
    assert reader.receive(theirs(0, b"")) == [ReceivedMessage(BINARY, b"z" * 5_000 * size, 5_000 * size)]


def test_a_frame_that_comes_byte_by_byte_takes_no_more_memory_than_its_size():
    reader, whole = Reader(), theirs(BINARY, bytes(5_000))
    with traced() as memory:
        for at in range(5_000):
            assert reader.receive(whole[at : at + 1]) == []
    assert memory.held <= 2 * len(whole)
    assert [each.data for each in reader.receive(whole[5_000:])] == [bytes(5_000)]


@pytest.mark.parametrize("takeover", [True, False])
@pytest.mark.parametrize("final", [True, False])
def test_compressed_messages(takeover, final):
    """Also where a block with BFINAL ends each (RFC 7692 section 7.2.3.4)."""
    peer, reader = Peer(takeover, final), Reader(Deflate(Direction(takeover)))
    texts = [b"hello hello hello", b"", b"hello again, hello", b"x" * 100_000, b"hello"]
    heard = [each for text in texts for each in reader.receive(peer.frame(text))]
    assert [each.data for each in heard] == texts


@given(st.integers(-2, 2), st.booleans())
def test_a_long_message_is_inflated_in_pieces(over, final):
    data = bytes(2 * PIECE + over)
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(data)
    packed += packer.flush() if final else packer.flush(zlib.Z_SYNC_FLUSH)[:-4]
    reader = Reader(Deflate())
    for _ in range(2):
        assert reader.receive(theirs(BINARY, packed, rsv=4)) == [ReceivedMessage(BINARY, data, len(packed))]


def test_an_inflated_message_is_held_once():
    data = bytes(4 << 20)
    packed = deflated(data)
    reader = Reader(Deflate())
    with traced() as memory:
        [message] = reader.receive(theirs(BINARY, packed, rsv=4))
    assert message == ReceivedMessage(BINARY, data, len(packed))
    assert memory.peak < 1.5 * len(data)
