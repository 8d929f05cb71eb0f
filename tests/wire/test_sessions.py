"""What follows a 101 of an older version: as it is spoken, as it is read, whatever comes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.exchange import Act, Ended, Exchange, Limits, Plan, Received, Sent
from wsprobe.lab import find
from wsprobe.lab.play import play
from wsprobe.lab.ports import place
from wsprobe.read import read
from wsprobe.read.drafts import frame_at_75, frame_at_76, of_server
from wsprobe.read.frames import BINARY, CLOSE, PING, PONG, TEXT, read_frames
from wsprobe.request import opening, target
from wsprobe.wire import WIRES
from wsprobe.wire.framing import CONTROL_MAX, SOME_MESSAGE, Control, ReceivedMessage
from wsprobe.wire.hybi import draft_frame

OLD = tuple(wire for wire in WIRES if wire not in ("hybi-07", "hybi-08", "hybi-13"))
DRAFTS = ("hybi-04", "hybi-05", "hybi-06")
HEAD = b"HTTP/1.1 101 x\r\nSec-WebSocket-Nonce: AQIDBAUGBwgJCgsMDQ4PEC==\r\n\r\n"


def plan(wire, *acts, url="ws://lab.example/"):
    to = target.parse(url)
    offer = opening.Offer(key="AAECAwQFBgcICQoLDA0ODw==")
    return Plan(to, WIRES[wire].request(to, offer, bytes(range(64))), wire, acts, Limits(linger=0.2))


def cut(data, sizes):
    """*data* in pieces of *sizes*, over and over."""
    at = number = 0
    while at < len(data):
        size = sizes[number % len(sizes)]
        yield data[at : at + size]
        at, number = at + size, number + 1


def reading(wire, received, sent=b""):
    asked = plan(wire)
    events = (Sent(0, asked.request), Received(1, received), Sent(2, sent), Ended(3, "fin"))
    return read(Exchange(asked, events))


@pytest.mark.parametrize("wire", WIRES)
def test_a_talk_with_the_lab(wire):
    """Text and, where there is such a thing, binary and Ping come back; the session ends cleanly."""
    scenario = find("echo-any-version")
    acts = (Act("open", "text", b"hello"), Act("open", "binary", b"\x01\xff"), Act("open", "ping", b"?"))
    made = read(play(scenario, plan(wire, *acts, url=place(scenario).address)))
    assert made.session.rest == b""
    told = [(f.opcode, f.data) for f in made.session.frames]
    said = [(f.opcode, f.data) for f in made.session.sent]
    if wire.startswith("hixie"):
        assert (said[0], told[0]) == ((TEXT, b"hello"), (TEXT, b"hello"))
        assert said[1:] == told[1:] == ([] if wire == "hixie-75" else [(CLOSE, b"")])
        return
    assert said[:3] == [(TEXT, b"hello"), (BINARY, b"\x01\xff"), (PING, b"?")]
    assert told[:3] == [(TEXT, b"hello"), (BINARY, b"\x01\xff"), (PONG, b"?")]
    body = {"hybi-04": (b"", b""), "hybi-05": (b"C", b"S")}.get(wire, (b"\x03\xe8", b"\x03\xe8"))
    assert (said[3:], told[3:]) == ([(CLOSE, body[0])], [(CLOSE, body[1])])
    assert all(f.masked for f in made.session.sent)
    assert not any(f.masked for f in made.session.frames)


def kept(wire, data, sizes, most):
    """What is received with its content, and where the boundaries are in all of *data*."""
    framing = WIRES[wire].framing(plan(wire).request, HEAD, most)
    heard, ends, at = [], [], 0
    for piece in cut(data, sizes):
        heard += framing.receive(piece)
        if framing.boundary >= 0:
            ends.append(at + framing.boundary)
        at += len(piece)
    return heard, ends


def counted(wire, data, sizes):
    """What is received where no content is kept."""
    framing = WIRES[wire].framing(plan(wire).request, HEAD, None)
    return [each for piece in cut(data, sizes) for each in framing.receive(piece)]


@pytest.mark.parametrize("sizes", [[1], [3, 1, 7], [10_000]], ids=str)
@pytest.mark.parametrize("wire", DRAFTS)
def test_drafts_hear_what_comes_in_pieces(wire, sizes):
    close = draft_frame(CLOSE, b"bye")
    parts = (
        draft_frame(BINARY, b"first"),
        draft_frame(TEXT, b"a" * 300),
        draft_frame(PONG, b""),
        draft_frame(BINARY, b""),
        draft_frame(BINARY, b"x", fin=False),
        draft_frame(PING, b"?" * 200),
        draft_frame(0, b"y"),
        close,
    )
    data = b"".join(parts)
    heard, ends = kept(wire, data + draft_frame(TEXT, b"late"), sizes, 300)
    assert heard == [
        ReceivedMessage(BINARY, b"first", 5),
        ReceivedMessage(TEXT, b"a" * 300, 300),
        Control("pong"),
        ReceivedMessage(BINARY, b"", 0),
        Control("ping", b"?" * (CONTROL_MAX + 1)),
        ReceivedMessage(BINARY, b"xy", 2),
        Control("close", b"bye", close),
    ]
    assert counted(wire, data, sizes) == [
        SOME_MESSAGE if isinstance(each, ReceivedMessage) else Control(each.what, each.data) for each in heard
    ]
    of_parts = [sum(map(len, parts[: number + 1])) for number in range(len(parts))]
    assert set(ends) <= set(of_parts)
    assert ends[-1] == of_parts[-1]


@pytest.mark.parametrize("sizes", [[1], [3, 1, 7], [10_000]], ids=str)
@pytest.mark.parametrize("wire", ["hixie-75", "hixie-76"])
def test_hixie_hears_what_comes_in_pieces(wire, sizes):
    before = bytes(16) if wire == "hixie-76" else b""
    data = before + b"\x00hello\xff\x80\x03\xff\x00\xff\x01o\xff\x80\x80\x80\x00\x00\xff\xff\x01b\xff\x00"
    heard, ends = kept(wire, data, sizes, 5)
    assert heard[:6] == [
        ReceivedMessage(TEXT, b"hello", 5),
        ReceivedMessage(BINARY, b"\xff\x00\xff", 3),
        ReceivedMessage(TEXT, b"o", 1),
        ReceivedMessage(BINARY, b"", 0),
        ReceivedMessage(TEXT, b"", 0),
        ReceivedMessage(BINARY, b"b", 1),
    ]
    last = ReceivedMessage(BINARY, b"", 0) if wire == "hixie-75" else Control("close", b"", b"\xff\x00")
    assert heard[6:] == [last]
    assert counted(wire, data, sizes) == [SOME_MESSAGE] * 2 + [Control("close")] * (wire == "hixie-76")
    assert ends[-1] == len(data)


@given(wire=st.sampled_from(OLD), data=st.binary(max_size=300), sizes=st.lists(st.integers(1, 40), min_size=1))
@settings(max_examples=3 * EXAMPLES)
def test_whatever_comes_nothing_is_raised(wire, data, sizes):
    whole, pieces = (WIRES[wire].framing(plan(wire).request, HEAD) for _ in range(2))
    assert whole.receive(data) == [each for piece in cut(data, sizes) for each in pieces.receive(piece)]


@given(wire=st.sampled_from(OLD), data=st.binary(max_size=300), sent=st.binary(max_size=300))
@settings(max_examples=3 * EXAMPLES)
def test_no_byte_is_lost(wire, data, sent):
    session = reading(wire, HEAD + data, sent).session
    whole = b"".join(f.header + f.payload + f.trailer for f in session.frames)
    assert session.challenge + whole + session.rest == data


@pytest.mark.parametrize("found", [frame_at_75, frame_at_76, of_server])
@given(data=st.binary(max_size=200))
def test_frames_follow_each_other(found, data):
    frames, rest = read_frames(data, 0, lambda offset: offset, found)
    ends = [f.span for f in frames]
    assert [start for start, _ in ends] == [0, *(end for _, end in ends)][: len(ends)]
    assert (ends[-1][1] if ends else 0) + len(rest) == len(data)
