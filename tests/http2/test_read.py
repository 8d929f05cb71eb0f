"""HTTP/2 read from recorded bytes: nothing raises, nothing is lost, and every part of it is found."""

from __future__ import annotations

import pytest
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
from tests.http2.words import ASKED, ON, OPENING, answer, block
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
    CONTINUATION,
    DATA,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    TYPES,
    WINDOW_UPDATE,
    Http2Frame,
    error_name,
    setting_name,
)
from wsprobe.read.reading import INTERIM_MAX
from wsprobe.read.request import request_fields
from wsprobe.recording.archive import dump, load
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings, window_update

PLAN = planned()


def exchange(*pieces, how="local", asked=ASKED):
    events = [Connected(5, "127.0.0.1", 8001), Sent(10, OPENING + asked)]
    events += [Received(100 * (number + 1), piece) for number, piece in enumerate(pieces) if piece]
    return Exchange(PLAN, (*events, Ended(100_000, how)))


def reading(*pieces, how="local"):
    return read(exchange(*pieces, how=how))


END = data(STREAM, b"", end_stream=True)


def whole(of):
    return b"".join(each.header + each.payload for each in of.http2.of("server")) + of.rest


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


def test_a_session_cut_into_single_bytes():
    session = b"\x81\x02hi\x89\x00\x88\x05\x11\x33now"
    of = reading(ON, answer(b"200"), *(data(1, bytes([byte]), pad=byte % 3) for byte in session))
    assert [frame.opcode for frame in of.session.frames] == [1, 9, 8]
    for frame_ in of.session.frames:
        assert of.received[frame_.start] == frame_.header[0]
    assert [frame_.at for frame_ in of.session.frames] == [600, 800, 1500]
    assert of.when(of.session.start) == 300


def test_the_block_as_received():
    fields = (
        (b":status", b"200"),
        (b"X-Upper", b" b "),
        (b"", b"1"),
        (b"connection", b"Upgrade"),
        (b":status", b"201"),
        (b"a", b"\xff\0"),
        (b"a", b""),
    )
    of = reading(ON, headers(STREAM, block(*fields), most=11))
    assert [(field.name, field.value) for field in of.http2.blocks[0].fields] == list(fields)
    assert [field.name for field in of.final.head.fields] == [b"X-Upper", b"", b"connection", b"a", b"a"]
    assert of.final.status == 200


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (b"099", 99),
        (b"20", 20),
        (b"2000", 2000),
        (b"abc", None),
        (b"", None),
        (b"200 OK", None),
        (b"99999", None),
    ],
)
def test_statuses(value, status):
    final = reading(ON, answer(value)).final
    assert final.status == status


def test_interim_answers_and_trailers():
    encoder = Encoder()
    blocks = [
        headers(STREAM, block((b":status", status), encoder=encoder)) for status in (b"103", b"100", b"403")
    ]
    trailers = headers(STREAM, block((b"x-trailer", b"1"), encoder=encoder), end_stream=True)
    of = reading(ON, *blocks, data(1, b"no"), trailers)
    assert [response.status for response in of.responses] == [103, 100, 403]
    assert [field.value for field in of.http2.trailers.fields] == [b"1"]
    assert (of.final.body.content, of.final.body.complete) == (b"no", True)


def test_settings_in_order_and_the_last_of_each():
    of = reading(settings([(8, 1), (8, 0)]), settings([(8, 1), (0x99, 7)]))
    assert of.http2.settings == ((8, 1), (8, 0), (8, 1), (0x99, 7))
    assert of.http2.setting(8) == 1
    assert of.http2.setting(4) is None


ENDS = {
    "end-stream": (data(1, b"", end_stream=True), "local", ("server", "end-stream", "")),
    "rst-stream": (rst_stream(1, 0xD), "local", ("server", "rst-stream", "HTTP_1_1_REQUIRED")),
    "unknown code": (rst_stream(1, 0xFF), "local", ("server", "rst-stream", "0xff")),
    "another stream": (rst_stream(3, 1), "fin", ("server", "connection", "")),
    "goaway": (goaway(0, 0xB, b"calm"), "fin", ("server", "goaway", "ENHANCE_YOUR_CALM")),
    "goaway that takes ours in": (goaway(1, 0), "reset", ("server", "connection", "")),
    "three bytes of rst-stream": (frame(RST_STREAM, 0, 1, b"\0\0\1"), "local", ("client", "connection", "")),
    "cut": (rst_stream(1, 1)[:-1], "fin", ("server", "connection", "")),
}


