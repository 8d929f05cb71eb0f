"""Conversations as data: what the peer does at which time, and what is to come of it, however TCP cuts it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.cases import every, named
from tests.exchanges import frame
from wsprobe.exchange import Act, Limits, Plan, Target
from wsprobe.read.frames import read_frames
from wsprobe.read.reading import INTERIM_MAX
from wsprobe.session.conversation import Client
from wsprobe.session.open_session import Phase
from wsprobe.talk.codec import planned

EOF = None
"""In place of bytes: the end of the peer's stream."""

CLOCK = b""
"""In place of bytes: nothing but the time."""

REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def plan(*acts, wire="hybi-13", request=REQUEST, **limits):
    return Plan(Target("ws://h/", False, "h", 80, "/"), request, wire, acts, Limits(**limits))


PLAIN = plan()


@dataclass(frozen=True)
class Conversation:
    name: str
    peer: list[tuple[int, bytes | None]]
    """(microseconds, what came)."""
    phase: Phase
    """At the end."""
    wake_at: int | None = None
    sent: list[tuple[int, bytes]] = field(default_factory=list)
    """(opcode, payload) of every frame that the client sent."""
    plan: Plan = PLAIN
    stop: str = "local"
    why: str = ""
    awaited: tuple[bytes, ...] | None = None
    """Of a client that keeps the rules: the messages that it waits for."""


def close(code=None, reason=b""):
    """A Close as a server sends it."""
    return frame(8, b"" if code is None else code.to_bytes(2, "big") + reason)


