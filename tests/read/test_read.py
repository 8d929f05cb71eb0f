"""read(): everything that is in a recording, whatever is in it.

``python -m tests.read.test_read`` writes anew what the readings of readings.txt have."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import EXAMPLES, every, same
from tests.pieces import cases, members, pieces, rewrite, shown
from wsprobe.exchange import Ended, Exchange, Limits, Plan, Received, Sent, Target
from wsprobe.read import read
from wsprobe.read.head import LINES_MAX
from wsprobe.read.reading import INTERIM_MAX

FILE = Path(__file__).parent / "readings.txt"
REQUEST = (
    b"GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PLAN = Plan(Target("ws://example.org/chat", False, "example.org", 80, "/chat"), REQUEST)
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
SESSION = UPGRADE + b"\x81\x02hi\x88\x02\x03\xe8\x81"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!more"


def exchange(*pieces, how="fin", plan=PLAN):
    """*pieces* received 10 microseconds apart from 100 on."""
    events = [Sent(50, plan.request)]
    events += [Received(100 + 10 * i, piece) for i, piece in enumerate(pieces)]
    return Exchange(plan, (*events, Ended(9_999, how)))


def accounted(reading):
    """Every byte that the reading holds, in order."""
    held = b""
    for response in reading.responses:
        held += response.head.raw + (response.body.raw if response.body else b"")
    if reading.session is not None:
        held += b"".join(f.header + f.payload for f in reading.session.frames) + reading.session.rest
    return held + reading.rest


WORDS = {
    "request": REQUEST,
    "upgrade": UPGRADE,
    "no": b"HTTP/1.1 403 No\r\n",
    "crlf": b"\r\n",
    "chunked": b"Transfer-Encoding: chunked\r\n",
    "status": lambda status: f"HTTP/1.1 {status} x\r\n".encode(),
    "length": lambda value: f"Content-Length: {value}\r\n".encode(),
}
BODY = (
    "framing expected complete cut cut_by problem malformed content decoded coding coding_fault coding_problem"
)


def lines(of):
    for each in of.responses:
        said = [f"{each.status} {each.reason.decode()}", "" if each.head.complete else "without its end"]
        if each.body is not None:
            said += [members(each.body, BODY)]
            said += [f"raw {shown(each.body.raw)}"] * (each.body.raw != each.body.content)
        if each is of.responses[-1]:
            no = of.opinion is not None and not of.opinion.accepts
            said += [members(of, "looks_like rest"), f"h11: {of.opinion.message}" if no else ""]
        yield ", ".join(filter(None, said))
    if of.session is not None:
        yield f"session from {of.session.start}, rest {shown(of.session.rest)}"
        for frame in of.session.frames:
            assert of.when(frame.span[1] - 1) == frame.at
            yield f"opcode {frame.opcode} {shown(frame.data)} at {frame.at}"


def means(written, how):
    reads = pieces(written, WORDS)
    request = reads.pop(0).data if isinstance(reads[0], Sent) else REQUEST
    of = read(exchange(*reads, how=how, plan=replace(PLAN, request=request, limits=Limits(max_body=1000))))
    assert accounted(of) == of.received
    assert (of.request.head.raw, of.session and of.looks_like) == (request, of.session and "")
    asked = members(of.request, "method resource version key protocols extensions")
    return [*lines(of), *[f"request: {asked}".rstrip()] * (written[0] == ">")]


@every(cases(FILE))
def test_what_a_reading_has(of):
    given_, expected = of
    same(means(*given_), expected)


def test_interim_answers_beyond_a_limit_stay_bytes():
    one = b"HTTP/1.1 100 x\r\n\r\n"
    reading = read(exchange(one * (INTERIM_MAX + 5)))
    assert len(reading.responses) == INTERIM_MAX + 1
    assert (reading.final, reading.rest) == (None, one * 4)
    assert accounted(reading) == reading.received


def test_lines_of_interim_answers_beyond_a_limit_stay_bytes():
    one = b"HTTP/1.1 103 x\r\n" + b"a: b\r\n" * (LINES_MAX // 2) + b"\r\n"
    reading = read(exchange(one * 5))
    assert len(reading.responses) == 2
    assert (reading.final, reading.rest) == (None, one * 3)
    assert accounted(reading) == reading.received
    assert reading.opinion is None


def test_a_large_head_does_not_depend_on_how_tcp_cut_it():
    data = b"HTTP/1.1 403 x\r\n" + b"X: " + b"y" * 300_000 + b"\r\nContent-Length: 0\r\n\r\n"
    pieces = [data[at : at + 1460] for at in range(0, len(data), 1460)]
    assert read(exchange(*pieces)).opinion == read(exchange(data)).opinion
    assert read(exchange(data)).responses[0].status == 403


PIECES = (
    b"HTTP/1.1 |HTTP/1.1 101 x\r\n|HTTP/1.1 100 x\r\n|HTTP/1.1 403 x\r\n|101|\r\n|\n|\r\n\r\n|A: b\r\n|"
    b" fold\r\n|Content-Length: 3\r\n|Transfer-Encoding: chunked\r\n|Content-Encoding: gzip\r\n|"
    b"2\r\nab\r\n0\r\n\r\n|\x81\x02hi|\x88\x80abcd|\x82\x7f|\x00"
).split(b"|")
wire = st.lists(st.sampled_from(PIECES) | st.binary(max_size=5), max_size=14).map(b"".join)
hows = st.sampled_from(["fin", "reset", "timeout", "local", "truncated"])


@settings(max_examples=5 * EXAMPLES)
@given(wire, wire, hows, st.sampled_from(["hybi-13", "hybi-08", "no such wire"]))
def test_any_bytes_are_read_and_none_is_lost(data, more, how, wire):
    plan = replace(PLAN, wire=wire)
    made = exchange(data, how=how, plan=plan)
    reading = read(replace(made, events=(*made.events[:-1], Sent(200, more), made.events[-1])))
    assert reading.received == data
    assert accounted(reading) == data
    assert reading.sent == REQUEST + more
    if reading.session is not None:
        assert (REQUEST + more).startswith(
            REQUEST + b"".join(f.header + f.payload for f in reading.session.sent)
        )


def without_times(reading):
    session = reading.session
    if session is not None:
        session = replace(session, frames=tuple(replace(f, at=0) for f in session.frames))
    return replace(reading, session=session, exchange=exchange())


@settings(max_examples=3 * EXAMPLES)
@given(wire, hows, st.lists(st.integers(1, 30), max_size=6))
def test_how_the_bytes_were_cut_does_not_matter(data, how, sizes):
    whole = without_times(read(exchange(data, how=how)))
    bytewise = [data[i : i + 1] for i in range(len(data))]
    odd, at = [], 0
    for size in (*sizes, len(data)):
        odd.append(data[at : at + size])
        at += size
    assert without_times(read(exchange(*bytewise, how=how))) == whole
    assert without_times(read(exchange(*odd, how=how))) == whole


@given(wire)
def test_any_bytes_sent_are_read(data):
    reading = read(exchange(UPGRADE, plan=replace(PLAN, request=data)))
    assert reading.request.head.raw + reading.request.rest == data
    assert reading.sent == data


HOSTILE = {
    "fields": lambda: b"HTTP/1.1 200 x\r\n" + b"a: b\r\n" * 300_000,
    "folds": lambda: b"HTTP/1.1 200 x\r\na: b\r\n" + b" c\r\n" * 300_000 + b"\r\n",
    "empty lines": lambda: b"\r\n" * 1_000_000,
    "interim answers": lambda: b"HTTP/1.1 100 x\r\n\r\n" * 20_000,
    "empty frames": lambda: UPGRADE + b"\x81\x00" * 2_000_000,
    "a frame without end": lambda: UPGRADE + b"\x82\x7f\x7f" + b"\xff" * 1_000_000,
    "small chunks": lambda: b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000,
    "a chunk line": lambda: b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 1_000_000,
    "noise": lambda: bytes(range(256)) * 8000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_are_read_whole(name):
    data = HOSTILE[name]()
    pieces = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    reading = read(exchange(*pieces))
    assert reading.received == data


if __name__ == "__main__":
    rewrite(FILE, means)
