"""The state of a session that is held: who closes, when, and what is counted.

``python -m tests.talk.test_session`` writes anew what comes of the cases of sessions.txt."""

import json
import re
from itertools import groupby
from pathlib import Path

from msgspec.structs import replace

from tests.cases import every, same
from tests.pieces import act, cases, octets, rewrite
from tests.session.test_conversations import OPCODES, STRICT, Awaits
from tests.session.test_conversations import shown as frame_shown
from wsprobe.exchange import SECOND, Plan, Target
from wsprobe.read.frames import CLOSE, TEXT, read_frames
from wsprobe.search import Search
from wsprobe.show.lines import Look, text_of
from wsprobe.show.talk import ended
from wsprobe.talk.codec import Reader, Writer
from wsprobe.talk.output import JsonOutput
from wsprobe.talk.session import Outgoing, Rules, TalkSession
from wsprobe.text import legible
from wsprobe.wire.framing import Control, FrameFault
from wsprobe.wire.rfc6455 import frame

FILE = Path(__file__).parent / "sessions.txt"
PLAN = Plan(Target("ws://h/", False, "h", 80, "/"), STRICT)
NUMBERS = {name: number for number, name in OPCODES.items()}


def held(acts=(), most=1000, awaited=None, **rules):
    reader = Reader(max_message=most)
    return TalkSession(replace(PLAN, acts=acts), reader, Writer(), Rules(**rules), 0, awaited)


def told(data):
    """(opcode, payload) of the frames that we sent."""
    return [(each.opcode, each.data) for each in read_frames(data, 0, lambda _: 0)[0]]


def theirs(opcode, data=b""):
    return frame(opcode, data, None)


def of_kind(name):
    def made(code="", data="''"):
        if not code.isdecimal():
            code, data = "", code or data
        return theirs(NUMBERS[name], int(code or 0).to_bytes(2)[: 2 * bool(code)] + octets(data))

    return made


WORDS = {name: of_kind(name) for name in NUMBERS}


def rules_of(written):
    """The session of ``eof=keep; open text 'hi'; match='done'``."""
    acts, rules = [], {}
    for each in filter(None, written.split("; ")):
        name, equals, value = each.partition("=")
        if not equals:
            acts.append(act(each))
        elif name == "awaited":
            rules[name] = Awaits([octets(value)])
        elif name == "match":
            rules[name] = Search(re.compile(octets(value)))
        elif name == "answers":
            rules[name] = dict([tuple(map(octets, value.split(" -> ")))])
        else:
            rules[name] = value if name == "eof" else json.loads(value)
    return held(tuple(acts), **rules)


def done(session, step, at):
    """Do one step; what is sent for it."""
    what, _, given = step.removeprefix(">").rstrip(")").partition("(")
    match what:
        case "over":
            return session.input_over(at)
        case "clock":
            return session.timer(at)
        case "blocked":
            session.touch(at)
        case "congested":
            session.congested = True
        case "await":
            session.wait_for(octets(given))
        case "close" if step.startswith(">"):
            code, _, reason = given.partition(",")
            return session.say(Outgoing("close", (octets(reason or "''"),), int(code) if code else None), at)
        case _ if step.startswith(">"):
            return session.say(Outgoing(what, (octets(given),)), at)
        case _:
            times, _, piece = step.rpartition("x ")
            data = octets(piece, WORDS)
            return b"".join(session.receive(data, at) for _ in range(int(times or 1)))
    return b""


def steps_of(written):
    """(microseconds, step) of ``@1 text('a') >close(1000) @5..7 clock``, which is at 5, 6 and 7 s."""
    for times, what in re.findall(r"@(\S+) (.*?)(?= @|$)", written):
        first, _, last = times.partition("..")
        for second in range(int(last or float(first)) - int(float(first)) + 1):
            for step in re.findall(r"(?:\d+x )?\S+", what):
                yield round(float(first) * SECOND) + second * SECOND, step


def counted(words):
    alike = [(each, len(list(same))) for each, same in groupby(words)]
    return ", ".join(f"{times}x {each}" if times > 1 else each for each, times in alike)


def heard(each):
    if isinstance(each, FrameFault):
        return f"fault {each.code}"
    text = f'"{legible(each.data)}"' if len(each.data) < 20 else f"{len(each.data)} bytes"
    return f"{each.what} {text}" if isinstance(each, Control) else text


