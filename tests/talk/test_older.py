"""Our half of a session in a version before RFC 6455."""

from __future__ import annotations

import pytest

from wsprobe.read.frames import BINARY, CLOSE, PING, PONG, TEXT
from wsprobe.read.reading import Head
from wsprobe.talk.codec import FrameFault
from wsprobe.talk.older import OlderWriter, halves

HEAD = Head(b"", (), b"\r\n", 0, (), None)
REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def writer(wire: str) -> OlderWriter:
    made = halves(wire, REQUEST, HEAD, None)[1]
    assert isinstance(made, OlderWriter)
    return made


@pytest.mark.parametrize(("wire", "close"), [("hixie-75", b""), ("hixie-76", b"\xff\x00")])
def test_what_the_first_versions_can_send(wire: str, close: bytes) -> None:
    ours = writer(wire)
    assert ours.messages(TEXT, [b"a", b"bc"]) == b"\x00a\xff\x00bc\xff"
    assert ours.messages(BINARY, [b"a"]) == b""
    assert ours.control(CLOSE, b"\x03\xe8bye") == ours.control(CLOSE, b"") == close
    assert ours.control(PING, b"?") == ours.control(PONG, b"?") == b""


@pytest.mark.parametrize(("size", "fault"), [(8, False), (9, True)])
def test_a_message_that_is_not_over_has_room_up_to_the_limit(size: int, fault: bool) -> None:
    theirs = halves("hixie-75", REQUEST, HEAD, None, max_message=8)[0]
    heard = theirs.receive(b"\x00" + b"x" * (size - 1))
    assert [isinstance(each, FrameFault) for each in heard] == [True] * fault
