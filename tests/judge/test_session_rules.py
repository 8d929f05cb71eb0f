"""Where each rule of a session begins and ends: the last frame that passes, and the first that does not.

``python -m tests.judge.test_session_rules`` writes anew what is found in the cases of session_rules.txt."""

from pathlib import Path

from tests.cases import every, same
from tests.hostile.servers import LARGE
from tests.judge.conftest import GOOD, HEADERS, request, target
from tests.pieces import cases, pieces, rewrite
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Sent
from wsprobe.judge import FINDINGS, judge, session
from wsprobe.read import read
from wsprobe.read.frames import messages_of
from wsprobe.wire.rfc6455 import frame

FILE = Path(__file__).parent / "session_rules.txt"
SECOND = 1_000_000
IDS = {entry.id for entry in FINDINGS.values() if entry.phase == "session"} - {"rest-not-judged"}
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
CLOSE = b"\x88\x02\x03\xe8"
HI = b"\x81\x02hi"
OURS = Sent(0, frame(8, b"\x03\xe8", b"\0\0\0\0"))


def case(reads, how, extra=""):
    """A session: bytes are received, each 1 ms after the piece before."""
    asked = request([*HEADERS, "Sec-WebSocket-Extensions: permessage-deflate"])
    opened = (GOOD + extra + "\r\n").encode()
    events = [Connected(1, "127.0.0.1", 80), Sent(2, asked), Received(3, opened)]
    for number, piece in enumerate(reads, 1):
        at = 1000 * number
        events.append(Received(at, piece) if isinstance(piece, bytes) else Sent(at, piece.data))
    return Exchange(Plan(target("ws://ws.example/chat"), asked), (*events, Ended(SECOND, how)))


def told(of):
    """What is found of the session: its id, the bytes that it points at, from the 101 on, and its words."""
    reading = read(of)
    said = []
    for finding in judge(reading).findings:
        if finding.id in IDS:
            begun = reading.session.start
            place = f" {finding.span[0] - begun}-{finding.span[1] - begun}" if finding.span is not None else ""
            said.append(f"{finding.id}{place} {finding.text}")
    return said


def closes(code, reason=b""):
    return (frame(8, code.to_bytes(2, "big") + reason, None), OURS)


WORDS = {"hi": HI, "close": CLOSE, "ours": OURS.data, "ours-bare": frame(8, b"", b"\0\0\0\0")}
AGREED = {"": "", "deflate": DEFLATE, "length 5": "Content-Length: 5\r\n"}


def means(written, how, agreed=""):
    return told(case(pieces(written, WORDS), how, AGREED[agreed]))


@every(cases(FILE))
def test_what_is_found(of):
    given, expected = of
    same(means(*given), expected)


FULL = LARGE * 30
"""Compressed messages that inflate to more than is inflated of a session."""


def test_where_nothing_more_can_be_wrong_no_more_messages_are_made(monkeypatch):
    made = []

    def counted(reading):
        def one_by_one():
            for message in messages_of(reading)[0]:
                made.append(message)
                yield message

        return (one_by_one(),)

    monkeypatch.setattr(session, "messages_of", counted)
    assert told(case((FULL, LARGE * 1000, CLOSE, OURS), "fin", DEFLATE)) == []
    assert 25 < len(made) < 30


def test_what_follows_the_first_fault_is_counted_and_not_judged():
    """A Ping of 2^63 bytes swallows the rest; a text that is not UTF-8 is no fault behind a masked frame."""
    masked, bad_text = b"\x82\x81\0\0\0\0a", b"\x81\x01\xff"
    found = judge(read(case((HI, masked, bad_text, CLOSE), "fin"))).findings
    assert [each.id for each in found] == ["frame-masked", "rest-not-judged"]
    assert "the 2 frames after it are not judged" in found[1].text
    refused = (GOOD.replace("websocket", "other") + "\r\n").encode()
    asked = request(list(HEADERS))
    events = (Connected(1, "127.0.0.1", 80), Sent(2, asked), Received(3, refused + bad_text), Ended(4, "fin"))
    found = judge(read(Exchange(Plan(target("ws://ws.example/chat"), asked), events))).findings
    assert [each.id for each in found] == ["upgrade-not-websocket", "rest-not-judged"]
    assert "the handshake failed, so the frame after it is not judged" in found[1].text


if __name__ == "__main__":
    rewrite(FILE, means)
