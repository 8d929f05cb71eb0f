"""HTTP/2 read from recorded bytes: nothing raises, nothing is lost, and every part of it is found."""

from __future__ import annotations

import pytest
from hpack import Encoder
from hyperframe.frame import Frame
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.http2.lines import STREAM, planned, recorded
from wsprobe.archive import dump, load
from wsprobe.exchange import Connected, Ended, Event, Exchange, How, Limits, Received, Sent
from wsprobe.read import final_of, read
from wsprobe.read.http2 import FIELDS_MAX, BlockDecoder, _plain, representations, request_fields
from wsprobe.read.http2_values import DATA, GOAWAY, PING, PREFACE, RST_STREAM, SETTINGS
from wsprobe.read.reading import Reading
from wsprobe.wire.http2 import coded, data, frame, goaway, headers, rst_stream, settings

OPENING = PREFACE + settings([(2, 0)])
PLAN = planned()
assert PLAN.http2 is not None
ASKED = headers(STREAM, coded(Encoder(), PLAN.http2.fields))


def exchange(*pieces: bytes, how: How = "local", asked: bytes = ASKED) -> Exchange:
    events: list[Event] = [Connected(5, "127.0.0.1", 8001), Sent(10, OPENING + asked)]
    events += [Received(100 * (number + 1), piece) for number, piece in enumerate(pieces) if piece]
    return Exchange(PLAN, (*events, Ended(100_000, how)))


def reading(*pieces: bytes, how: How = "local") -> Reading:
    return read(exchange(*pieces, how=how))


def block(*fields: tuple[bytes, bytes], encoder: Encoder | None = None) -> bytes:
    return coded(encoder or Encoder(), fields)


def answer(status: bytes, *fields: tuple[bytes, bytes], end_stream: bool = False) -> bytes:
    return headers(STREAM, block((b":status", status), *fields), end_stream=end_stream)


ON = settings([(3, 100), (8, 1)])


def whole(of: Reading) -> bytes:
    assert of.http2 is not None
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
def test_any_bytes(pieces: list[bytes], cut: int) -> None:
    received = b"".join(pieces)
    of = reading(received[:cut], received[cut:])
    assert of.received == received
    assert whole(of) == received
    sent = read(exchange(asked=received))
    assert sent.http2 is not None
    ours = b"".join(each.header + each.payload for each in sent.http2.of("client"))
    assert PREFACE + ours + sent.http2.rest_sent == sent.sent
    final_of(exchange(received))


@given(st.binary(max_size=200))
def test_any_header_block(coded: bytes) -> None:
    assert [edge for span in representations(coded) for edge in span][-1:] == ([len(coded)] if coded else [])
    of = reading(ON, headers(STREAM, coded, most=7))
    assert of.http2 is not None
    assert b"".join(b.raw for b in of.http2.blocks) == coded
    fields = [field for b in of.http2.blocks for field in b.fields]
    for field in fields:
        for line in field.lines:
            assert of.received[line.start : line.start + len(line.text)] == line.text


def test_a_session_cut_into_single_bytes() -> None:
    session = b"\x81\x02hi\x89\x00\x88\x05\x11\x33now"
    of = reading(ON, answer(b"200"), *(data(1, bytes([byte]), pad=byte % 3) for byte in session))
    assert of.session is not None
    assert [frame.opcode for frame in of.session.frames] == [1, 9, 8]
    for frame_ in of.session.frames:
        assert of.received[frame_.start] == frame_.header[0]
    assert [frame_.at for frame_ in of.session.frames] == [600, 800, 1500]
    assert of.when(of.session.start) == 300


def test_the_block_as_received() -> None:
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
    assert of.http2 is not None
    assert [(field.name, field.value) for field in of.http2.blocks[0].fields] == list(fields)
    assert of.final is not None
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
def test_statuses(value: bytes, status: int | None) -> None:
    final = reading(ON, answer(value)).final
    assert final is not None
    assert final.status == status


def test_interim_answers_and_trailers() -> None:
    encoder = Encoder()
    blocks = [
        headers(STREAM, block((b":status", status), encoder=encoder)) for status in (b"103", b"100", b"403")
    ]
    trailers = headers(STREAM, block((b"x-trailer", b"1"), encoder=encoder), end_stream=True)
    of = reading(ON, *blocks, data(1, b"no"), trailers)
    assert of.http2 is not None
    assert [response.status for response in of.responses] == [103, 100, 403]
    assert of.http2.trailers is not None
    assert [field.value for field in of.http2.trailers.fields] == [b"1"]
    assert of.final is not None
    assert of.final.body is not None
    assert (of.final.body.content, of.final.body.complete) == (b"no", True)