@pytest.mark.parametrize(("piece", "how", "end"), ENDS.values(), ids=ENDS)
def test_what_ended_the_stream(piece, how, end):
    connection = reading(ON, piece, how=how).http2
    assert (connection.end.by, connection.end.how, connection.end.name) == end


def test_frames_say_what_they_are():
    of = reading(ON, frame(PING, 1, 0, b"12345678"), goaway(1, 2, b"debug"), frame(0x42, 5, 7, b"?"), b"\0\0")
    shown = [(each.name, each.flag_names, each.stream, each.length) for each in of.http2.of("server")]
    assert shown == [
        ("SETTINGS", (), 0, 12),
        ("PING", ("ACK",), 0, 8),
        ("GOAWAY", (), 0, 13),
        ("0x42", ("0x1", "0x4"), 7, 1),
    ]
    assert of.http2.goaways[0].debug == b"debug"
    assert of.rest == b"\0\0"


MALFORMED = [
    frame(RST_STREAM, 0, 0, b"\0\0\0\1"),
    frame(RST_STREAM, 0, 1, b"\0\0\1"),
    frame(SETTINGS, 0, 0, b"12345"),
    frame(SETTINGS, 0, 1),
    frame(PING, 0, 0, b"1"),
    frame(GOAWAY, 0, 0, b"1"),
    frame(DATA, 8, 1, b"\x05ab"),
    frame(DATA, 0, 0, b"x"),
]


@pytest.mark.parametrize("piece", MALFORMED)
def test_a_malformed_frame_is_kept_with_what_is_wrong(piece):
    connection = reading(ON, piece).http2
    last = list(connection.of("server"))[-1]
    assert last.header + last.payload == piece
    assert last.problem
    assert not last.good


def made(type_, payload, flags=0, stream=0):
    return Http2Frame("server", 100, frame(type_, flags, stream, payload)[:9], payload, 1, 2)


GOAWAYS = {0: (None, None), 3: (None, None), 4: (5, None), 7: (5, None), 8: (5, 6), 9: (5, 6)}
"""Bytes that are there of a GOAWAY -> its last stream and its code."""


@every(tuple(GOAWAYS))
def test_how_much_of_a_goaway_it_takes(size):
    of = made(GOAWAY, b"\x80\0\0\5\0\0\0\6?"[:size])
    assert (of.last_stream, of.code) == GOAWAYS[size]
    assert of.debug == b"?"[: max(0, size - 8)]


def test_a_number_takes_four_bytes():
    for size in (0, 3):
        assert made(RST_STREAM, bytes(size)).code is None
        assert made(WINDOW_UPDATE, bytes(size)).increment is None
    assert made(RST_STREAM, b"\xff\0\0\7").code == 0xFF000007
    assert made(WINDOW_UPDATE, b"\xff\0\0\7").increment == 0x7F000007


def test_a_frame_has_what_its_type_has():
    payload = bytes(range(1, 13))
    for type_ in range(12):
        of = made(type_, payload, flags=1)
        assert (of.code is not None) == (type_ in (RST_STREAM, GOAWAY)), type_
        assert (of.last_stream is not None) == (type_ == GOAWAY), type_
        assert (of.increment is not None) == (type_ == WINDOW_UPDATE), type_
        assert of.settings == (((0x0102, 0x03040506), (0x0708, 0x090A0B0C)) if type_ == SETTINGS else ()), type_
        assert of.debug == (payload[8:] if type_ == GOAWAY else b""), type_
        assert of.end_stream == (type_ in (DATA, HEADERS)), type_
        assert of.ack == (type_ in (SETTINGS, PING)), type_
        assert of.span == (100, 100 + 9 + 12)
        assert not made(type_, payload, flags=0xFE).end_stream
        assert not made(type_, payload, flags=0xFE).ack


