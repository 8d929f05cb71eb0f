"""What holds for every conversation: nothing raises, nothing grows, nothing is looked at twice."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import EXAMPLES
from wsprobe.exchange import Act, Limits, Plan, Target
from wsprobe.read.frames import FRAMES_MAX
from wsprobe.read.head import LINES_MAX
from wsprobe.read.reading import INTERIM_MAX
from wsprobe.session.conversation import NOT_HTTP_MAX, SECOND, Client, Turn
from wsprobe.session.open_session import Phase
from wsprobe.session.planned_session import FIN_WAIT, FRAMES_LEAST, MOST_FIN_WAIT, PONGS_MAX
from wsprobe.wire import WIRES
from wsprobe.wire.rfc6455 import Framed

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


@pytest.mark.parametrize(("linger", "waits"), [(0.3, FIN_WAIT), (3.0, 3 * SECOND), (60.0, MOST_FIN_WAIT)])
def test_the_end_behind_a_close_is_waited_for_as_the_linger_says(linger, waits):
    client = Client(Plan(TARGET, REQUEST, limits=Limits(linger=linger)))
    assert client.receive(SWITCHING + b"\x88\x00", 0).wake_at == waits


@pytest.mark.parametrize("when", ["open", "time"])
def test_a_close_of_the_plan_is_watched_for_the_whole_linger(when):
    act = Act(when, "close", after=200_000)
    client = Client(Plan(TARGET, REQUEST, acts=(act,), limits=Limits(linger=9.0)))
    client.receive(SWITCHING, 0)
    turn = client.timer(200_000)
    assert (turn.phase, turn.wake_at) == (Phase.CLOSING, 9 * SECOND)


def test_a_flood_of_pings_is_answered_up_to_a_point():
    sent = Client(PLAN).receive(SWITCHING + b"\x89\x00" * (PONGS_MAX + 500), 5).send
    assert len(sent) == PONGS_MAX * 6


def test_an_unknown_wire_version_is_one_line():
    with pytest.raises(ValueError, match=r"^wire version 'hybi-99' is unknown; known: .*hybi-13"):
        Client(Plan(TARGET, REQUEST, wire="hybi-99"))


class Dropping(Framed):
    """As hixie-75: there is no Close, the connection is dropped."""

    def close(self, code, reason):
        return None


def test_a_wire_version_without_a_close_ends_with_the_linger(monkeypatch):
    monkeypatch.setitem(WIRES, "dropping", replace(WIRES["hybi-13"], framing=Dropping))
    client = Client(Plan(TARGET, REQUEST, wire="dropping"))
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
    tracemalloc.start()
    try:
        for _ in range(20):
            assert not client.receive(more, 5).done
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 50_000


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


@pytest.mark.parametrize(
    ("begin", "piece", "most", "why"),
    [
        (b"HTTP/1.1 403 No\r\n", b"a\n", LINES_MAX - 1, f"{LINES_MAX} lines of one head"),
        (b"", b"\n", LINES_MAX, f"{LINES_MAX} lines of one head"),
        (SWITCHING, b"\x8a\x00", FRAMES_MAX, "20000 frames"),
        (SWITCHING, b"\x00\x00", FRAMES_MAX, "20000 frames"),
    ],
    ids=["header lines", "empty lines", "pongs", "fragments"],
)
def test_no_more_is_asked_for_than_is_told_apart(begin, piece, most, why):
    """A flood of the smallest pieces costs the most time for a byte, so they are counted besides the bytes."""
    assert not Client(PLAN).receive(begin + piece * most, 5).done
    last = Client(PLAN).receive(begin + piece * (most + 1), 5)
    assert (last.done, last.stop, last.why) == (True, "limit", why)


def test_of_what_is_not_http_the_beginning_is_enough():
    client = Client(PLAN)
    assert not client.receive(b"\x00\xff" * (NOT_HTTP_MAX // 2 - 1), 5).done
    last = client.receive(b"\x00\xff", 5)
    assert (last.done, last.stop) == (True, "local")


def test_lines_are_counted_over_all_heads():
    """103 answers without end, each with fewer lines than a head may have."""
    interim = b"HTTP/1.1 103 Early Hints\r\n" + b"a:b\r\n" * (LINES_MAX // 10 - 1) + b"\r\n"
    assert not Client(PLAN).receive(interim * 10, 5).done
    last = Client(PLAN).receive(interim * 10 + b"HTTP/1.1 103\r\n", 5)
    assert (last.stop, last.why) == ("limit", f"{LINES_MAX} lines of all heads")


def test_where_there_is_more_room_more_is_asked_for():
    twice = Plan(TARGET, REQUEST, limits=Limits(max_head=4 * 1024 * 1024, max_session=8 * 1024 * 1024))
    for begin, piece, most in (
        (b"", b"\n", 2 * LINES_MAX),
        (b"", b"HTTP/1.1 100 \r\n\r\n", 2 * INTERIM_MAX),
        (SWITCHING, b"\x8a\x00", 2 * FRAMES_MAX),
    ):
        assert not Client(twice).receive(begin + piece * most, 5).done
        assert Client(twice).receive(begin + piece * (most + 1), 5).why.startswith(str(most))


@pytest.mark.parametrize(("room", "most"), [(2 * 1024 * 1024, FRAMES_MAX // 2), (40_000, FRAMES_LEAST)])
def test_where_there_is_less_room_fewer_frames_are_asked_for(room, most):
    client = Client(Plan(TARGET, REQUEST, limits=Limits(max_session=room)))
    assert not client.receive(SWITCHING + b"\x8a\x00" * most, 5).done
    assert client.receive(b"\x8a\x00", 5).why == f"{most} frames"


@pytest.mark.parametrize("wire", ["hixie-75", "hixie-76", "hybi-04", "hybi-06"])
def test_frames_of_older_versions_are_counted_too(wire):
    plan = Plan(TARGET, REQUEST, wire)
    challenge = b"x" * 16 if wire == "hixie-76" else b""
    piece = b"\x00\xff" if wire.startswith("hixie") else b"\x03\x00"
    assert not Client(plan).receive(SWITCHING + challenge + piece * FRAMES_MAX, 5).done
    assert Client(plan).receive(SWITCHING + challenge + piece * (FRAMES_MAX + 1), 5).why == "20000 frames"
