"""Frames written by hand."""

from wsprobe.read.frames import frame_at
from wsprobe.talk.raw_frame import frame


def test_it_is_masked_unless_it_says_otherwise():
    first, second = frame("payload=hello"), frame("payload=hello")
    assert first != second
    read = frame_at(first, 0, lambda _: 0)
    assert (read.masked, read.data) == (True, b"hello")