def test_settings_that_are_cut():
    for size, number in ((5, 0), (6, 1), (11, 1), (12, 2)):
        assert len(made(SETTINGS, bytes(size)).settings) == number


def test_flags_by_name():
    """As hyperframe calls them."""
    for type_, theirs in HYPERFRAMES.items():
        names = {flag.bit: flag.name for flag in theirs.defined_flags}
        shown = made(type_, b"", flags=0xFF).flag_names
        assert shown == tuple(names.get(1 << place, f"0x{1 << place:x}") for place in range(8))


def test_a_stream_has_31_bits():
    assert made(DATA, b"", stream=0xFFFFFFFF).stream == 0x7FFFFFFF
    assert made(0x42, b"", stream=1 << 24).stream == 1 << 24


def test_the_numbers_are_those_of_h2_and_hyperframe():
    theirs = {number: frame.__name__.removesuffix("Frame").upper() for number, frame in HYPERFRAMES.items()}
    assert {number: TYPES[number].replace("_", "") for number in theirs} == theirs
    assert [setting_name(code) for code in SettingCodes] == [code.name for code in SettingCodes]
    assert [error_name(code) for code in ErrorCodes] == [code.name for code in ErrorCodes]
    assert (setting_name(0), setting_name(7), error_name(14)) == ("0x0", "0x7", "0xe")


def test_the_numbers_of_the_extensions():
    """RFC 8336 section 2.1, RFC 9218 sections 2.1 and 7.1: hyperframe and h2 do not have them."""
    assert (TYPES[12], TYPES[16], setting_name(9)) == ("ORIGIN", "PRIORITY_UPDATE", "NO_RFC7540_PRIORITIES")


PLAIN = {
    "DATA": (DATA, 0, 1, 0),
    "DATA, the end": (DATA, 1, 1, 5),
    "HEADERS": (HEADERS, 5, 1, 5),
    "CONTINUATION": (CONTINUATION, 4, 1, 5),
    "RST_STREAM": (RST_STREAM, 0, 1, 4),
    "SETTINGS": (SETTINGS, 0, 0, 12),
    "SETTINGS, the reserved bit set": (SETTINGS, 0, 1 << 31, 0),
    "an ACK": (SETTINGS, 1, 0, 0),
    "PING": (PING, 0, 0, 8),
    "WINDOW_UPDATE": (WINDOW_UPDATE, 0, 0, 4),
    "WINDOW_UPDATE of a stream": (WINDOW_UPDATE, 0xFF, 1, 4),
    "an extension's": (0xA, 8, 0, 3),
}
NOT_PLAIN = {
    "DATA, padded": (DATA, 8, 1, 1),
    "DATA of no stream": (DATA, 0, 0, 1),
    "HEADERS with a priority": (HEADERS, 0x20, 1, 5),
    "HEADERS of no stream": (HEADERS, 4, 1 << 31, 5),
    "RST_STREAM of 3": (RST_STREAM, 0, 1, 3),
    "RST_STREAM of 5": (RST_STREAM, 0, 1, 5),
    "SETTINGS of 5": (SETTINGS, 0, 0, 5),
    "SETTINGS of 7": (SETTINGS, 0, 0, 7),
    "SETTINGS of a stream": (SETTINGS, 0, 1, 6),
    "an ACK with settings": (SETTINGS, 1, 0, 6),
    "PING of 7": (PING, 0, 0, 7),
    "PING of 9": (PING, 0, 0, 9),
    "PING of a stream": (PING, 0, 1, 8),
    "PRIORITY": (PRIORITY, 0, 1, 5),
    "GOAWAY": (GOAWAY, 0, 0, 8),
    "WINDOW_UPDATE of 3": (WINDOW_UPDATE, 0, 0, 3),
    "WINDOW_UPDATE of 5": (WINDOW_UPDATE, 0, 0, 5),
    "PUSH_PROMISE": (PUSH_PROMISE, 4, 1, 4),
}


def test_which_frames_are_plain():
    for cases, plain in ((PLAIN, True), (NOT_PLAIN, False)):
        for name, (type_, flags, stream, size) in cases.items():
            payload = bytes([1] * size)
            assert _plain(frame(type_, flags, stream, payload)[:9], payload) == plain, name
    for increment, plain in ((0, False), (1, True), (2**31 - 1, True), (2**31, False), (2**31 + 1, False)):
        window = window_update(0, increment)
        assert _plain(window[:9], window[9:]) == plain, increment


