"""Frames written by hand."""

import pytest

from wsprobe.read.frames import frame_at
from wsprobe.talk.raw_frame import FrameError, frame


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("mask=no payload=hi", "8102 6869"),
        ("fin=0 opcode=1 rsv=2 mask=no payload=x", "2101 78"),
        ("opcode=binary mask=no hex=00ff", "8202 00ff"),
        ("rsv1=1 rsv3=1 mask=no", "d100"),
        ("rsv2=1 mask=no", "a100"),
        ("rsv=1 rsv2=1 fin=0 opcode=pong mask=no", "3a00"),
        ("opcode=0xf mask=no", "8f00"),
        ("opcode=0 mask=no", "8000"),
        ("opcode=close code=1006 mask=no", "8802 03ee"),
        ("opcode=close code=4000 mask=no payload='good bye'", "880a 0fa0 676f6f6420627965"),
        (r"mask=no payload='\x00\n\\'", "8103 000a5c"),
        ("mask=00000000 payload=hi", "8182 00000000 6869"),
        ("mask=01020304 payload=hi", "8182 01020304 696b"),
        ("mask=no length=9 payload=hi", "8109 6869"),
        ("mask=no length-bytes=8 payload=hi", "817f 0000000000000002 6869"),
        ("mask=no length-bytes=2", "817e 0000"),
        ("mask=no length-bytes=0 length=125", "817d"),
        ("mask=no length-bytes=2 length=126", "817e 007e"),
        ("mask=no length=65535", "817e ffff"),
        ("mask=no length-bytes=8 length=65536", "817f 0000000000010000"),
        ("mask=no length=18446744073709551615", "817f ffffffffffffffff"),
        ("mask=no payload=é", "8102 c3a9"),
        ("raw=ff00", "ff00"),
    ],
)
def test_what_it_says_is_what_is_sent(text, wanted):
    assert frame(text).hex() == wanted.replace(" ", "")


def test_it_is_masked_unless_it_says_otherwise():
    first, second = frame("payload=hello"), frame("payload=hello")
    assert first != second
    read = frame_at(first, 0, lambda _: 0)
    assert (read.masked, read.data) == (True, b"hello")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "frame is empty"),
        ("hello", "'hello' is not part of a frame"),
        ("opcod=1", "did you mean opcode=?"),
        ("opcode=16", "0 to 15"),
        ("opcode=-1", "0 to 15"),
        ("opcode=txt", "0 to 15"),
        ("fin=2", "0 to 1"),
        ("rsv=8", "0 to 7"),
        ("mask=12", "eight hexadecimal digits"),
        ("mask=maybe", "not hexadecimal"),
        ("payload=x hex=00", "leave one out"),
        ("payload='x", "quotation mark"),
        (r"payload=\q\x", "an escape other"),
        ("length-bytes=0 length=126", "needs 2"),
        ("length-bytes=2 length=65536", "needs 8"),
        ("length-bytes=3", "0, 2 or 8"),
        ("raw=00 fin=1", "raw= is the whole frame"),
    ],
)
def test_what_cannot_be_understood_is_named(text, why):
    with pytest.raises(FrameError) as raised:
        frame(text)
    assert why in str(raised.value)
