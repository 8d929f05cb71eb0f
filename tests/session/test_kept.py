"""What of a session goes into the recording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import every
from wsprobe.exchange import LeftOut, Received, Sent
from wsprobe.net.stream import READ
from wsprobe.read.frames import BINARY, CLOSE, FRAMES_MAX, PING, TEXT
from wsprobe.session.kept import EVENT, FRAME, RelayedSide, Room, SessionRecording
from wsprobe.talk.codec import Reader
from wsprobe.wire.rfc6455 import frame

HI = frame(TEXT, b"hi", None)
CLOSED = frame(CLOSE, b"\x0f\xa0bye", b"mask")


class Side(RelayedSide):
    def __init__(self, limit, room, framed=True):
        self.events = []
        super().__init__(Received, self.events.append, limit, room, framed)

    def take(self, data):
        """What is recorded of one read."""
        super().take(0, data)
        recorded, self.events[:] = self.events.copy(), []
        return recorded


def side(limit=1 << 20, room=1 << 30, framed=True):
    return Side(limit, Room(room), framed)


def events(data=b"", left_out=0, close=b""):
    """Those of one read: its beginning, what was left out before a Close, and that."""
    found = (Received(0, data), LeftOut(0, 0, left_out), Received(0, close))
    return [each for each, there in zip(found, (data, left_out, close), strict=True) if there]


LONG = frame(BINARY, b"x" * 100_000, None)
SIDES = {
    "all is kept while there is room": (1 << 20, [(HI, events(HI)), (CLOSED, events(CLOSED))], 0, True),
    "the cut is between two frames": (
        len(HI) * 2 + 1,
        [(HI * 3 + HI[:1], events(HI * 2)), (HI[1:] + CLOSED + HI, events(b"", len(HI) * 3, CLOSED))],
        0,
        True,
    ),
    "a frame that is too long is left out as a whole": (
        1000,
        [(HI + LONG[:50], events(HI)), (LONG[50:], events()), (CLOSED, events(b"", len(LONG), CLOSED))],
        0,
        True,
    ),
    "a length that never comes costs nothing": (
        1000,
        [(b"\x82\x7f" + b"\x7f" * 8 + b"x" * 50, events())],
        60,
        False,
    ),
    "a Close comes in pieces": (
        0,
        [
            *((bytes([each]), events()) for each in (HI + CLOSED)[:-1]),
            (CLOSED[-1:], events(b"", len(HI), CLOSED)),
        ],
        0,
        True,
    ),
    "a frame without a payload that just fits": (
        2,
        [(b"\x89\x00", events(b"\x89\x00")), (b"\x89\x00", events())],
        2,
        False,
    ),
    "one Close is kept": (0, [(CLOSED + CLOSED, events(b"", len(CLOSED), CLOSED))], 0, True),
    "a Close that is too long is no Close": (0, [(frame(CLOSE, b"x" * 126, None), events())], 130, True),
}
"""The limit; each read, and what is recorded of it; what is left out in the end; whether a Close came."""


@every(SIDES)
def test_what_of_a_side_is_kept(case):
    limit, reads, left, closed = case
    of = side(limit)
    assert [of.take(data) for data, _ in reads] == [recorded for _, recorded in reads]
    assert (of.end(), of.closed) == (left, closed)


@pytest.mark.parametrize("all_alike", [True, False])
def test_no_more_frames_are_kept_than_are_read(all_alike):
    frames = [
        HI if all_alike or number % 2 else frame(BINARY, b"x" * 300, None) for number in range(FRAMES_MAX)
    ]
    of = side(limit=1 << 30)
    data = b"".join(frames) + CLOSED
    *kept, left, close = (each for at in range(0, len(data), READ) for each in of.take(data[at : at + READ]))
    assert b"".join(each.data for each in kept) == b"".join(frames[:-1])
    assert [left, close] == events(b"", len(frames[-1]), CLOSED)


@pytest.mark.parametrize("size", [16, 125, 126, 1024, 65535])
def test_a_close_is_found_behind_frames_that_are_alike(size):
    of = side(limit=0)
    run = frame(BINARY, b"x" * size, b"mask") * 5
    longer = frame(BINARY, b"x" * (size + 1), b"mask")
    assert of.take(run + longer + CLOSED + HI) == events(b"", len(run + longer + HI), CLOSED)
    assert of.end() == 0


def test_a_shared_room_runs_out_and_is_given_back():
    room = Room(EVENT * 2 + FRAME + len(HI))
    first, second = Side(1000, room), Side(1000, room)
    assert first.take(HI) == events(HI)
    assert second.take(HI) == events()
    first.release()
    assert Side(1000, room).take(HI) == events(HI)


def test_the_room_is_the_same_when_all_is_over():
    room = Room(10_000)
    sides = [Side(1000, room) for _ in range(3)]
    for each in sides:
        each.take(HI * 5)
        each.release()
    assert room.left == 10_000


def test_what_has_no_frames_is_kept_up_to_the_limit():
    of = side(limit=5, framed=False)
    assert [of.take(b"abc"), of.take(b"defg"), of.take(b"h")] == [events(b"abc"), events(b"de"), events()]
    assert of.end() == 3
    room = Room(EVENT)
    of = Side(5, room, framed=False)
    assert of.take(b"abc") == events()
    room.left = 10_000  # once there is a gap, nothing behind it is kept
    assert of.take(b"de") == events()
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
    recorded, at = [], 0
    for size in [*cuts, len(data)]:
        if data[at : at + size]:
            recorded += of.take(data[at : at + size])
        at += size
    gap = next((at for at, each in enumerate(recorded) if isinstance(each, LeftOut)), len(recorded))
    first = b"".join(each.data for each in recorded[:gap])
    assert data.startswith(first)
    if gap == len(recorded):
        assert first == data
        return
    _, close = recorded[gap:]
    assert close.data == CLOSED
    assert len(first) + recorded[gap].bytes_received + len(CLOSED) + of.end() == len(data)
    assert len(first) <= limit
    whole = 0
    boundaries = {0} | {whole := whole + len(each) for each in [*frames, CLOSED]}
    assert len(first) in boundaries


@pytest.mark.parametrize("junk", [b"\xff" * 200, b"\x00" * 200, bytes(range(256))])
def test_what_is_no_frame_is_followed_all_the_same(junk):
    of = side()
    recorded = [each.bytes_received if isinstance(each, LeftOut) else len(each.data) for each in of.take(junk)]
    assert sum(recorded) + of.end() == len(junk)


CLOSE_1000 = b"\x88\x02\x03\xe8"


def recording(limit):
    events = []
    return SessionRecording(limit, events.append), events


SESSIONS = {
    "all of a short session": (
        100,
        [(b"a" * 50, None), (b"b" * 50 + CLOSE_1000, 54, 0, CLOSE_1000), (CLOSE_1000, CLOSE_1000)],
        [Sent(1, b"a" * 50), Received(2, b"b" * 50 + CLOSE_1000), Sent(3, CLOSE_1000)],
    ),
    "it is cut where a frame ended, and the Closes are recorded": (
        30,
        [
            *((b"x" * 20, -1, 5, None), (b"y" * 20, 7, 10, None), (b"z" * 20, 20, 0, None)),
            *((b"z" * 3 + CLOSE_1000, 7, 0, CLOSE_1000), (b"junk", -1, 0, CLOSE_1000)),
        ],
        [
            *(Received(1, b"x" * 20), Received(2, b"y" * 7)),
            *(LeftOut(4, 0, 13 + 20 + 3), Received(4, CLOSE_1000), LeftOut(6, 0, 4)),
        ],
    ),
    "a frame that does not fit is not begun": (
        100,
        [(b"x" * 20 + b"y" * 5, 20, 1 << 40, None), (b"y" * 50, -1, 1 << 40, None)],
        [Received(1, b"x" * 20), LeftOut(3, 0, 55)],
    ),
    "a frame that just fits is recorded": (
        30,
        [(b"x" * 10 + b"y" * 10, 10, 10, None), (b"y" * 10, 10, 0, None)],
        [Received(1, b"x" * 10 + b"y" * 10), Received(2, b"y" * 10)],
    ),
    "a frame that begins a read and does not fit is left out with no byte of it": (
        20,
        [(b"x" * 20, 20, 0, None), (b"y" * 5, 0, 5, None), (b"y" * 5 + CLOSE_1000, 5, 0, CLOSE_1000)],
        [Received(1, b"x" * 20), LeftOut(3, 0, 10), Received(3, CLOSE_1000)],
    ),
    "a frame that was begun where the limit is reached is finished": (
        20,
        [(b"x" * 20, -1, 5, None), (b"x" * 5 + b"y" * 2, 5, 10, None)],
        [Received(1, b"x" * 20), Received(2, b"x" * 5), LeftOut(3, 0, 2)],
    ),
    "behind a fault it is cut anywhere": (
        100,
        [(b"x" * 30, -1, 0, None)] * 10 + [(CLOSE_1000, -1, 0, CLOSE_1000)],
        [*(Received(at, b"x" * 30) for at in (1, 2, 3)), Received(4, b"x" * 10), LeftOut(12, 0, 204)],
    ),
    "what is sent is whole frames": (
        10,
        [(b"x" * 20, None), (b"y" * 20, None), (b"z" + CLOSE_1000, CLOSE_1000)],
        [Sent(1, b"x" * 20), LeftOut(3, 21, 0), Sent(3, CLOSE_1000)],
    ),
}
"""The limit; what was sent, with our Close, or received, with where its last frame ended, how many bytes of the
next one are missing, and the Close; what is recorded."""


@every(SESSIONS)
def test_what_of_a_session_is_recorded(case):
    limit, steps, recorded = case
    keep, events = recording(limit)
    for at, (data, *how) in enumerate(steps, 1):
        (keep.received if len(how) == 3 else keep.sent)(at, data, *how)
    keep.gap(len(steps) + 1)
    assert events == recorded


@pytest.mark.parametrize(
    "flood",
    [
        b"\x81\x7e\xff\xff" + b"\xff" * 65535,
        b"\x89\x7f" + (65535).to_bytes(8) + bytes(65535),
        b"\x81\x85abcdhello" * 1000,
        b"\x83\x05hello" * 1000,
        b"\x00\x02zz" * 1000,
        b"\x01\x02zz" + b"\x00\x02zz" * 1000,
        b"\x82\x7f" + (1 << 40).to_bytes(8) + bytes(65535),
        b"\x82\x7f" + (1 << 20).to_bytes(8) + bytes(65535),
        b"\x81\x01x" * 1000,
        b"\x88\x02\x03\xe8" + b"x" * 1000,
    ],
    ids=range(10),
)
def test_no_flood_is_recorded_beyond_the_limit(flood):
    keep, events = recording(100_000)
    reader = Reader(None, 1 << 26)
    size = 0
    for at in range(100):
        reader.receive(flood)
        keep.received(at, flood, reader.boundary, reader.ahead, None)
        size += len(flood)
    keep.gap(100)
    recorded = sum(len(event.data) for event in events if isinstance(event, Received))
    left = sum(event.bytes_received for event in events if isinstance(event, LeftOut))
    assert recorded <= 100_000 + len(flood)
    assert recorded + left == size