CONTENTS = {
    "DATA": (frame(DATA, 0, 1, b"abcd"), 9, b"abcd", b"abc"),
    "DATA, padded": (frame(DATA, 8, 1, b"\2abcd\0\0"), 10, b"abcd", b"abcd"),
    "HEADERS": (frame(HEADERS, 4, 1, b"abcd"), 9, b"abcd", b"abc"),
    "HEADERS, padded": (frame(HEADERS, 12, 1, b"\1abcd\0"), 10, b"abcd", b"abcd"),
    "HEADERS with a priority": (frame(HEADERS, 0x24, 1, b"\0\0\0\0\1abcd"), 14, b"abcd", b"abc"),
    "HEADERS with both": (frame(HEADERS, 0x2C, 1, b"\1\0\0\0\0\1abcd\0"), 15, b"abcd", b"abcd"),
    "PUSH_PROMISE": (frame(PUSH_PROMISE, 4, 1, b"\0\0\0\2abcd"), 13, b"abcd", b"abc"),
    "PUSH_PROMISE, padded": (frame(PUSH_PROMISE, 12, 1, b"\1\0\0\0\2abcd\0"), 14, b"abcd", b"abcd"),
    "CONTINUATION": (frame(CONTINUATION, 0xC, 1, b"abcd"), 9, b"abcd", b"abc"),
    "PING": (frame(PING, 8, 0, b"abcdefgh"), 9, b"", b""),
    "SETTINGS": (frame(SETTINGS, 0x20, 0, bytes(6)), 9, b"", b""),
}
"""A frame, where its content begins, the content, and what is there of it without the last byte."""


@every(CONTENTS)
def test_what_a_frame_carries(of):
    written, start, content, begun = of
    for piece, expected in ((written, content), (written[:-1], begun)):
        connection = reading(ON, piece).http2
        last = list(connection.of("server"))[-1]
        assert (content_start(last) - last.start, last.content) == (start, expected)


def test_nothing_of_a_padded_frame():
    connection = reading(ON, frame(DATA, 8, 1, b"\1ab")[:9]).http2
    assert list(connection.of("server"))[-1].content == b""


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


def test_where_the_size_of_the_table_may_stand():
    """RFC 7541 section 4.2: at the beginning of a block, and twice if need be."""
    for written, problem in ((b"\x20\x20\x82", ""), (b"\x82\x20", "not at the start")):
        assert problem in BlockDecoder(1000, 0).decode(written)[1]
        assert bool(BlockDecoder(1000, 0).decode(written)[1]) == bool(problem)


def test_a_table_is_as_large_as_we_announced():
    for table, most in ((0, 4096), (4095, 4096), (8192, 8192)):
        for size, good in ((most, True), (most + 1, False)):
            written = bytes((0x3F, *_rest(size - 31)))
            assert (BlockDecoder(1000, table).decode(written)[1] == "") == good, (table, size)


def _rest(number):
    return (number,) if number < 128 else (number & 0x7F | 0x80, *_rest(number >> 7))


def test_the_words_of_a_library_are_the_same_every_time():
    """hpack names the object that it read from."""
    for written in (b"\xff\xff", b"\xff" + b"\x80" * 12 + b"\x01"):
        _, problem = BlockDecoder(1000, 0).decode(written)
        assert problem in (
            "hpack: Unable to decode HPACK integer representation",
            "hpack: Variable integer representation is too long",
        )
        of = reading(ON, headers(STREAM, written))
        assert "memory" not in opinion(of).message
        assert not opinion(of).accepts


def test_once_lost_the_table_is_lost():
    decoder = BlockDecoder(1000, 0)
    assert decoder.decode(b"\xff\xff")[1].startswith("hpack: ")
    assert decoder.decode(b"\x82") == ([], "an earlier block could not be decoded, so the table is lost")
    assert not decoder.full