def stands(session):
    """How it stands, in words."""
    yield session.phase.name.lower()
    yield "no limit" if session.wake_at is None else f"until {session.wake_at / SECOND:.15g}"
    yield f"the {session.closed_first} first" if session.closed_first else ""
    yield f"unmet: {session.unmet}" if session.unmet else "met"
    yield f"{session.stop}: {session.why}" if session.stop != "local" else ""
    yield f"round trip {session.totals.round_trip / SECOND:g}" if session.totals.round_trip else ""


def means(rules, written):
    """What is sent at once; for each step, what is sent < what is heard (what changes of how it stands)."""
    session = rules_of(rules)
    lines, before = [], ["open", "no limit", "", "met", "", ""]
    for at, step in [(0, ""), *steps_of(written)]:
        sent = done(session, step, at) if step else session.begin()
        words = [counted(frame_shown(each) for each in read_frames(sent, 0, lambda _: 0)[0])]
        words.append(f"< {counted(map(heard, session.heard))}" if session.heard else "")
        session.heard = []
        after = list(stands(session))
        changed = ", ".join(new for new, old in zip(after, before, strict=True) if new != old)
        before = after
        lines.append(" ".join(filter(None, [*words, changed and f"({changed})"])) or "-")
    return [" / ".join(lines)]


@every(cases(FILE))
def test_a_session(case):
    given, expected = case
    same(means(*given), expected)


def test_a_slow_pattern_ends_it():
    search = Search(re.compile(rb"(a+)+b"), 0.05)
    session = held(match=search)
    flood = theirs(TEXT, b"a" * 40) * 1000
    assert told(session.receive(flood, 1)) == [(CLOSE, b"\x03\xe8")]  # in years, without a limit
    assert (session.unmet, session.totals.messages_received) == ("--match: " + search.slow, 1)


def test_messages_that_are_each_a_little_slow_end_it():
    session = held(match=Search(re.compile(rb"(a+)+b"), 0.5))  # some thousand times what one takes
    sent = session.receive(theirs(TEXT, b"a" * 14) * 20_000, 1)
    assert told(sent) == [(CLOSE, b"\x03\xe8")]
    assert 1 < session.totals.messages_received < 20_000


BYE, OURS = theirs(CLOSE, b"\x0f\xa0bye"), Outgoing("close", (b"ours",), 4001)
ENDS = {
    "without a Close": (
        None,
        b"",
        "the connection ended without a Close",
        1006,
        "",
        [None, "", 0, None, False],
    ),
    "with theirs": (None, BYE, 'the server closed: 4000 "bye"', 4000, "bye", [4000, "bye", 5, "server", True]),
    "without a code": (
        None,
        theirs(CLOSE),
        "the server closed: no code",
        1005,
        "",
        [None, "", 0, "server", True],
    ),
    "with ours": (
        OURS,
        b"",
        "wsprobe closed, and the server did not answer",
        1006,
        "",
        [4001, "ours", 6, "client", False],
    ),
    "with both": (
        OURS,
        BYE,
        'wsprobe closed, the server answered: 4000 "bye"',
        4000,
        "bye",
        [4000, "bye", 5, "client", True],
    ),
    "with a fault": (None, b"\xf1\x00", "failed with 1002: ", 1006, "", None),
}
"""What we say, what comes; how that is told, with the code and the reason of a page; and to a program."""


@every(ENDS)
def test_how_it_ended(case):
    said, received, who, code, reason, values = case
    session = held()
    if said is not None:
        session.say(said)
    session.receive(received, 1)
    clean = code != 1006
    event = f'event {"" if clean else "error, then event "}close, code {code}, reason "{reason}", wasClean '
    words, page = [text_of(each) for each in ended(session, Look())]
    assert words.startswith(who)
    assert page == f"in a page: {event}{str(clean).lower()}"
    closed = json.loads(JsonOutput().closed(session, "fin", 1_234_500))
    assert (closed["event"], closed["at"], closed["how"]) == ("close", 1234.5, "fin")
    assert (closed["by"], closed["clean"]) == tuple(values[3:] if values else ("client", False))
    assert values in (None, [closed[name] for name in ("code", "reason", "size", "by", "clean")])


class Failing(Reader):
    """Finds a fault in whatever comes."""

    def __init__(self, text):
        super().__init__()
        self._text = text

    def receive(self, data):
        return [FrameFault(1002, self._text)]


if __name__ == "__main__":
    rewrite(FILE, means)
