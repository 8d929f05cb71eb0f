"""What the lab hears from clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.lab.perform import LONGEST_INBOX, Inbox
from wsprobe.wire.rfc6455 import frame

MASK = b"\x37\xfa\x21\x3d"
TALK, ANSWER = (
    frame(1, b"one", mask)
    + frame(1, b"two ", mask, fin=False)
    + frame(ping_or_pong, b"ping", mask)
    + frame(0, b"three", mask)
    + frame(8, b"\x03\xe8bye", mask)
    for ping_or_pong, mask in ((9, MASK), (10, None))
)


@pytest.mark.parametrize("size", [1, 3, 7, len(TALK)])
def test_it_answers_as_an_echo_server_does(size):
    inbox = Inbox()
    for start in range(0, len(TALK), size):
        inbox.receive(TALK[start : start + size])
    assert bytes(inbox.answers) == ANSWER
    assert inbox.close == frame(8, b"\x03\xe8bye", None)
    assert inbox.frames == 5
    assert not inbox.ended


def test_a_frame_too_long_is_refused_with_1009_and_not_kept():
    inbox = Inbox()
    piece = b"x" * 65536
    inbox.receive(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + MASK)
    for _ in range(2 * LONGEST_INBOX // len(piece)):
        inbox.receive(piece)
    assert bytes(inbox.answers) == frame(8, (1009).to_bytes(2, "big"), None)
    assert len(inbox._buffer) < LONGEST_INBOX + 2 * len(piece)


def test_answers_that_nobody_sends_do_not_grow_for_ever():
    inbox = Inbox()
    flood = frame(9, b"p" * 125, MASK) * 1000
    for _ in range(30):
        inbox.receive(flood)
    assert inbox.frames == 30_000
    assert len(inbox.answers) < LONGEST_INBOX + 200


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_it_never_raises(pieces):
    inbox = Inbox()
    for piece in pieces:
        inbox.receive(piece)
    assert inbox.ended == (b"" in pieces)