FIRST = {
    b"": True,
    b"\0": True,
    b"\0\0\0\4\0\0\0\0": True,
    b"\1": False,
    b"H": False,
    b"\0\x40\0\4\0\0\0\0\0": True,
    b"\0\x40\1\4\0\0\0\0\0": False,
    b"\0\0\0\x20\0\0\0\0\0": True,
    b"\0\0\0\x21\0\0\0\0\0": False,
}


def test_what_may_be_a_first_frame():
    assert {received: is_http2(received) for received in FIRST} == FIRST


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
    for secure, prior, expected in (
        (True, False, True),
        (False, False, False),
        (False, True, True),
        (True, True, True),
    ):
        plan = replace(
            PLAN, target=replace(PLAN.target, secure=secure), http2=replace(PLAN.http2, prior_knowledge=prior)
        )
        assert spoken(Exchange(plan, (Ended(9, "fin"),))) == expected


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


BODIES = {
    "none": ((), b"", None, (True, False), ""),
    "its length": ((b"2",), b"no", 2, (True, False), ""),
    "its length twice": ((b"2", b"2"), b"no", 2, (True, False), ""),
    "two lengths": ((b"2", b"3"), b"no", None, (True, False), ""),
    "too long": ((b"1",), b"no", 1, (False, False), "content-length is 1, and 2 bytes came"),
    "too short": ((b"3",), b"no", 3, (False, False), "content-length is 3, and 2 bytes came"),
    "a length of 19 digits": ((b"0" * 18 + b"2",), b"no", 2, (True, False), ""),
    "a length of 20 digits": ((b"0" * 19 + b"2",), b"no", None, (True, False), ""),
    "no length": ((b"two",), b"no", None, (True, False), ""),
    "at our limit": ((), bytes(64), None, (True, False), ""),
    "past our limit": ((), bytes(65), None, (True, True), ""),
}
"""Values of Content-Length and the body; what is expected, whether it is complete and cut, what is wrong."""


@every(BODIES)
def test_bodies(of):
    lengths, sent, expected, (complete, cut), problem = of
    asked = exchange(ON, answer(b"403", *((b"content-length", value) for value in lengths)), data(1, sent), END)
    final = read(replace(asked, plan=replace(PLAN, limits=Limits(max_body=64)))).final
    body = final.body
    assert (body.expected, body.complete, body.cut, body.problem) == (expected, complete, cut, problem)
    assert (body.raw, body.content, body.malformed) == (sent, sent[:64], bool(problem))
    assert body.cut_by == ("64 bytes of body" if cut else "")
    assert (body.decoded, body.coding, body.framing) == (None, "", "stream")


def test_a_body_that_is_not_over_may_still_come():
    final = reading(ON, answer(b"403", (b"content-length", b"3")), data(1, b"no")).final
    assert (final.body.problem, final.body.complete) == ("", False)


ASKED_H2 = {
    "frames": (settings([]), *[frame(PING, 0, 0, bytes(8))] * (FRAMES - 1)),
    "bytes": (ON, *[frame(0x42, 0, 1, bytes(16384))] * 15, frame(0x42, 0, 1, bytes(16384 - 12))),
}
BAD = frame(PING, 0, 0, b"1")


@every(ASKED_H2)
def test_as_much_as_h2_is_asked_about(pieces):
    for number, accepts in ((len(pieces) - 1, False), (len(pieces), True)):
        assert opinion(reading(*pieces[:number], BAD)).accepts == accepts


def test_h2_is_not_asked_about_what_is_cut_or_about_windows():
    for piece, accepts in (
        (BAD, False),
        (BAD[:-1], True),
        (window_update(1, 2**31 - 1), True),
        (frame(WINDOW_UPDATE, 0, 1, b"1"), False),
    ):
        assert opinion(reading(ON, answer(b"200"), piece)).accepts == accepts
    assert opinion(reading(ON, goaway(1, 0), answer(b"200"))).accepts


ENDED = {
    "theirs and then ours": ((END, Sent(0, END)), ["server end-stream", "client end-stream"]),
    "ours": ((Sent(0, rst_stream(1, 8)),), ["client rst-stream", "client connection"]),
    "another's": ((data(3, b"", end_stream=True), rst_stream(3, 1)), ["client connection"]),
    "a GOAWAY of ours": ((Sent(0, goaway(0, 0)),), ["client connection"]),
    "a GOAWAY of 3 bytes": ((frame(GOAWAY, 0, 0, bytes(3)),), ["client connection"]),
    "nothing": ((), ["client connection"]),
}