def test_settings_in_order_and_by_then() -> None:
    of = reading(settings([(8, 1), (8, 0)]), settings([(8, 1), (0x99, 7)]))
    assert of.http2 is not None
    assert of.http2.settings == ((8, 1), (8, 0), (8, 1), (0x99, 7))
    assert of.http2.setting(8) == 1
    assert of.http2.setting(8, event=2) == 0
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
def test_what_ended_the_stream(piece: bytes, how: How, end: tuple[str, str, str]) -> None:
    connection = reading(ON, piece, how=how).http2
    assert connection is not None
    assert connection.end is not None
    assert (connection.end.by, connection.end.how, connection.end.name) == end


def test_frames_say_what_they_are() -> None:
    of = reading(ON, frame(PING, 1, 0, b"12345678"), goaway(1, 2, b"debug"), frame(0x42, 5, 7, b"?"), b"\0\0")
    assert of.http2 is not None
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
def test_a_malformed_frame_is_kept_with_what_is_wrong(piece: bytes) -> None:
    connection = reading(ON, piece).http2
    assert connection is not None
    last = list(connection.of("server"))[-1]
    assert last.header + last.payload == piece
    assert last.problem
    assert not last.good


def test_not_http2() -> None:
    of = reading(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert (of.looks_like, of.final, whole(of)) == ("http1", None, of.received)
    assert reading(b"\x15\x03\x01\0\x02\x02\x16").looks_like == "tls"
    assert reading(b"\0\0").looks_like == ""
    assert reading().looks_like == ""


def test_what_a_block_may_cost() -> None:
    """A byte can name an entry of the table: many, and long ones, are cut, and the rest is kept as bytes."""
    long = block((b":status", b"200"), (b"a", b"x" * 4000)) + b"\xbe" * 20_000
    many = block((b":status", b"200")) + b"\x82" * (FIELDS_MAX + 1)
    for bomb, words in ((long, "bytes of fields"), (many, "fields")):
        of = reading(ON, headers(STREAM, bomb))
        assert of.http2 is not None
        (answered,) = of.http2.blocks
        assert words in answered.problem
        assert answered.raw == bomb
        assert sum(len(f.name) + len(f.value) for f in answered.fields) < Limits().max_head + 5000


def test_a_field_counts_for_32_bytes_more_than_it_has() -> None:
    one, another = ((name, b"xx") for name in (b"a", b"b"))
    coded = block(one, another)
    size = 2 * (1 + 2 + 32)
    for room, problem in ((size, ""), (size - 1, f"more than {size - 1} bytes of fields")):
        fields, said = BlockDecoder(room, 0).decode(coded)
        assert ([field[:2] for field in fields[:1]], said) == ([one], problem)


def test_fields_are_counted() -> None:
    for number, problem in ((FIELDS_MAX, ""), (FIELDS_MAX + 1, f"more than {FIELDS_MAX} fields")):
        assert BlockDecoder(1 << 24, 0).decode(b"\x82" * number)[1] == problem


def test_what_was_planned_stands_in_for_what_was_not_sent() -> None:
    assert PLAN.http2 is not None
    unsent = Exchange(PLAN, (Connected(5, "127.0.0.1", 8001), Ended(9, "reset")))
    assert request_fields(read(unsent)) == PLAN.http2.fields
    assert request_fields(read(replace(unsent, plan=replace(PLAN, http2=None)))) == ()
    assert request_fields(reading(ON)) == PLAN.http2.fields


def test_asked_nothing() -> None:
    """Without ENABLE_CONNECT_PROTOCOL no request is sent; what would have been asked is in the plan."""
    of = read(exchange(settings([(3, 100)]), asked=b""))
    assert of.http2 is not None
    assert (of.http2.request, of.http2.end, of.http2.stream) == (None, None, 1)
    assert of.request.resource == b"/s/on"


def test_saved_and_loaded() -> None:
    kept = exchange(ON, answer(b"200"))
    assert load(dump(kept)) == kept
    assert read(load(dump(kept))) == read(kept)


def test_which_protocol_was_spoken() -> None:
    nothing = replace(exchange(asked=b""), events=(Ended(1, "timeout"),))
    assert read(nothing).http2 is not None
    http1 = replace(nothing, events=(Sent(1, b"GET / HTTP/1.1\r\n\r\n"), Ended(2, "fin")))
    assert read(http1).http2 is None


def test_an_observation_becomes_a_reading() -> None:
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
    assert of.session is not None
    assert [each.opcode for each in of.session.frames] == [1, 8]
    assert [each.opcode for each in of.session.sent] == [8]


@given(st.integers(0, 9), st.integers(0, 255), st.sampled_from((0, 1, 2**31)), st.binary(max_size=20))
def test_the_quick_look_at_a_frame_says_what_hyperframe_says(
    type_: int, flags: int, stream: int, payload: bytes
) -> None:
    made = frame(type_, flags, stream, payload)
    if _plain(made[:9], payload):
        form, length = Frame.parse_frame_header(memoryview(made[:9]))
        form.parse_body(memoryview(payload))  # raises where it has something to say
        assert length == len(payload)
        assert getattr(form, "data", b"") in (payload, b"")
