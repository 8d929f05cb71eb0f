"""Secrets in a recording over HTTP/2 are masked, and it can be read as before."""

from __future__ import annotations

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from tests.http2.lines import STREAM, planned
from wsprobe.archive import dump
from wsprobe.exchange import Ended, Exchange, Received, Sent
from wsprobe.read import read
from wsprobe.read.http2_values import PREFACE
from wsprobe.redaction import redact
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


def exchange(huffman: bool, *received: bytes) -> Exchange:
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


@pytest.mark.parametrize("huffman", [True, False])
@pytest.mark.parametrize("received", [OPENED, REFUSED, AGAIN], ids=["opened", "refused", "again"])
def test_nothing_of_it_is_left(huffman: bool, received: tuple[bytes, ...]) -> None:
    before = exchange(huffman, *received)
    after = redact(before)
    of, was = read(after), read(before)
    assert [len(e.data) for e in after.events if isinstance(e, Sent | Received)] == [
        len(e.data) for e in before.events if isinstance(e, Sent | Received)
    ]
    assert of.http2 is not None
    assert was.http2 is not None
    assert SECRET.decode() not in dump(after)
    assert of.http2.request is not None
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
def test_any_bytes_keep_their_length(received: bytes) -> None:
    before = exchange(True, settings([(8, 1)]), received)
    after = redact(before)
    assert len(read(after).received) == len(read(before).received)