@every(ENDED)
def test_all_that_ended_the_stream(of):
    pieces, expected = of
    first, opening, *_, last = exchange().events
    events = [Received(n, piece) if isinstance(piece, bytes) else piece for n, piece in enumerate(pieces)]
    connection = read(Exchange(PLAN, (first, opening, *events, last))).http2
    assert [f"{end.by} {end.how}" for end in connection.ends] == expected
    assert f"{connection.end.by} {connection.end.how}" == expected[0]


def test_how_the_connection_ended():
    for how in ("fin", "truncated", "reset", "error", "local", "timeout", "limit", "interrupted"):
        connection = reading(ON, how=how).http2
        assert connection.end.by == ("server" if how in ("fin", "truncated", "reset", "error") else "client")
    unended = Exchange(PLAN, exchange(ON).events[:-1])
    connection = read(unended).http2
    assert connection.ends == ()


def test_not_http2():
    of = reading(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert (of.looks_like, of.final, whole(of)) == ("http1", None, of.received)
    assert reading(b"\x15\x03\x01\0\x02\x02\x16").looks_like == "tls"
    assert reading(b"\0\0").looks_like == ""
    assert reading().looks_like == ""


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


def test_fields_are_counted():
    for number, problem in ((FIELDS_MAX, ""), (FIELDS_MAX + 1, f"more than {FIELDS_MAX} fields")):
        assert BlockDecoder(1 << 24, 0).decode(b"\x82" * number)[1] == problem


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


def test_saved_and_loaded():
    kept = exchange(ON, answer(b"200"))
    assert load(dump(kept)) == kept
    assert read(load(dump(kept))) == read(kept)


def test_which_protocol_was_spoken():
    nothing = replace(exchange(asked=b""), events=(Ended(1, "timeout"),))
    assert read(nothing).http2 is not None
    http1 = replace(nothing, events=(Sent(1, b"GET / HTTP/1.1\r\n\r\n"), Ended(2, "fin")))
    assert read(http1).http2 is None


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


HI = data(1, b"\x81\x02hi")
PROBLEMS = {
    "cut in a field": (frame(HEADERS, 0, 1, b"\x88\x40\x05ab"), ""),
    "whole, and cut in a field": (frame(HEADERS, 4, 1, b"\x88\x40\x05ab"), "hpack: Truncated header block"),
    "malformed": (frame(HEADERS, 8, 1, b"\x09\x88"), "Padding is too long."),
}
"""HEADERS, and what is wrong with the block: what is cut may be right."""


@every(PROBLEMS)
def test_what_is_wrong_with_a_block(of):
    piece, problem = of
    connection = reading(ON, piece).http2
    (found,) = connection.blocks
    assert found.problem == problem


def test_a_limit_of_ours_is_said_of_a_block_that_is_cut():
    long = block((b":status", b"200"), (b"a", b"x" * 4000)) + b"\xbe" * 2000
    asked = replace(exchange(ON, frame(HEADERS, 0, 1, long)), plan=replace(PLAN, limits=Limits(max_head=9000)))
    connection = read(asked).http2
    (found,) = connection.blocks
    assert (found.complete, found.cut, found.problem) == (False, True, "more than 9000 bytes of fields")


def test_the_last_data_may_be_cut_short():
    of = reading(ON, answer(b"200"), HI, data(1, b"x", end_stream=True), data(1, b"yz", end_stream=True)[:-1])
    assert [piece.data for piece in of.http2.data] == [b"\x81\x02hi", b"x", b"y"]


def test_our_own_table_may_be_as_large_as_64_kib():
    """A plan of a browser's announces a table of 65,536 bytes, and its blocks are read back with it."""
    for size, good in ((1 << 16, True), ((1 << 16) + 1, False)):
        asked = headers(1, bytes((0x3F, *_rest(size - 31))) + block((b":method", b"CONNECT")))
        connection = read(exchange(ON, asked=asked)).http2
        assert (connection.request.problem == "") == good
