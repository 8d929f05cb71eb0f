"""HTTP/2 read from recorded bytes: nothing raises, nothing is lost, and every part of it is found.

``python -m tests.http2.test_read`` writes anew what the readings of readings.txt have."""

from pathlib import Path

from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import FRAMES as HYPERFRAMES
from hyperframe.frame import Frame
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import every, same
from tests.http2.lines import STREAM, planned, recorded
from tests.http2.words import ASKED, ON, OPENING, answer, block, pieces, recording
from tests.pieces import cases, members, rewrite, shown
from wsprobe.exchange import Connected, Ended, Exchange, Limits, Received, Sent
from wsprobe.read import read
from wsprobe.read.http2 import (
    FIELDS_MAX,
    _plain,
    content_start,
    representations,
)
from wsprobe.read.http2_opinion import FRAMES, opinion
from wsprobe.read.http2_values import (
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    TYPES,
    Http2Frame,
    error_name,
    setting_name,
)
from wsprobe.recording.archive import dump, load
from wsprobe.wire.http2 import data, frame, goaway, headers, rst_stream, settings

PLAN = planned()
FILE = Path(__file__).parent / "readings.txt"


def exchange(*pieces, how="local", asked=ASKED):
    events = [Connected(5, "127.0.0.1", 8001), Sent(10, OPENING + asked)]
    events += [Received(100 * (number + 1), piece) for number, piece in enumerate(pieces) if piece]
    return Exchange(PLAN, (*events, Ended(100_000, how)))


def reading(*pieces, how="local"):
    return read(exchange(*pieces, how=how))


def whole(of):
    return b"".join(each.header + each.payload for each in of.http2.of("server")) + of.rest


def listed(block):
    return " ".join(f"{field.name.decode()}={shown(field.value)}" for field in block.fields)


def frames_of(of):
    for each in list(of.http2.of("server"))[1:]:
        (*_, cut) = reading(ON, (each.header + each.payload)[:-1]).http2.of("server")
        more = (
            members(each, "length end_stream ack settings last_stream code increment debug problem"),
            f"content {content_start(each) - each.start}: {shown(each.content)}" * bool(each.content),
            f"cut {shown(cut.content)}" * bool(cut.content),
            "plain" * _plain(each.header, each.payload),
        )
        yield f"{' '.join((each.name, str(each.stream), *each.flag_names))}: {', '.join(filter(None, more))}"


def answers_of(of):
    for each in of.responses:
        body = ""
        if each.body is not None:
            assert each.body.raw.startswith(each.body.content)
            names = "framing raw expected complete cut cut_by problem malformed decoded coding"
            body = f"; body: {members(each.body, names)}, {len(each.body.content)} bytes of content"
        yield f"{each.status} {listed(each.head)}".rstrip() + body
    if of.session is not None:
        yield f"  session from {of.when(of.session.start)}"
        for each in of.session.frames:
            assert of.received[each.start] == each.header[0]
            yield f"  opcode {each.opcode} {shown(each.data)} at {each.at}"
    if of.http2.trailers is not None:
        yield f"trailers {listed(of.http2.trailers)}"
    yield f"{members(of, 'looks_like rest')}"


def blocks_of(of):
    for each in of.http2.blocks:
        yield f"{listed(each)}: {members(each, 'problem complete decoded cut')}"


def ends_of(of):
    for each in of.http2.ends:
        said = (each.by, each.how, each.name, each.debug and shown(each.debug), "*" * (each is of.http2.end))
        yield " ".join(filter(None, said))
    yield f"goaways before ours: {len(of.http2.goaways)}" * any(f.type == GOAWAY for f in of.http2.frames)


def h2_of(of):
    yield members(opinion(of), "accepts message")


def means(written, how, what):
    made = recording(pieces(written), how)
    made = replace(made, plan=replace(PLAN, limits=Limits(max_body=64)))
    of = read(made)
    assert whole(of) == of.received
    assert load(dump(made)) == made
    views = {"frames": frames_of, "answers": answers_of, "blocks": blocks_of, "ends": ends_of, "h2": h2_of}
    return [line.rstrip(": ") for line in views[what](of) if line]


@every(cases(FILE))
def test_what_a_reading_has(of):
    given_, expected = of
    same(means(*given_), expected)


frames = st.builds(
    frame, st.integers(0, 12), st.integers(0, 255), st.sampled_from((0, 1, 2, 3, 2**31)), st.binary(max_size=40)
)
good = st.sampled_from(
    (
        ON,
        answer(b"200"),
        answer(b"103"),
        answer(b"403", (b"content-length", b"3")),
        data(1, b"\x81\x02hi", pad=3),
        data(1, b"\x88\x02\x03\xe8", end_stream=True),
        rst_stream(1, 13),
        goaway(0, 1, b"why"),
    )
)


