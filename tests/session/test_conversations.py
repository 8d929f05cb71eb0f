"""Conversations as data: what the peer does at which time, and what is to come of it, however TCP cuts it.

``python -m tests.session.test_conversations`` writes anew what comes of those of conversations.txt."""

import re
from pathlib import Path

import pytest

from tests.cases import every, same
from tests.pieces import act, cases, octets, rewrite
from wsprobe.exchange import Limits, Plan, Target
from wsprobe.read.frames import read_frames
from wsprobe.session.conversation import Client
from wsprobe.session.open_session import Phase
from wsprobe.talk.codec import planned

FILE = Path(__file__).parent / "conversations.txt"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n" + KEY + b"\r\n"
STRICT = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    + KEY
    + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
RIGHT = SWITCHING[:-2] + b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
WORDS = {
    "switching": SWITCHING,
    "right": RIGHT,
    "deflated": RIGHT[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    "held": b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\n",
    "chunked": b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n",
    "interim": b"HTTP/1.1 102 \r\n\r\n",
    "eof": b"eof",
    "clock": b"clock",
}
OPCODES = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


class Awaits:
    """Waits for these messages."""

    def __init__(self, awaited):
        self._left = set(awaited)

    def heard(self, data):
        self._left.discard(data)
        return not self._left


def us(milliseconds):
    return round(float(milliseconds) * 1000)


def peer_of(written):
    """(microseconds, what came) of ``@5 held @9 eof``; ``@500..2000``: every 500 ms until 2 s."""
    for times, what in re.findall(r"@(\S+) (.*?)(?= @|$)", written):
        first, _, last = times.partition("..")
        for at in range(us(first), us(last or first) + 1, us(first)):
            yield at, octets(what, WORDS)


def plan_of(written):
    """The plan, and what makes its session."""
    acts, limits, request, make = [], {}, REQUEST, None
    for each in filter(None, written.split("; ")):
        name, equals, value = each.partition("=")
        if each.startswith("strict"):
            awaited = [word.encode() for word in each.split(" ")[1:]]
            request, make = STRICT, planned(Awaits(awaited) if awaited else None)
        elif each == "HEAD":
            request = b"HEAD / HTTP/1.1\r\n\r\n"
        elif equals:
            limits[name] = float(value) if name in ("linger", "silence", "max_time") else int(value)
        else:
            acts.append(act(each))
    target = Target("ws://h/", False, "h", 80, "/")
    return Plan(target, request, acts=tuple(acts), limits=Limits(**limits)), make


IN_PIECES = {
    "whole": lambda data: iter([data]),
    "byte by byte": lambda data: (data[at : at + 1] for at in range(len(data))),
    "odd pieces": lambda data: (data[at : at + 7] for at in range(0, len(data), 7)),
    "a byte, then the rest": lambda data: iter([data[:1], data[1:]]),
    "all, then the last byte": lambda data: iter([data[:-1], data[-1:]]),
}


def converse(peer, plan="", pieces=IN_PIECES["whole"]):
    """Return every turn of it, and all that was sent after the opening handshake."""
    asked, make = plan_of(plan)
    client = Client(asked, make)
    assert client.opening == asked.request
    turns = []
    for at, came in peer_of(peer):
        if came == b"eof":
            turns.append(client.receive_eof(at))
        elif came == b"clock":
            turns.append(client.timer(at))
        else:
            for piece in filter(None, pieces(came)):
                turns.append(client.receive(piece, at))
                turns.append(client.timer(at))
                if turns[-1].done:
                    break
        assert client.phase is turns[-1].phase
    return turns, b"".join(turn.send for turn in turns)


def means(*conversation, **how):
    turns, sent = converse(*conversation, **how)
    frames, rest = read_frames(sent, 0, lambda offset: 0)
    assert rest == b""
    assert all(frame.masked and frame.fin and frame.rsv == 0 for frame in frames)
    assert [turn.done for turn in turns] == [turn.phase is Phase.DONE for turn in turns]
    order = list(Phase)
    places = [order.index(turn.phase) for turn in turns]
    assert places == sorted(places)
    last = turns[-1]
    stands = last.phase.name.lower()
    stands += f", until {last.wake_at / 1000:.15g}" if last.wake_at is not None else ""
    stands += f", {last.stop}" if last.stop != "local" else ""
    return [*map(shown, frames), stands + (f": {last.why}" if last.why else "")]


def shown(frame):
    """A frame that was sent."""
    code = f" {int.from_bytes(frame.data[:2])}" if frame.opcode == 8 and frame.data else ""
    data = frame.data[2:] if code else frame.data
    return f"{OPCODES[frame.opcode]}{code} {data.decode('latin-1').encode('unicode_escape').decode()}".rstrip()


@pytest.mark.parametrize("pieces", IN_PIECES.values(), ids=IN_PIECES)
@every(cases(FILE), quick=True)
def test_a_conversation(conversation, pieces):
    given, expected = conversation
    same(means(*given, pieces=pieces), expected)


@every(cases(FILE), quick=True)
def test_how_it_is_cut_changes_nothing_that_is_sent(conversation):
    sent = {converse(*conversation[0], pieces=pieces)[1] for pieces in IN_PIECES.values()}
    assert len(sent) == 1


if __name__ == "__main__":
    rewrite(FILE, means)
