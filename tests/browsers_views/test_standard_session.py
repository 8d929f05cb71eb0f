"""After ``open`` by the letter of RFC 6455: the rules on frames, a case at each and one beside it."""

from __future__ import annotations

import pytest

from tests.browsers_views.recordings import HEAD, OPEN, frame, seen
from tests.exchanges import deflated

DEFLATE = f"{HEAD}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
BYE = frame(0x88, b"\x03\xe8")


def followed(*frames, head=OPEN):
    return seen(head, b"".join(frames), browser="whatwg")


def messages(view):
    return [event.data for event in view.events if event.type == "message"]


def closed(view):
    return view.events[-1].code, view.events[-1].was_clean


@pytest.mark.parametrize("second", [0x81, 0x82, 0x01, 0x02])
def test_no_message_begins_within_another(second):
    view = followed(frame(0x01, b"a"), frame(second, b"b"), BYE)
    assert (messages(view), closed(view)) == ([], (1006, False))
    assert "a new message within a message" in view.because


@pytest.mark.parametrize("control", [0x89, 0x8A])
def test_a_control_frame_within_a_message_is_none(control):
    view = followed(frame(0x01, b"a"), frame(control, b"x" * 125), frame(0x80, b"b"), frame(0x81, b"c"), BYE)
    assert (messages(view), closed(view)) == (["ab", "c"], (1000, True))


def test_a_continuation_continues_something():
    assert closed(followed(frame(0x80, b"a"), BYE)) == (1006, False)
    assert closed(followed(frame(0x81, b"a"), frame(0x80, b"a"), BYE)) == (1006, False)


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("opcode", [0x88, 0x89, 0x8A])
@pytest.mark.parametrize("head", [OPEN, DEFLATE])
def test_no_reserved_bit_on_a_control_frame(bits, opcode, head):
    view = followed(frame(opcode | bits << 4, b"\x03\xe8"), BYE, head=head)
    assert closed(view) == (1006, False)
    assert "a reserved bit" in view.because


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("opcode", [0x81, 0x82])
def test_the_first_reserved_bit_marks_a_compressed_message(bits, opcode):
    message = frame(opcode | bits << 4, deflated(b"hi"))
    assert closed(followed(message, BYE)) == (1006, False)
    assert closed(followed(message, BYE, head=DEFLATE)) == ((1000, True) if bits == 4 else (1006, False))


def test_a_continuation_is_not_marked():
    data = deflated(b"hi")
    start = frame(0x41, data[:1])
    assert messages(followed(start, frame(0x80, data[1:]), BYE, head=DEFLATE)) == ["hi"]
    assert closed(followed(start, frame(0xC0, data[1:]), BYE, head=DEFLATE)) == (1006, False)


@pytest.mark.parametrize("opcode", range(16))
def test_which_opcodes_there_are(opcode):
    start = [frame(0x01, b"")] if opcode == 0 else []
    expected = (
        (1006, False) if opcode not in (0, 1, 2, 8, 9, 10) else (1005, True) if opcode == 8 else (1000, True)
    )
    assert closed(followed(*start, frame(0x80 | opcode, b""), BYE)) == expected


@pytest.mark.parametrize("opcode", [0x08, 0x09, 0x0A])
def test_a_control_frame_is_one_and_short(opcode):
    good = frame(opcode | 0x80, (b"\x0b\xb8" + b"x" * 123))
    assert closed(followed(good, BYE)) == ((3000, True) if opcode == 8 else (1000, True))
    for bad in (frame(opcode, b"\x0b\xb8"), frame(opcode | 0x80, b"\x0b\xb8" + b"x" * 124)):
        assert "a control frame is fragmented or too long" in followed(bad, BYE).because


@pytest.mark.parametrize(
    ("start", "minimal"),
    [
        (b"\x81\x7e\x00\x7d" + b"x" * 125, False),
        (b"\x81\x7e\x00\x7e" + b"x" * 126, True),
        (b"\x81\x7f\0\0\0\0\0\0\xff\xff" + b"x" * 65535, False),
        (b"\x81\x7f\0\0\0\0\0\1\0\0" + b"x" * 65536, True),
    ],
)
def test_a_length_is_as_short_as_can_be(start, minimal):
    assert closed(followed(start, BYE)) == ((1000, True) if minimal else (1006, False))


def test_what_follows_a_close_is_not_looked_at():
    view = followed(BYE, frame(0x83, b""), frame(0x81, b"late"))
    assert (messages(view), closed(view)) == ([], (1000, True))


@pytest.mark.parametrize("payload", [b"\x03", b"\x03\xe8\xff"])
def test_a_close_that_cannot_be_read_fails_the_connection(payload):
    assert closed(followed(frame(0x88, payload))) == (1006, False)


@pytest.mark.parametrize("pieces", [(b"\xc3", b"\xa9"), (b"\xc3\xa9", b"")])
def test_a_character_may_be_cut_and_must_be_whole_at_the_end(pieces):
    first, last = pieces
    assert messages(followed(frame(0x01, first), frame(0x80, last), BYE)) == ["\u00e9"]
    assert closed(followed(frame(0x81, b"\xc3"), BYE)) == (1006, False)
    assert closed(followed(frame(0x01, b"\xff"))) == (1006, False)