@given(st.lists(st.one_of(frames, good, st.binary(max_size=30)), max_size=12), st.integers(0, 200))
def test_any_bytes(pieces, cut):
    received = b"".join(pieces)
    of = reading(received[:cut], received[cut:])
    assert of.received == received
    assert whole(of) == received
    sent = read(exchange(asked=received))
    ours = b"".join(each.header + each.payload for each in sent.http2.of("client"))
    assert PREFACE + ours + sent.http2.rest_sent == sent.sent


@given(st.binary(max_size=200))
def test_any_header_block(coded):
    assert [edge for span in representations(coded) for edge in span][-1:] == ([len(coded)] if coded else [])
    of = reading(ON, headers(STREAM, coded, most=7))
    assert b"".join(b.raw for b in of.http2.blocks) == coded
    fields = [field for b in of.http2.blocks for field in b.fields]
    for field in fields:
        for line in field.lines:
            assert of.received[line.start : line.start + len(line.text)] == line.text


def test_flags_by_name():
    """As hyperframe calls them."""
    for type_, theirs in HYPERFRAMES.items():
        names = {flag.bit: flag.name for flag in theirs.defined_flags}
        of = Http2Frame("server", 100, frame(type_, 0xFF, 0), b"", 1, 2)
        assert of.flag_names == tuple(names.get(1 << place, f"0x{1 << place:x}") for place in range(8))


def test_the_numbers_are_those_of_h2_and_hyperframe():
    theirs = {number: frame.__name__.removesuffix("Frame").upper() for number, frame in HYPERFRAMES.items()}
    assert {number: TYPES[number].replace("_", "") for number in theirs} == theirs
    assert [setting_name(code) for code in SettingCodes] == [code.name for code in SettingCodes]
    assert [error_name(code) for code in ErrorCodes] == [code.name for code in ErrorCodes]


def _rest(number):
    return (number,) if number < 128 else (number & 0x7F | 0x80, *_rest(number >> 7))


ASKED_H2 = {
    "frames": (settings([]), *[frame(PING, 0, 0, bytes(8))] * (FRAMES - 1)),
    "bytes": (ON, *[frame(0x42, 0, 1, bytes(16384))] * 15, frame(0x42, 0, 1, bytes(16384 - 12))),
}
BAD = frame(PING, 0, 0, b"1")


@every(ASKED_H2)
def test_as_much_as_h2_is_asked_about(pieces):
    for number, accepts in ((len(pieces) - 1, False), (len(pieces), True)):
        assert opinion(reading(*pieces[:number], BAD)).accepts == accepts


def test_what_a_block_may_cost():
    """A byte can name an entry of the table: many, and long ones, are cut, and the rest is kept as bytes."""
    long = block((b":status", b"200"), (b"a", b"x" * 4000)) + b"\xbe" * 20_000
    many = block((b":status", b"200")) + b"\x82" * (FIELDS_MAX + 1)
    for bomb, words in ((long, "bytes of fields"), (many, "fields")):
        of = reading(ON, headers(STREAM, bomb))
        (answered,) = of.http2.blocks
        assert words in answered.problem
        assert answered.raw == bomb
        assert sum(len(f.name) + len(f.value) for f in answered.fields) < Limits().max_head + 5000


def test_an_observation_becomes_a_reading():
    line = {
        "scenario": "x",
        "settings": {"3": 100, "8": 1},
        "server": [
            [
                ["headers", [[":status", "200"]]],
                ["wait", 0.05],
                ["data-hex", "81026869880203e8"],
                ["read-until-close-frame", 3],
                ["end-stream"],
                ["hold", 1],
            ]
        ],
    }
    of = read(recorded(line))
    assert [each.opcode for each in of.session.frames] == [1, 8]
    assert [each.opcode for each in of.session.sent] == [8]


@given(st.integers(0, 9), st.integers(0, 255), st.sampled_from((0, 1, 2**31)), st.binary(max_size=20))
def test_the_quick_look_at_a_frame_says_what_hyperframe_says(type_, flags, stream, payload):
    made = frame(type_, flags, stream, payload)
    if _plain(made[:9], payload):
        form, length = Frame.parse_frame_header(memoryview(made[:9]))
        form.parse_body(memoryview(payload))  # raises where it has something to say
        assert length == len(payload)
        assert getattr(form, "data", b"") in (payload, b"")


def test_a_limit_of_ours_is_said_of_a_block_that_is_cut():
    long = block((b":status", b"200"), (b"a", b"x" * 4000)) + b"\xbe" * 2000
    asked = replace(exchange(ON, frame(HEADERS, 0, 1, long)), plan=replace(PLAN, limits=Limits(max_head=9000)))
    connection = read(asked).http2
    (found,) = connection.blocks
    assert (found.complete, found.cut, found.problem) == (False, True, "more than 9000 bytes of fields")


if __name__ == "__main__":
    rewrite(FILE, means)
