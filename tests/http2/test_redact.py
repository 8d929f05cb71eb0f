"""Secrets in a recording over HTTP/2 are masked, and it can be read as before."""

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from tests.http2.lines import STREAM, planned
from wsprobe.exchange import Ended, Exchange, Received, Sent
from wsprobe.read import read
from wsprobe.read.http2_values import PREFACE
from wsprobe.recording.archive import dump
from wsprobe.recording.redaction import redact
from wsprobe.wire.http2 import coded, data, goaway, headers, rst_stream, settings
from wsprobe.wire.rfc6455 import CLOSE, TEXT, frame

SECRET = b"s3cret-t0ken-of-mine"

FIELDS = (
    (b":method", b"CONNECT"),
    (b":protocol", b"websocket"),
    (b":scheme", b"https"),
    (b":authority", b"127.0.0.1:8001"),
    (b":path", b"/s/on?token=" + SECRET),
    (b"authorization", b"Bearer " + SECRET),
    (b"cookie", b"sid=" + SECRET),
    (b"sec-websocket-version", b"13"),
)


def exchange(huffman, *received):
    encoder = Encoder()
    sent = PREFACE + settings([(2, 0)])
    for stream in (STREAM, STREAM + 2) if received == AGAIN else (STREAM,):
        sent += headers(stream, encoder.encode(list(FIELDS), huffman=huffman))
    said = data(STREAM, frame(TEXT, SECRET, b"abcd"))
    events = [Sent(1, sent), *(Received(2, each) for each in received), Sent(3, said), Ended(4, "local")]
    return Exchange(planned("on", FIELDS), tuple(events))


OPENED = (
    settings([(8, 1)]),
    headers(
        STREAM, coded(Encoder(), [(b":status", b"200"), (b"set-cookie", b"sid=" + SECRET), (b"x", SECRET)])
    ),
    data(STREAM, frame(TEXT, b"you said " + SECRET, None)[:9], pad=2),
    data(STREAM, frame(TEXT, b"you said " + SECRET, None)[9:]),
    goaway(1, 0, b"bye " + SECRET),
    data(STREAM, frame(CLOSE, b"\x03\xe8", None), end_stream=True),
)
REFUSED = (
    settings([(8, 1)]),
    headers(STREAM, coded(Encoder(), [(b":status", b"403"), (b"x-echo", SECRET)])),
    data(STREAM, b"no: " + SECRET, end_stream=True),
)
AGAIN = (
    settings([(8, 1)]),
    data(STREAM, b"busy: " + SECRET),
    rst_stream(STREAM, 7),
    headers(STREAM + 2, coded(Encoder(), [(b":status", b"403"), (b"x-echo", SECRET)]), end_stream=True),
)
"""The answers to two requests."""


def masked(fields, *events):
    """What is left of a request with *fields* and of *events*; the reading, and the plan."""
    after = redact(Exchange(planned("on", fields), (*events, Ended(3, "fin"))))
    return read(after), after.plan


@pytest.mark.parametrize("huffman", [True, False])
@pytest.mark.parametrize("received", [OPENED, REFUSED, AGAIN], ids=["opened", "refused", "again"])
def test_nothing_of_it_is_left(huffman, received):
    before = exchange(huffman, *received)
    after = redact(before)
    of, was = read(after), read(before)
    assert [len(e.data) for e in after.events if isinstance(e, Sent | Received)] == [
        len(e.data) for e in before.events if isinstance(e, Sent | Received)
    ]
    assert SECRET.decode() not in dump(after)
    assert SECRET not in of.received
    fields = [*of.http2.request.fields, *(field for block in of.http2.blocks for field in block.fields)]
    assert all(SECRET not in field.value for field in fields)
    assert [field.name for field in of.http2.request.fields] == [name for name, _ in FIELDS]
    assert all(not block.problem for block in of.http2.blocks)
    assert (of.final and of.final.status) == (was.final and was.final.status)
    said = b"".join(frame.data for frame in (of.session.frames if of.session else ()))
    assert SECRET not in said
    assert [(f.opcode, f.length) for f in (of.session.frames if of.session else ())] == [
        (f.opcode, f.length) for f in (was.session.frames if was.session else ())
    ]
    assert of.final is None or of.final.body is None or SECRET not in of.final.body.content


@given(st.binary(max_size=120))
def test_any_bytes_keep_their_length(received):
    before = exchange(True, settings([(8, 1)]), received)
    after = redact(before)
    assert len(read(after).received) == len(read(before).received)


SHORT = (b"sid=abcd", b"sid=abc?", b"sid=, no more than abcd of a frame")
"""What comes in place of frames, and whether it repeats a cookie of ours."""


@pytest.mark.parametrize("received", SHORT)
def test_what_is_no_frame_is_searched(received):
    fields = ((b":method", b"CONNECT"), (b"cookie", b"sid=abcd"))
    sent = PREFACE + settings([]) + headers(1, coded(Encoder(), fields))
    for begun in (b"", settings([])):
        of, _ = masked(fields, Sent(1, sent + b"abcd"), Received(2, begun + received))
        assert of.received == begun + received.replace(b"abcd", b"****")
        assert of.sent.endswith(b"****")


def test_the_beginning_of_a_preface_is_left():
    """What was sent of it before the connection was lost is no secret, whatever it is."""
    fields = ((b":method", b"CONNECT"), (b"cookie", b"a=HTTP"))
    for sent in (PREFACE, PREFACE[:9]):
        of, _ = masked(fields, Sent(1, sent))
        assert of.sent == sent


def test_the_debug_data_of_a_goaway_is_searched_and_no_more():
    fields = ((b":method", b"CONNECT"), (b"cookie", b"a=\0\0\0\2"))
    asked = headers(1, coded(Encoder(), fields))
    said = goaway(2, 2, b"\0\0\0\2\0\0\0\2?")
    of, _ = masked(fields, Sent(1, PREFACE + asked), Received(2, settings([(8, 1)]) + said))
    assert of.received[-len(said) :] == goaway(2, 2, b"********?")


def test_which_fields_are_searched():
    secret = b"abcdef"
    fields = ((b":method", b"CONNECT"), (b":path", b"/?a=abcdef"), (b"cookie", b"a=" + secret))
    told = [
        (b":status", b"200"),
        (b"sec-websocket-extensions", secret),
        (b"sec-websocket-protocol", secret),
        (b"content-type", secret),
        (b"x", b"<" + secret + b">"),
        (b"x-token", b"zz"),
        (b"location", b"/?a=b"),
        (b"x", b"<" + secret + b">"),
    ]
    for huffman in (False, True):
        answer = headers(1, coded(Encoder(), told, huffman=huffman))
        sent = PREFACE + headers(1, coded(Encoder(), fields))
        of, plan = masked(fields, Sent(1, sent), Received(2, settings([(8, 1)]) + answer))
        assert plan.http2.fields[1:] == ((b":path", b"/?a=******"), (b"cookie", b"a=******"))
        (block,) = of.http2.blocks
        values = [field.value for field in block.fields]
        assert values[:4] == [b"200", secret, secret, secret]
        if huffman:
            assert [set(value) for value in values[4:]] == [set(b"*")] * 4
        else:
            assert values[4:] == [b"<******>", b"**", b"/?a=*", b"<******>"]
