"""What is recorded of a session that may be endless."""

from __future__ import annotations

from wsprobe.exchange import Event, LeftOut, Received, Sent
from wsprobe.talk.kept import Kept

CLOSE = b"\x88\x02\x03\xe8"


def kept(limit: int) -> tuple[Kept, list[Event]]:
    events: list[Event] = []
    return Kept(limit, events.append), events


def test_all_of_a_short_session() -> None:
    keep, events = kept(100)
    keep.sent(1, b"a" * 50, None)
    keep.received(2, b"b" * 50 + CLOSE, 54, CLOSE)
    keep.sent(3, CLOSE, CLOSE)
    keep.end(4)
    assert events == [Sent(1, b"a" * 50), Received(2, b"b" * 50 + CLOSE), Sent(3, CLOSE)]


def test_it_is_cut_where_a_message_ended_and_the_closes_are_kept() -> None:
    keep, events = kept(10)
    keep.received(1, b"x" * 20, -1, None)
    keep.received(2, b"y" * 20, 7, None)
    keep.received(3, b"z" * 20, 20, None)
    keep.received(4, b"z" * 3 + CLOSE, 7, CLOSE)
    keep.received(5, b"junk", -1, CLOSE)
    keep.end(6)
    assert events == [
        Received(1, b"x" * 20),
        Received(2, b"y" * 7),
        LeftOut(4, 0, 13 + 20 + 3),
        Received(4, CLOSE),
        LeftOut(6, 0, 4),
    ]


def test_what_is_sent_is_whole_frames() -> None:
    keep, events = kept(10)
    keep.sent(1, b"x" * 20, None)
    keep.sent(2, b"y" * 20, None)
    keep.sent(3, b"z" + CLOSE, CLOSE)
    keep.end(4)
    assert events == [Sent(1, b"x" * 20), LeftOut(3, 21, 0), Sent(3, CLOSE)]
