"""What holds for every conversation: nothing raises, nothing grows, nothing is looked at twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from tests.traced import traced
from wsprobe.exchange import Act, Limits, Plan, Target
from wsprobe.read.head import LINES_MAX
from wsprobe.session.conversation import Client, Turn
from wsprobe.session.open_session import Phase

TARGET = Target("ws://h/", False, "h", 80, "/")
REQUEST = b"GET / HTTP/1.1\r\n\r\n"
PLAN = Plan(TARGET, REQUEST)
SWITCHING = b"HTTP/1.1 101 \r\n\r\n"

BEGINNINGS = st.sampled_from(
    [
        b"",
        b"HTTP/1.1 103 E\r\n\r\n",
        b"HTTP/1.1 403 No\r\n\r\n",
        b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\n",
        SWITCHING,
        SWITCHING + b"\x89\x01a",
        SWITCHING + b"\x88\x00",
    ]
)
ACTS = st.lists(
    st.builds(
        Act,
        st.sampled_from(["created", "open", "message", "time"]),
        st.sampled_from(["text", "binary", "ping", "close"]),
        st.binary(max_size=5),
        st.none() | st.integers(0, 0xFFFF),
        st.integers(0, 2_000_000),
    ),
    max_size=4,
)


@settings(max_examples=4 * EXAMPLES)
@given(BEGINNINGS, st.binary(max_size=300), ACTS, st.data())
def test_no_bytes_in_any_pieces_make_it_raise(begin, rest, acts, data):
    client = Client(Plan(TARGET, REQUEST, acts=tuple(acts)))
    came = begin + rest
    at = 0
    while came:
        size = data.draw(st.integers(1, len(came)))
        at += data.draw(st.integers(0, 400_000))
        turn = client.receive(came[:size], at)
        came = came[size:]
        check(turn, at)
        if turn.done:
            break
    for _ in range(10):
        turn = client.timer(at)
        check(turn, at)
        if turn.wake_at is None:
            break
        at = turn.wake_at
    assert turn.done or turn.phase is Phase.HEAD
    assert client.receive_eof(at).done


def check(turn, at):
    assert turn.done == (turn.phase is Phase.DONE)
    assert turn.wake_at is None or turn.wake_at > at
    if turn.phase in (Phase.HEAD, Phase.BODY):
        assert turn.send == b""


def test_nothing_happens_after_the_end():
    client = Client(PLAN)
    done = client.receive_eof(5)
    assert done == Turn(b"", Phase.DONE, None, True)
    assert client.receive(SWITCHING + b"\x89\x00", 6) == done
    assert client.timer(10**9) == done


def test_the_same_conversation_is_the_same_bytes():
    first, second = Client(PLAN), Client(PLAN)
    came = SWITCHING + b"\x89\x01a"
    assert first.receive(came, 5).send == second.receive(came, 5).send != b""


def test_a_wire_version_without_a_close_ends_with_the_linger():
    client = Client(Plan(TARGET, REQUEST, wire="hixie-75"))
    assert client.receive(SWITCHING, 5).wake_at == 300_005
    assert client.timer(300_005) == Turn(b"", Phase.DONE, None, True)


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (SWITCHING, b"\x81\x7e\xff\xff" + bytes(65535)),
        (SWITCHING + b"\x82\x7f\x00\x00\x01\x00\x00\x00\x00\x00", bytes(65536)),
        (SWITCHING, b"\x89\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + bytes(65536)),
        (SWITCHING, b"\x01\x01a" * 1000),
    ],
    ids=["messages", "a frame of 1 TiB", "a ping of 64 KiB", "a message in endless fragments"],
)
def test_a_session_takes_no_memory(begin, more):
    client = Client(Plan(TARGET, REQUEST, limits=Limits(max_session=2**40)))
    client.receive(begin, 5)
    client.receive(more, 5)
    with traced() as memory:
        for _ in range(20):
            assert not client.receive(more, 5).done
    assert memory.held < 50_000


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"HTTP/1.1 403 No\r\nX: ", b"x"),
        (b"HTTP/1.1 403 No\r\n", b"a\n"),
        (b"HTTP/1.1 403 No\r\n\r\n", b"x"),
        (b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"not http ", b"x"),
        (SWITCHING + b"\x82\x7f\x00\x00\x01\x00\x00\x00\x00\x00", b"x"),
        (SWITCHING, b"\x8a\x00"),
    ],
    ids=["a long line", "many lines", "body", "chunk size", "not http", "a frame", "many frames"],
)
def test_a_flood_in_small_pieces_is_taken(begin, piece):
    """How the work grows with the bytes is measured by the benchmarks."""
    client = Client(Plan(TARGET, REQUEST, limits=Limits(linger=3600.0)))
    client.receive(begin, 5)
    phases = {client.receive(piece, 5).phase for _ in range(LINES_MAX // 2)}
    assert len(phases) == 1
