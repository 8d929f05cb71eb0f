"""Where each rule of a session begins and ends: the last frame that passes, and the first that does not."""

from __future__ import annotations

from tests.cases import every
from tests.hostile.servers import LARGE
from tests.judge.conftest import GOOD, HEADERS, request, target
from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Sent
from wsprobe.judge import FINDINGS, judge, session
from wsprobe.read import read
from wsprobe.read.frames import messages_of
from wsprobe.wire.rfc6455 import frame

SECOND = 1_000_000
IDS = {entry.id for entry in FINDINGS.values() if entry.phase == "session"} - {"rest-not-judged"}
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
CLOSE = b"\x88\x02\x03\xe8"
HI = b"\x81\x02hi"
OURS = Sent(0, frame(8, b"\x03\xe8", b"\0\0\0\0"))
OURS_BARE = Sent(0, frame(8, b"", b"\0\0\0\0"))

Piece = bytes | Sent


def case(pieces, how, extra=""):
    """A session: bytes are received, each 1 ms after the piece before."""
    asked = request([*HEADERS, "Sec-WebSocket-Extensions: permessage-deflate"])
    opened = (GOOD + extra + "\r\n").encode()
    events = [Connected(1, "127.0.0.1", 80), Sent(2, asked), Received(3, opened)]
    for number, piece in enumerate(pieces, 1):
        at = 1000 * number
        events.append(Received(at, piece) if isinstance(piece, bytes) else Sent(at, piece.data))
    return Exchange(Plan(target("ws://ws.example/chat"), asked), (*events, Ended(SECOND, how)))


def told(of):
    """What is found of the session: its id, the bytes that it points at, from the 101 on, and its words."""
    reading = read(of)
    assert reading.session is not None
    said = []
    for finding in judge(reading).findings:
        if finding.id in IDS:
            begun = reading.session.start
            place = f" {finding.span[0] - begun}-{finding.span[1] - begun}" if finding.span is not None else ""
            said.append(f"{finding.id}{place} {finding.text}")
    return said


def closes(code, reason=b""):
    return (frame(8, code.to_bytes(2, "big") + reason, None), OURS)


