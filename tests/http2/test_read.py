"""HTTP/2 read from recorded bytes: nothing raises, nothing is lost, and every part of it is found.

``python -m tests.http2.test_read`` writes anew what the readings of readings.txt have."""

import itertools
from pathlib import Path

from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hpack import Encoder
from hyperframe.frame import FRAMES as HYPERFRAMES
from hyperframe.frame import Frame
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cases import every
from tests.http2.lines import STREAM, planned, recorded
from tests.http2.words import ASKED, ON, OPENING, answer, block, pieces, recording
from tests.pieces import cases, members, rewrite, shown
from wsprobe.exchange import Connected, Ended, Exchange, Limits, Received, Sent, TlsDone
from wsprobe.read import read
from wsprobe.read.http2 import (
    FIELDS_MAX,
    FRAMES_MAX,
    BlockDecoder,
    _plain,
    content_start,
    integer,
    is_http2,
    read_http2,
    representations,
    spoken,
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
from wsprobe.read.reading import INTERIM_MAX
from wsprobe.read.request import request_fields
from wsprobe.recording.archive import dump, load
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings

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
    assert means(*given_) == expected


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


def test_settings_in_order_and_the_last_of_each():
    of = reading(settings([(8, 1), (8, 0)]), settings([(8, 1), (0x99, 7)]))
    assert of.http2.settings == ((8, 1), (8, 0), (8, 1), (0x99, 7))
    assert of.http2.setting(8) == 1
    assert of.http2.setting(4) is None


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
    assert (setting_name(0), setting_name(7), error_name(14)) == ("0x0", "0x7", "0xe")


def test_the_numbers_of_the_extensions():
    """RFC 8336 section 2.1, RFC 9218 sections 2.1 and 7.1: hyperframe and h2 do not have them."""
    assert (TYPES[12], TYPES[16], setting_name(9)) == ("ORIGIN", "PRIORITY_UPDATE", "NO_RFC7540_PRIORITIES")


INTEGERS = {
    "none": (b"", 0, 7, (0, 0)),
    "past the end": (b"\1", 1, 7, (0, 1)),
    "the largest in 5 bits": (b"\xfe", 0, 5, (30, 1)),
    "31": (b"\x1f\0?", 0, 5, (31, 2)),
    "1337": (b"\x1f\x9a\x0a?", 0, 5, (1337, 3)),
    "127 more": (b"?\x7f\x7f?", 1, 7, (254, 3)),
    "three bytes": (b"\x7f\x80\x80\x01?", 0, 7, (127 + (1 << 14), 4)),
    "cut": (b"\x7f\x80", 0, 7, (127, 2)),
    "cut at once": (b"\x7f", 0, 7, (127, 1)),
}


@every(INTEGERS)
def test_integers_of_hpack(of):
    written, at, bits, expected = of
    assert integer(written, at, bits) == expected


def test_a_number_without_end_is_as_long_as_its_bytes():
    assert integer(b"\x7f" + b"\xff" * 20_000, 0, 7) == (1 << 62, 20_001)


REPRESENTATIONS = {
    "indexed": (b"\x82", b"\xff\x00"),
    "literal, with a name": (b"\x40\x01a\x01b", b"\x00\x01a\x01b", b"\x10\x01a\x01b"),
    "literal, its name indexed": (b"\x42\x01b", b"\x02\x01b", b"\x1f\x00\x01b", b"\x7f\x00\x01b"),
    "the size of the table": (b"\x20", b"\x3f\x00"),
    "Huffman": (b"\x42\x82ab",),
}


@every(REPRESENTATIONS)
def test_where_a_field_begins_and_ends(pieces):
    for piece in pieces:
        assert list(representations(piece + b"\x82")) == [(0, len(piece)), (len(piece), len(piece) + 1)], piece
        for cut in range(1, len(piece)):
            assert list(representations(piece[:cut])) == [(0, cut)], piece[:cut]


def test_a_table_is_as_large_as_we_announced():
    for table, most in ((0, 4096), (4095, 4096), (8192, 8192)):
        for size, good in ((most, True), (most + 1, False)):
            written = bytes((0x3F, *_rest(size - 31)))
            assert (BlockDecoder(1000, table).decode(written)[1] == "") == good, (table, size)


def _rest(number):
    return (number,) if number < 128 else (number & 0x7F | 0x80, *_rest(number >> 7))


def test_what_may_be_a_first_frame():
    yes = (b"", b"\0", b"\0\0\0\4\0\0\0\0", b"\0\x40\0\4\0\0\0\0\0", b"\0\0\0\x20\0\0\0\0\0")
    no = (b"\1", b"H", b"\0\x40\1\4\0\0\0\0\0", b"\0\0\0\x21\0\0\0\0\0")
    assert [is_http2(received) for received in (*yes, *no)] == [True] * len(yes) + [False] * len(no)


SPOKEN = {
    "the preface": ((Sent(1, PREFACE + settings([])),), True),
    "a part of it": ((Sent(1, PREFACE[:3]),), True),
    "a request": ((Sent(1, b"GET / HTTP/1.1\r\n"),), False),
    "almost the preface": ((Sent(1, PREFACE[:-1] + b"\r"),), False),
    "nothing": ((), True),
    "nothing, h2": ((TlsDone(1, "TLS 1.3", "", "h2", None, True),), True),
    "nothing, http/1.1": ((TlsDone(1, "TLS 1.3", "", "http/1.1", None, True),), False),
    "nothing, no ALPN": ((TlsDone(1, "TLS 1.3", "", None, None, True),), False),
    "nothing and then the preface": ((Sent(1, b""), Sent(2, PREFACE)), True),
    "nothing and then a request": ((Sent(1, b""), Sent(2, b"GET")), False),
}


@every(SPOKEN)
def test_whether_it_was_spoken(of):
    events, expected = of
    assert spoken(Exchange(PLAN, (*events, Ended(9, "fin")))) == expected


def test_whether_it_would_have_been_spoken_in_clear():
    for secure, prior in itertools.product((True, False), (True, False)):
        target, how = replace(PLAN.target, secure=secure), replace(PLAN.http2, prior_knowledge=prior)
        exchange = Exchange(replace(PLAN, target=target, http2=how), (Ended(9, "fin"),))
        assert spoken(exchange) == (secure or prior)


def test_a_stream_that_is_asked_for():
    """Of several requests the last is meant; an earlier one, or one that was not made, if it is named."""
    encoder = Encoder()
    asked = b"".join(headers(number, coded(encoder, PLAN.http2.fields)) for number in (1, 3, 5))
    found = [read_http2(exchange(ON, asked=asked), stream).http2 for stream in (None, 1, 3, 5, 7)]
    assert [(of.stream, of.earlier, of.request and of.request.stream) for of in found if of] == [
        (5, (1, 3), 5),
        (1, (), 1),
        (3, (1,), 3),
        (5, (1, 3), 5),
        (7, (), None),
    ]
    unasked = Exchange(replace(PLAN, http2=replace(PLAN.http2, stream=3)), (Sent(1, OPENING), Ended(2, "fin")))
    connection = read_http2(unasked).http2
    assert connection.stream == 3


def test_how_many_interim_answers_are_read():
    encoder = Encoder()
    interim = headers(STREAM, block((b":status", b"103"), encoder=encoder))
    for number, final in ((INTERIM_MAX, 403), (INTERIM_MAX + 1, None)):
        of = reading(ON, interim * number, headers(STREAM, block((b":status", b"403"), encoder=Encoder())))
        assert (of.final and of.final.status, len(of.responses)) == (final, INTERIM_MAX + 1)


def test_how_many_frames_are_told_apart():
    for number, rest in ((FRAMES_MAX - 1, b""), (FRAMES_MAX, frame(PING, 0, 0, bytes(8)))):
        of = reading(ON, frame(PING, 0, 0, bytes(8)) * number)
        assert (len(list(of.http2.of("server"))), of.rest) == (FRAMES_MAX, rest)


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


def test_a_field_counts_for_32_bytes_more_than_it_has():
    one, another = ((name, b"xx") for name in (b"a", b"b"))
    coded = block(one, another)
    size = 2 * (1 + 2 + 32)
    for room, problem in ((size, ""), (size - 1, f"more than {size - 1} bytes of fields")):
        fields, said = BlockDecoder(room, 0).decode(coded)
        assert ([field[:2] for field in fields[:1]], said) == ([one], problem)


def test_what_was_planned_stands_in_for_what_was_not_sent():
    unsent = Exchange(PLAN, (Connected(5, "127.0.0.1", 8001), Ended(9, "reset")))
    assert request_fields(read(unsent)) == PLAN.http2.fields
    assert request_fields(read(replace(unsent, plan=replace(PLAN, http2=None)))) == ()
    assert request_fields(reading(ON)) == PLAN.http2.fields


def test_asked_nothing():
    """Without ENABLE_CONNECT_PROTOCOL no request is sent; what would have been asked is in the plan."""
    of = read(exchange(settings([(3, 100)]), asked=b""))
    assert (of.http2.request, of.http2.end, of.http2.stream) == (None, None, 1)
    assert of.request.resource == b"/s/on"


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