MS = 1000
H = b"HTTP/1.1 "
HELD = b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\n"
CHUNKED = H + b"403 No\r\nTransfer-Encoding: chunked\r\n\r\n"
INTERIM = H + b"102 \r\n\r\n"
NORMAL = (CLOSE, b"\x03\xe8")
FULL = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
RIGHT = SWITCHING[:-2] + b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
DEFLATED = RIGHT[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
HELLO = Act("open", "text", b"hello")
ASKED = (TEXT, b"hello")


class Awaits:
    """Waits for these messages."""

    def __init__(self, awaited):
        self._left = set(awaited)

    def heard(self, data):
        self._left.discard(data)
        return not self._left


def strict(name, peer, phase, wake_at=None, sent=None, awaited=(), acts=(), stop="local", why="", **limits):
    """A conversation of a client that keeps the rules, which sends *acts*."""
    its = plan(*acts, request=FULL, **limits)
    return Conversation(name, peer, phase, wake_at, sent or [], its, stop, why, awaited)


def failed(fault, code, reason):
    """What the peer sends with *fault*, and then a Ping; what is sent for that."""
    return [(5, RIGHT + fault + b"\x89\x00")], [(CLOSE, code.to_bytes(2, "big") + reason)]


FAULTS = {
    "a mask": (b"\x81\x82abcdef", 1002, b"the server masked a frame (RFC 6455 section 5.1)"),
    "a reserved opcode": (b"\x83\x00", 1002, b"opcode 0x3 is reserved (RFC 6455 section 5.2)"),
    "a reserved bit": (
        b"\xa1\x00",
        1002,
        b"a frame with reserved bits 010, which no extension uses (5.2)",
    ),
    "a length of 2^63": (
        b"\x82\x7f\x80" + bytes(7),
        1002,
        b"a length whose first bit is set (RFC 6455 section 5.2)",
    ),
    "16 bits for a short length": (
        b"\x81\x7e\x00\x01a",
        1002,
        b"the length 1 in more bytes than it needs (RFC 6455 section 5.2)",
    ),
    "64 bits for a length of 16": (
        b"\x81\x7f" + bytes(6) + b"\x01\x00",
        1002,
        b"the length 256 in more bytes than it needs (RFC 6455 section 5.2)",
    ),
    "a long Ping": (b"\x89\x7e\x00\x80", 1002, b"a control frame of 128 bytes (section 5.5)"),
    "a Ping in fragments": (b"\x09\x00", 1002, b"a control frame in fragments (RFC 6455 section 5.5)"),
    "a stray continuation": (
        b"\x80\x00",
        1002,
        b"a continuation frame without a message (RFC 6455 section 5.4)",
    ),
    "a text that is not UTF-8": (
        b"\x81\x01\xff",
        1007,
        b"a text message that is not UTF-8 (RFC 6455 section 8.1)",
    ),
    "a Close of one byte": (
        b"\x88\x01a",
        1002,
        b"a Close with a payload of one byte (RFC 6455 section 5.5.1)",
    ),
    "a Close with 1006": (
        close(1006),
        1002,
        b"a Close with code 1006, which must not be sent (section 7.4)",
    ),
}
STRICT = [
    *(
        strict(f"fails for {name}", failed(*fault)[0], Phase.CLOSING, 5 + 1000 * MS, failed(*fault)[1])
        for name, fault in FAULTS.items()
    ),
    strict(
        "no session after a wrong accept: nothing is sent",
        [(5, SWITCHING + b"\x89\x01a"), (300 * MS + 5, CLOCK)],
        Phase.DONE,
        acts=(HELLO,),
    ),
    strict("no session, and the server says all", [(5, SWITCHING + close(4403))], Phase.DONE),
    strict(
        "three seconds for the first reply",
        [(5, RIGHT)],
        Phase.OPEN,
        5 + 3000 * MS,
        [ASKED],
        acts=(HELLO,),
        linger=3.0,
        silence=1.0,
    ),
    strict(
        "a second after a reply",
        [(5, RIGHT), (2000 * MS, b"\x81\x01a")],
        Phase.OPEN,
        3000 * MS,
        [ASKED],
        acts=(HELLO,),
        linger=3.0,
        silence=1.0,
    ),
    strict(
        "part of a reply",
        [(5, RIGHT), (2000 * MS, b"\x81\x7e\x01\x00a")],
        Phase.OPEN,
        3000 * MS,
        [ASKED],
        acts=(HELLO,),
        linger=3.0,
        silence=1.0,
    ),
    strict(
        "a Ping is no reply",
        [(5, RIGHT), (2000 * MS, b"\x89\x00")],
        Phase.OPEN,
        5 + 3000 * MS,
        [ASKED, (PONG, b"")],
        acts=(HELLO,),
        linger=3.0,
        silence=1.0,
    ),
    strict(
        "a Pong is the reply to a Ping alone",
        [(5, RIGHT), (2000 * MS, b"\x8a\x01a")],
        Phase.OPEN,
        3000 * MS,
        [(PING, b"a")],
        acts=(Act("open", "ping", b"a"),),
        linger=3.0,
        silence=1.0,
    ),
    strict(
        "a Pong with other data is no reply",
        [(5, RIGHT), (2000 * MS, b"\x8a\x01b")],
        Phase.OPEN,
        5 + 3000 * MS,
        [(PING, b"a")],
        acts=(Act("open", "ping", b"a"),),
        linger=3.0,
        silence=1.0,
    ),
    strict(
        "a Pong is no reply to a message",
        [(5, RIGHT), (2000 * MS, b"\x8a\x01a")],
        Phase.OPEN,
        5 + 3000 * MS,
        [ASKED, (PING, b"a")],
        acts=(HELLO, Act("open", "ping", b"a")),
        linger=3.0,
        silence=1.0,
    ),
    strict(
        "a message beyond our own limit",
        [(5, DEFLATED + b"\xc2\x7e\x07\xd4" + b"\x03\x00" * 1002)],
        Phase.DONE,
        sent=[(CLOSE, b"\x03\xf1")],
        stop="limit",
        why="a message of more than 1000 deflate streams",
    ),
    strict(
        "a message beyond our own limit after our Close",
        [(5, DEFLATED), (300 * MS + 5, CLOCK), (300 * MS + 6, b"\xc2\x7e\x07\xd4" + b"\x03\x00" * 1002)],
        Phase.DONE,
        sent=[NORMAL],
        stop="limit",
        why="a message of more than 1000 deflate streams",
    ),
    strict(
        "replies without end are left in time",
        [(5, RIGHT), *((at * 500 * MS, b"\x81\x00") for at in range(1, 59))],
        Phase.CLOSING,
        31_000 * MS,
        [ASKED, NORMAL],
        acts=(HELLO,),
        linger=3.0,
        silence=1.0,
    ),
    strict("until nearly the end", [(5, RIGHT)], Phase.OPEN, 29_000 * MS, awaited=(b"a",), linger=float("inf")),
    strict(
        "until nearly the end of a short time",
        [(5, RIGHT)],
        Phase.OPEN,
        800 * MS,
        awaited=(b"a",),
        linger=float("inf"),
        max_time=1.0,
    ),
    strict(
        "until the awaited message",
        [(5, RIGHT), (9, b"\x81\x01b"), (11, b"\x81\x01a")],
        Phase.CLOSING,
        11 + 2000 * MS,
        [NORMAL],
        awaited=(b"a",),
        linger=float("inf"),
    ),
    strict(
        "until all awaited messages",
        [(5, RIGHT), (9, b"\x81\x01b")],
        Phase.OPEN,
        5 + 9000 * MS,
        awaited=(b"a", b"b"),
        linger=9.0,
    ),
    strict(
        "the linger ends with the awaited message",
        [(5, RIGHT), (9, b"\x81\x01a")],
        Phase.CLOSING,
        9 + 2000 * MS,
        [NORMAL],
        awaited=(b"a",),
        linger=9.0,
    ),
]

CONVERSATIONS = [
    *STRICT,
    # Heads.
    Conversation("nothing yet", [(5, b"HTTP/1.1 4")], Phase.HEAD),
    Conversation("ends before an answer", [(5, EOF)], Phase.DONE),
    Conversation("ends in the head", [(5, b"HTTP/1.1 403"), (6, EOF)], Phase.DONE),
    Conversation(
        "interim answers", [(5, H + b"100 Continue\r\n\r\n" + H + b"103 Early\r\nA: b\r\n\r\n")], Phase.HEAD
    ),
    Conversation("interim, then final", [(5, H + b"103 E\r\n\r\n" + HELD + b"abc")], Phase.DONE),
    Conversation("interim, then 101", [(5, H + b"103 E\r\n\r\n" + SWITCHING)], Phase.OPEN, 5 + 300 * MS),
    Conversation("bare line feeds", [(5, b"HTTP/1.1 101 x\nA: b\n\n")], Phase.OPEN, 5 + 300 * MS),
    Conversation("empty lines first", [(5, b"\r\n\r\nHTTP/1.1 101 x\r\n\r\n")], Phase.OPEN, 5 + 300 * MS),
    Conversation("stray bytes first", [(5, b"xyzHTTP/1.1 101 x\r\n\r\n")], Phase.OPEN, 5 + 300 * MS),
    Conversation("no version", [(5, b"HTTP 101 x\r\n\r\n")], Phase.OPEN, 5 + 300 * MS),
    Conversation("no field at all", [(5, b"HTTP/1.1 101\r\n\r\n")], Phase.OPEN, 5 + 300 * MS),
    Conversation(
        "head too long",
        [(5, H + b"403 " + b"x" * 60)],
        Phase.DONE,
        plan=plan(max_head=64),
        stop="limit",
        why="64 bytes of heads",
    ),
    Conversation(
        "interim answers without end",
        [(5, (H + b"100 \r\n\r\n") * 5)],
        Phase.DONE,
        plan=plan(max_head=64),
        stop="limit",
        why="64 bytes of heads",
    ),
    Conversation("interim answers, just as many as are read", [(5, INTERIM * INTERIM_MAX)], Phase.HEAD),
    Conversation(
        "more interim answers than are read",
        [(5, INTERIM * (INTERIM_MAX + 1))],
        Phase.DONE,
        stop="limit",
        why="1000 interim answers",
    ),
    # What is not HTTP is given a second.
    Conversation("ssh", [(5, b"SSH-2.0-OpenSSH\r\n")], Phase.HEAD, 5 + 1000 * MS),
    Conversation("ssh, and on", [(5, b"SSH-2.0-OpenSSH\r\n"), (9, b"more\r\n")], Phase.HEAD, 5 + 1000 * MS),
    Conversation("ssh, over", [(5, b"SSH-2.0-OpenSSH\r\n"), (5 + 1000 * MS, CLOCK)], Phase.DONE),
    Conversation("text with an empty line", [(5, b"hello\n\nworld"), (5 + 1000 * MS, CLOCK)], Phase.DONE),
    Conversation("tls alert", [(5, b"\x15\x03\x01\x00\x02\x02\x28")], Phase.HEAD, 5 + 1000 * MS),
    # Bodies.
    Conversation("length", [(5, HELD + b"abc")], Phase.DONE),
    Conversation("length, more than that", [(5, HELD + b"abcdef")], Phase.DONE),
    Conversation("length, part of it", [(5, HELD + b"ab")], Phase.BODY, 5 + 5000 * MS),
    Conversation("length, late", [(5, HELD + b"ab"), (4000 * MS, b"c")], Phase.DONE),
    Conversation("length, never", [(5, HELD + b"ab"), (5 + 5000 * MS, CLOCK)], Phase.DONE, stop="timeout"),
    Conversation("length, cut", [(5, HELD + b"ab"), (6, EOF)], Phase.DONE),
    Conversation("length nought", [(5, H + b"403 No\r\nContent-Length: 0\r\n\r\n")], Phase.DONE),
    Conversation("no content", [(5, H + b"204 No Content\r\n\r\n")], Phase.DONE),
    Conversation("answer to HEAD", [(5, HELD)], Phase.DONE, plan=plan(request=b"HEAD / HTTP/1.1\r\n\r\n")),
    Conversation("chunked", [(5, CHUNKED + b"3\r\nabc\r\n0\r\n\r\n")], Phase.DONE),
    Conversation("chunked, with a trailer", [(5, CHUNKED + b"1;x=y\r\na\r\n0\r\nA: b\r\n\r\n")], Phase.DONE),
    Conversation("chunked, no end", [(5, CHUNKED + b"3\r\nabc\r\n0\r\n")], Phase.BODY, 5 + 5000 * MS),
    Conversation("chunked, broken", [(5, CHUNKED + b"zz\r\nabc")], Phase.BODY, 5 + 5000 * MS),
    Conversation("until the end", [(5, H + b"403 No\r\n\r\nab"), (9, b"c")], Phase.BODY, 9 + 5000 * MS),
    Conversation("until the end, which comes", [(5, H + b"403 No\r\n\r\nab"), (9, EOF)], Phase.DONE),
    Conversation("bad length", [(5, H + b"403 No\r\nContent-Length: -1\r\n\r\nab")], Phase.BODY, 5 + 5000 * MS),
    Conversation(
        "body too long",
        [(5, H + b"403 No\r\n\r\n" + b"x" * 99)],
        Phase.DONE,
        plan=plan(max_body=64),
        stop="limit",
        why="64 bytes of body",
    ),
    Conversation(
        "framing without end",
        [(5, CHUNKED + b"1;" + b"x" * 40_000)],
        Phase.DONE,
        plan=plan(max_body=16),
        stop="limit",
        why="32772 bytes of chunk framing",
    ),
    Conversation(
        "one-byte chunks without end",
        [(5, CHUNKED + b"1\r\nx\r\n" * 7000)],
        Phase.DONE,
        plan=plan(max_body=8000),
        stop="limit",
        why="34768 bytes of chunk framing",
    ),
    Conversation(
        "no body, and no end of it",
        [(5, CHUNKED + b"zz\r\n" * 9000)],
        Phase.DONE,
        plan=plan(max_body=16),
        stop="limit",
        why="16 bytes of body",
    ),
    # Sessions.
    Conversation(
        "linger over", [(5, SWITCHING), (300 * MS + 5, CLOCK)], Phase.CLOSING, 2300 * MS + 5, [NORMAL]
    ),
    Conversation("clock too early", [(5, SWITCHING), (300 * MS + 4, CLOCK)], Phase.OPEN, 300 * MS + 5),
    Conversation(
        "no answer to our Close",
        [(5, SWITCHING), (300 * MS + 5, CLOCK), (2300 * MS + 5, CLOCK)],
        Phase.DONE,
        sent=[NORMAL],
    ),
    Conversation(
        "an answer to our Close",
        [(5, SWITCHING), (300 * MS + 5, CLOCK), (301 * MS, close(1000))],
        Phase.CLOSING,
        1301 * MS,
        [NORMAL],
    ),
    Conversation(
        "both Closes, then the end",
        [(5, SWITCHING), (300 * MS + 5, CLOCK), (301 * MS, close(1000)), (302 * MS, EOF)],
        Phase.DONE,
        sent=[NORMAL],
    ),
    Conversation(
        "both Closes and no end",
        [(5, SWITCHING), (300 * MS + 5, CLOCK), (301 * MS, close(1000)), (1301 * MS, CLOCK)],
        Phase.DONE,
        sent=[NORMAL],
    ),
    Conversation(
        "after the Close",
        [(5, SWITCHING + close(1000)), (9, b"\x81\x01a\x89\x00" + close(1001))],
        Phase.CLOSING,
        5 + 1000 * MS,
        [NORMAL],
    ),
    Conversation("no linger", [(5, SWITCHING)], Phase.CLOSING, 5 + 2000 * MS, [NORMAL], plan(linger=0.0)),
    Conversation("aborted", [(5, SWITCHING), (6, EOF)], Phase.DONE),
    Conversation(
        "closed with a code",
        [(5, SWITCHING + close(4403, b"no"))],
        Phase.CLOSING,
        5 + 1000 * MS,
        [(CLOSE, b"\x11\x33")],
    ),
    Conversation("closed without", [(5, SWITCHING + close())], Phase.CLOSING, 5 + 1000 * MS, [(CLOSE, b"")]),
    Conversation(
        "closed with half a code",
        [(5, SWITCHING + b"\x88\x01\x03")],
        Phase.CLOSING,
        5 + 1000 * MS,
        [(CLOSE, b"\x03\xea")],
    ),
    Conversation(
        "closed with 1005", [(5, SWITCHING + close(1005))], Phase.CLOSING, 5 + 1000 * MS, [(CLOSE, b"\x03\xea")]
    ),
    Conversation(
        "closed with 999", [(5, SWITCHING + close(999))], Phase.CLOSING, 5 + 1000 * MS, [(CLOSE, b"\x03\xea")]
    ),
    Conversation(
        "a masked Close",
        [(5, SWITCHING + b"\x88\x82\x01\x02\x03\x04\x02\xea")],
        Phase.CLOSING,
        5 + 1000 * MS,
        [NORMAL],
    ),
    Conversation(
        "a Close longer than allowed",
        [(5, SWITCHING + b"\x88\x7e\x00\xc8\x03\xe9" + b"x" * 198)],
        Phase.CLOSING,
        5 + 1000 * MS,
        [(CLOSE, b"\x03\xe9")],
    ),
    Conversation(
        "pings",
        [(5, SWITCHING + b"\x89\x00\x89\x02hi")],
        Phase.OPEN,
        5 + 300 * MS,
        [(PONG, b""), (PONG, b"hi")],
    ),
    Conversation(
        "a masked ping",
        [(5, SWITCHING + b"\x89\x81\x20\x00\x00\x00A")],
        Phase.OPEN,
        5 + 300 * MS,
        [(PONG, b"a")],
    ),
    Conversation(
        "a ping longer than allowed",
        [(5, SWITCHING + b"\x89\x7e\x00\x7e" + b"x" * 126)],
        Phase.OPEN,
        5 + 300 * MS,
    ),
    Conversation("a pong", [(5, SWITCHING + b"\x8a\x00")], Phase.OPEN, 5 + 300 * MS),
    Conversation(
        "a ping between our Close and theirs",
        [(5, SWITCHING), (300 * MS + 5, CLOCK), (400 * MS, b"\x89\x01a")],
        Phase.CLOSING,
        2300 * MS + 5,
        [NORMAL, (PONG, b"a")],
    ),
    Conversation(
        "faults of all kinds, then a ping",
        [(5, SWITCHING + b"\x80\x01a" + b"\xf3\x01b" + b"\x8b\x00" + b"\x01\x82\0\0\0\0hi" + b"\x09\x00")],
        Phase.OPEN,
        5 + 300 * MS,
        [(PONG, b"")],
    ),
    Conversation(
        "a frame of 2**60 bytes",
        [(5, SWITCHING + b"\x82\x7f\x10" + bytes(7) + b"x" * 99)],
        Phase.OPEN,
        5 + 300 * MS,
    ),
    Conversation(
        "a session too long",
        [(5, SWITCHING + b"\x82\x32" + b"x" * 50)],
        Phase.DONE,
        plan=plan(max_session=52),
        stop="limit",
        why="52 bytes after the 101",
    ),
    # Acts.
    Conversation(
        "acts at once",
        [(5, SWITCHING)],
        Phase.OPEN,
        5 + 300 * MS,
        [(TEXT, b"hi"), (BINARY, b"\x00\xff"), (PING, b"p")],
        plan(Act("open", "text", b"hi"), Act("open", "binary", b"\x00\xff"), Act("open", "ping", b"p")),
    ),
    Conversation(
        "closing at once",
        [(5, SWITCHING)],
        Phase.CLOSING,
        5 + 2000 * MS,
        [(CLOSE, b"\x0f\xa1bye")],
        plan(
            Act("open", "close", b"bye", 4001), Act("open", "text", b"too late"), Act("time", "text", after=100)
        ),
    ),
    Conversation(
        "acts on the first message",
        [(5, SWITCHING + b"\x01\x01a\x89\x00\x80\x01b\x81\x01c")],
        Phase.OPEN,
        5 + 300 * MS,
        [(PONG, b""), (TEXT, b"1"), (TEXT, b"2")],
        plan(Act("message", "text", b"1"), Act("message", "text", b"2")),
    ),
    Conversation(
        "no message, no act",
        [(5, SWITCHING + b"\x01\x01a")],
        Phase.OPEN,
        5 + 300 * MS,
        [],
        plan(Act("message", "text")),
    ),
    Conversation(
        "closes on the Pong to a Ping of the plan, and on no other",
        [(5, SWITCHING + b"\x8a\x01q"), (9, b"\x8a\x01p")],
        Phase.CLOSING,
        9 + 2000 * MS,
        [(PING, b"p"), NORMAL],
        plan(Act("open", "ping", b"p"), Act("pong", "close", code=1000)),
    ),
    Conversation(
        "acts in time",
        [(5, SWITCHING), (100, CLOCK), (200, CLOCK)],
        Phase.OPEN,
        300,
        [(TEXT, b"1"), (TEXT, b"2")],
        plan(
            Act("time", "text", b"3", after=300),
            Act("time", "text", b"1", after=100),
            Act("time", "text", b"2", after=200),
        ),
    ),
    Conversation(
        "acts that are overdue come in the order of time, and before the linger's end",
        [(5, SWITCHING), (400 * MS, CLOCK)],
        Phase.CLOSING,
        2400 * MS,
        [(TEXT, b"1"), (TEXT, b"2"), NORMAL],
        plan(
            Act("time", "text", b"2", after=200),
            Act("time", "text", b"1", after=100),
            Act("time", "text", b"3", after=400 * MS),
        ),
    ),
    Conversation(
        "no act before the session is open",
        [(500, SWITCHING), (600, CLOCK)],
        Phase.OPEN,
        500 + 300 * MS,
        [],
        plan(Act("time", "text", b"1", after=100), Act("created", "text", b"2")),
    ),
    Conversation(
        "closing in time, without a code",
        [(5, SWITCHING), (100, CLOCK)],
        Phase.CLOSING,
        100 + 2000 * MS,
        [(CLOSE, b"")],
        plan(Act("time", "close", after=100)),
    ),
]

IN_PIECES = {
    "whole": lambda data: iter([data]),
    "byte by byte": lambda data: (data[at : at + 1] for at in range(len(data))),
    "odd pieces": lambda data: (data[at : at + 7] for at in range(0, len(data), 7)),
    "a byte, then the rest": lambda data: iter([data[:1], data[1:]]),
    "all, then the last byte": lambda data: iter([data[:-1], data[-1:]]),
}


def converse(conversation, pieces):
    """Return every turn of it, and all that was sent after the opening handshake."""
    awaited = conversation.awaited
    client = Client(
        conversation.plan, None if awaited is None else planned(Awaits(awaited) if awaited else None)
    )
    assert client.opening == conversation.plan.request
    turns = []
    for at, came in conversation.peer:
        if came is EOF:
            turns.append(client.receive_eof(at))
        elif came == CLOCK:
            turns.append(client.timer(at))
        else:
            for piece in filter(None, pieces(came)):
                turns.append(client.receive(piece, at))
                turns.append(client.timer(at))
                if turns[-1].done:
                    break
        assert client.phase is turns[-1].phase
    return turns, b"".join(turn.send for turn in turns)


@pytest.mark.parametrize("pieces", IN_PIECES.values(), ids=IN_PIECES)
@every(named(CONVERSATIONS, lambda conversation: conversation.name))
def test_a_conversation(conversation, pieces):
    turns, sent = converse(conversation, pieces)
    frames, rest = read_frames(sent, 0, lambda offset: 0)
    assert rest == b""
    assert [(frame.opcode, frame.data) for frame in frames] == conversation.sent
    assert all(frame.masked and frame.fin and frame.rsv == 0 for frame in frames)
    last = turns[-1]
    assert (last.phase, last.wake_at, last.stop, last.why) == (
        conversation.phase,
        conversation.wake_at,
        conversation.stop,
        conversation.why,
    )
    assert [turn.done for turn in turns] == [turn.phase is Phase.DONE for turn in turns]
    order = list(Phase)
    places = [order.index(turn.phase) for turn in turns]
    assert places == sorted(places)


@every(named(CONVERSATIONS, lambda conversation: conversation.name))
def test_how_it_is_cut_changes_nothing_that_is_sent(conversation):
    sent = {converse(conversation, pieces)[1] for pieces in IN_PIECES.values()}
    assert len(sent) == 1


def test_names_are_not_used_twice():
    names = [conversation.name for conversation in CONVERSATIONS]
    assert len(set(names)) == len(names)