CASES = {
    "nothing wrong": ((HI, CLOSE, OURS), "fin", "", ()),
    "opcode 2": ((b"\x82\0", CLOSE, OURS), "fin", "", ()),
    "opcode 3": ((HI, b"\x83\0", CLOSE, OURS), "fin", "", ("frame-opcode-reserved 4-6 opcode 3 is reserved",)),
    "opcode 7, twice": (
        (HI, b"\x87\0\x87\0", CLOSE, OURS),
        "fin",
        "",
        ("frame-opcode-reserved 4-6 opcode 7 is reserved",),
    ),
    "opcode 7, three times": (
        (HI, b"\x87\0\x87\0\x87\0", CLOSE, OURS),
        "fin",
        "",
        ("frame-opcode-reserved 4-6 opcode 7 is reserved",),
    ),
    "opcode 10": ((HI, b"\x8a\0", CLOSE, OURS), "fin", "", ()),
    "opcode 11": (
        (HI, b"\x8b\0", CLOSE, OURS),
        "fin",
        "",
        ("frame-opcode-reserved 4-6 opcode 11 is reserved",),
    ),
    "masked": (
        (HI, b"\x82\x81\0\0\0\0a", CLOSE, OURS),
        "fin",
        "",
        ("frame-masked 4-10 the server masks a binary frame",),
    ),
    "a Ping without FIN": (
        (HI, b"\x09\0", CLOSE, OURS),
        "fin",
        "",
        ("control-fragmented 4-6 a Ping frame without FIN",),
    ),
    "opcode 15 without FIN": (
        (HI, b"\x0f\0", CLOSE, OURS),
        "fin",
        "",
        (
            "frame-opcode-reserved 4-6 opcode 15 is reserved",
            "control-fragmented 4-6 a opcode 15 frame without FIN",
        ),
    ),
    "a Ping of 125": ((HI, b"\x89\x7d" + bytes(125), CLOSE, OURS), "fin", "", ()),
    "a Ping of 126": (
        (HI, b"\x89\x7e\0\x7e" + bytes(126), CLOSE, OURS),
        "fin",
        "",
        ("control-too-long 4-8 a Ping frame of 126 bytes",),
    ),
    "125 in three bytes": (
        (HI, b"\x82\x7e\0\x7d" + bytes(125), CLOSE, OURS),
        "fin",
        "",
        ("frame-length-not-minimal 4-8 the length 125 is written in more bytes than it needs",),
    ),
    "a length of 2**63 - 1": (
        (HI, b"\x82\x7f\x7f" + b"\xff" * 7),
        "local",
        "",
        (
            "frame-unfinished 4-14 a binary frame announces 9223372036854775807 bytes, but only 0 had "
            "arrived by the end",
        ),
    ),
    "a length of 2**63": (
        (HI, b"\x82\x7f\x80" + bytes(7)),
        "local",
        "",
        (
            "frame-length-msb 4-14 a binary frame announces 9223372036854775808 bytes",
            "frame-unfinished 4-14 a binary frame announces 9223372036854775808 bytes, but only 0 had "
            "arrived by the end",
        ),
    ),
    "RSV1": (
        (HI, b"\xc2\x01a", CLOSE, OURS),
        "fin",
        "",
        (
            "frame-compressed-unnegotiated 4-6 a binary message is marked as compressed, and the "
            "101 accepts no compression",
        ),
    ),
    "RSV2": ((HI, b"\xa2\x01a", CLOSE, OURS), "fin", "", ("frame-rsv 4-6 RSV2 is set on a binary frame",)),
    "RSV3": ((HI, b"\x92\x01a", CLOSE, OURS), "fin", "", ("frame-rsv 4-6 RSV3 is set on a binary frame",)),
    "RSV1 and RSV3": (
        (HI, b"\xd2\x01a", CLOSE, OURS),
        "fin",
        "",
        ("frame-rsv 4-6 RSV1 and RSV3 are set on a binary frame",),
    ),
    "all three": (
        (HI, b"\xf2\x01a", CLOSE, OURS),
        "fin",
        "",
        ("frame-rsv 4-6 RSV1 and RSV2 and RSV3 are set on a binary frame",),
    ),
    "RSV1 on a Ping": ((HI, b"\xc9\0", CLOSE, OURS), "fin", "", ("frame-rsv 4-6 RSV1 is set on a Ping frame",)),
    "RSV1 on a Close": (
        (HI, b"\xc8\x02\x03\xe8", OURS),
        "fin",
        "",
        ("frame-rsv 4-6 RSV1 is set on a Close frame",),
    ),
    "deflate: RSV1": ((HI, b"\xc1\x04\xca\xc8\x04\x00", CLOSE, OURS), "fin", DEFLATE, ()),
    "deflate: RSV1 on binary": ((HI, b"\xc2\x04\xca\xc8\x04\x00", CLOSE, OURS), "fin", DEFLATE, ()),
    "deflate: RSV1 and RSV2": (
        (HI, b"\xe1\x04\xca\xc8\x04\x00", CLOSE, OURS),
        "fin",
        DEFLATE,
        ("frame-rsv 4-6 RSV1 and RSV2 are set on a text frame",),
    ),
    "deflate: RSV1 on a continuation": (
        (b"\x01\x01h", b"\xc0\x01i", CLOSE, OURS),
        "fin",
        DEFLATE,
        ("frame-rsv1-misplaced 3-5 RSV1 is set on a continuation frame",),
    ),
    "deflate: RSV1 on a Pong": (
        (HI, b"\xca\0", CLOSE, OURS),
        "fin",
        DEFLATE,
        ("frame-rsv1-misplaced 4-6 RSV1 is set on a Pong frame",),
    ),
    "deflate: broken": (
        (HI, b"\xc1\x02\xff\xff", CLOSE, OURS),
        "fin",
        DEFLATE,
        (
            "deflate-broken 4-8 a compressed message cannot be inflated: it is not "
            "DEFLATE data: invalid block type (RFC 7692 section 7.2.2)",
        ),
    ),
    "a frame without its last byte": (
        (HI, b"\x82\x03ab"),
        "fin",
        "",
        (
            "frame-incomplete 4-8 a binary frame ends after 2 of 3 bytes",
            "session-dropped the server closed the connection 1000.0 ms after the 101, without a Close",
        ),
    ),
    "a frame without its last byte, and we left": (
        (HI, b"\x82\x03ab"),
        "local",
        "",
        ("frame-unfinished 4-6 a binary frame announces 3 bytes, but only 2 had arrived by the end",),
    ),
    "a frame without its last byte, at our limit": (
        (HI, b"\x82\x03ab"),
        "limit",
        "",
        ("session-cut wsprobe stopped reading after 137 bytes, at its own limit; the session was still open",),
    ),
    "a byte of a header": (
        (HI, b"\x82"),
        "reset",
        "",
        (
            "frame-incomplete the session ends with 1 byte, too few for a frame header",
            "session-dropped the connection was reset 1000.0 ms after the 101, without a Close",
        ),
    ),
    "a byte of a header, and we left": ((HI, b"\x82"), "local", "", ()),
    "nine bytes of a header": (
        (HI, b"\x82\x7f" + bytes(7)),
        "truncated",
        "",
        (
            "frame-incomplete the session ends with 9 bytes, too few for a frame header",
            "session-dropped the server closed the connection without TLS close_notify 1000.0 ms "
            "after the 101, without a Close",
        ),
    ),
    "a byte behind a Close": (
        (HI, CLOSE, b"\x82"),
        "fin",
        "",
        ("data-after-close 8-9 1 byte after the Close",),
    ),
    "a frame behind a Close": (
        (HI, CLOSE, OURS, HI),
        "fin",
        "",
        ("data-after-close 8-10 a text frame after the Close",),
    ),
    "three frames behind a Close": (
        (HI, CLOSE, OURS, HI, HI, b"\x89\0"),
        "fin",
        "",
        ("data-after-close 8-10 a text frame and 2 more after the Close",),
    ),
    "HTTP behind a Close": (
        (HI, CLOSE, b"HTTP/1.1 200 OK\r\n\r\n"),
        "fin",
        "",
        ("data-after-close 8-23 HTTP after the Close: HTTP/1.1 200 OK",),
    ),
    "a continuation first": (
        (b"\x80\x02hi", CLOSE, OURS),
        "fin",
        "",
        ("continuation-unexpected 0-2 a continuation frame arrived, but no message had begun",),
    ),
    "a continuation behind a message": (
        (HI, b"\x80\x02hi", CLOSE, OURS),
        "fin",
        "",
        ("continuation-unexpected 4-6 a continuation frame arrived, but no message had begun",),
    ),
    "fragments": ((b"\x01\x01h", b"\x00\x01i", b"\x80\x01!", CLOSE, OURS), "fin", "", ()),
    "a Ping between fragments": ((b"\x01\x01h", b"\x89\0", b"\x80\x01!", CLOSE, OURS), "fin", "", ()),
    "a message between fragments": (
        (b"\x01\x01h", HI, CLOSE, OURS),
        "fin",
        "",
        ("message-interrupted 3-5 a text message begins while a text message is unfinished",),
    ),
    "a fragment alone": (
        (b"\x01\x01h", CLOSE, OURS),
        "fin",
        "",
        ("message-unfinished 0-2 a text message was not finished after 1 frame",),
    ),
    "two fragments alone": (
        (b"\x02\x01h", b"\x00\x01h", CLOSE, OURS),
        "fin",
        "",
        ("message-unfinished 0-2 a binary message was not finished after 2 frames",),
    ),
    "a text that is no UTF-8": (
        (b"\x81\x02h\xff", CLOSE, OURS),
        "fin",
        "",
        ("text-not-utf8 0-4 a text message is not UTF-8 at byte 1",),
    ),
    "a binary that is no UTF-8": ((b"\x82\x02h\xff", CLOSE, OURS), "fin", "", ()),
    "a text cut in a letter": (
        (b"\x81\x02h\xc3", CLOSE, OURS),
        "fin",
        "",
        ("text-not-utf8 0-4 a text message is not UTF-8 at byte 1",),
    ),
    "a text in two, cut in a letter": ((b"\x01\x01\xc3", b"\x80\x01\xa9", CLOSE, OURS), "fin", "", ()),
    "a text, unfinished in a letter": (
        (b"\x01\x02h\xc3",),
        "local",
        "",
        ("message-unfinished 0-2 a text message was not finished after 1 frame",),
    ),
    "a Close of 0": ((b"\x88\0", OURS_BARE), "fin", "", ()),
    "a Close of 1": (
        (b"\x88\1a", OURS_BARE),
        "fin",
        "",
        ("close-body-one-byte 2-3 the Close carries one byte, 0x61",),
    ),
    "a Close in part": ((HI, b"\x88\x03\x03\xe8"), "local", "", ()),
    "a reason": (closes(1000, "Grüße".encode()), "fin", "", ()),
    "a reason that is no UTF-8": (
        closes(1000, b"a\xff"),
        "fin",
        "",
        ("close-reason-not-utf8 4-6 the close reason is not UTF-8 at byte 1 (invalid start byte)",),
    ),
    "a code in text": (
        (frame(8, b"1000", None), OURS),
        "fin",
        "",
        (
            "close-code-range 2-4 12592 is not a close code: the Close carries the text 1000 "
            "where a code of two bytes must be",
        ),
    ),
    "a reason without a code": (
        (frame(8, b"bye", None), OURS),
        "fin",
        "",
        (
            "close-code-range 2-4 25209 is not a close code: the Close carries the text bye "
            "where a code of two bytes must be",
        ),
    ),
    "a code in text, in part": (
        (frame(8, b"100\x01", None), OURS),
        "fin",
        "",
        ("close-code-range 2-4 12592 is not a close code",),
    ),
    "no answer: fin": (
        (HI, OURS),
        "fin",
        "",
        ("close-unanswered the Close that wsprobe sent got no answer: the server closed the connection",),
    ),
    "no answer: timeout": (
        (HI, OURS),
        "timeout",
        "",
        ("close-unanswered the Close that wsprobe sent got no answer: the time limit ran out",),
    ),
    "no answer: local": (
        (HI, OURS),
        "local",
        "",
        ("close-unanswered the Close that wsprobe sent got no answer: the wait for it ended",),
    ),
    "no answer: limit": (
        (HI, OURS),
        "limit",
        "",
        ("session-cut wsprobe stopped reading after 133 bytes, at its own limit; the session was still open",),
    ),
    "no answer: interrupted": ((HI, OURS), "interrupted", "", ()),
    "an answer": ((HI, OURS, CLOSE), "fin", "", ()),
    "an answer with another code": ((HI, OURS, closes(1001)[0]), "fin", "", ()),
    "an answer without a code": (
        (HI, OURS, b"\x88\0"),
        "fin",
        "",
        ("close-code-not-echoed 4-6 the Close that wsprobe sent had the code 1000, and the answer has none",),
    ),
    "no code, and an answer with one": ((HI, OURS_BARE, CLOSE), "fin", "", ()),
    "both at once, their codes differ": ((HI, closes(1001)[0], OURS), "fin", "", ()),
    "dropped at once": (
        (),
        "fin",
        "",
        ("session-dropped the server closed the connection 1000.0 ms after the 101, without a Close",),
    ),
    "dropped": (
        (HI,),
        "reset",
        "",
        ("session-dropped the connection was reset 1000.0 ms after the 101, without a Close",),
    ),
    "dropped: truncated": (
        (HI,),
        "truncated",
        "",
        (
            "session-dropped the server closed the connection without TLS close_notify 1000.0 ms "
            "after the 101, without a Close",
        ),
    ),
    "dropped: error": (
        (HI,),
        "error",
        "",
        ("session-dropped the connection failed 1000.0 ms after the 101, without a Close",),
    ),
    "left": ((HI,), "local", "", ()),
    "interrupted": ((HI,), "interrupted", "", ()),
    "at our limit": (
        (HI,),
        "limit",
        "",
        ("session-cut wsprobe stopped reading after 133 bytes, at its own limit; the session was still open",),
    ),
    "TLS": (
        (b"\x15\x03\x01\0\x02\x02\x16",),
        "fin",
        "",
        ("session-not-frames 0-7 TLS follows the 101, where only frames may come",),
    ),
    "text": (
        (b"hello there, how are you\n",),
        "fin",
        "",
        ("session-not-frames 0-25 text follows the 101, where only frames may come",),
    ),
    "text of 65": (
        (b"x" * 64 + b"\n",),
        "fin",
        "",
        ("session-not-frames 0-64 text follows the 101, where only frames may come",),
    ),
    "a body": (
        (b"hello",),
        "fin",
        "Content-Length: 5\r\n",
        ("body-on-101 0-5 a body follows the 101, where only frames may come",),
    ),
    "a line end": (
        (b"\r\n",),
        "fin",
        "",
        ("session-not-frames 0-2 a line end follows the 101, where only frames may come",),
    ),
    "a line feed that may be a frame": (
        (b"\n\x02hi",),
        "fin",
        "",
        ("control-fragmented 0-2 a Pong frame without FIN",),
    ),
    "HTTP": (
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        "fin",
        "",
        ("session-not-frames 0-24 HTTP follows the 101, where only frames may come: HTTP/1.1 400 Bad Request",),
    ),
    "HTTP behind a frame": (
        (HI, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "fin",
        "",
        ("session-not-frames 4-28 HTTP follows the 101, where only frames may come: HTTP/1.1 400 Bad Request",),
    ),
}


@every(CASES)
def test_what_is_found(of):
    pieces, how, extra, expected = of
    assert told(case(pieces, how, extra)) == list(expected)


REGISTERED = {1000, 1001, 1002, 1003, *range(1007, 1012)}
"""By RFC 6455, without the codes that are never sent."""


@every((0, 999, *range(1000, 1020), 2999, 3000, 4999, 5000, 65535))
def test_codes(code):
    found = [said.split()[0] for said in told(case(closes(code), "fin"))]
    if code in REGISTERED or 3000 <= code < 5000:
        assert found == []
    elif code in (1012, 1013, 1014):
        assert found == ["close-code-later"]
    elif code in (1005, 1006, 1015):
        assert found == ["close-code-reserved"]
    elif 1000 <= code < 3000:
        assert found == ["close-code-unregistered"]
    else:
        assert found == ["close-code-range"]


FULL = LARGE * 30
"""Compressed messages that inflate to more than is inflated of a session."""


@every(
    {
        "only such messages": ((LARGE * 10,), ()),
        "a continuation": ((LARGE + b"\x80\0" + LARGE,), ("continuation-unexpected",)),
        "a message that interrupts another": ((b"\x01\x01a" + LARGE,), ("message-interrupted",)),
        "text that is not UTF-8": ((b"\x81\x01\xff" + LARGE,), ("text-not-utf8",)),
        "a message without an end": ((b"\x01\x01a", b"\x89\0"), ("message-unfinished",)),
    }
)
def test_behind_messages_that_are_not_inflated_faults_are_found(each):
    pieces, ids = each
    found = told(case((FULL, *pieces, CLOSE, OURS), "fin", DEFLATE))
    assert tuple(said.split()[0] for said in found) == ids


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
