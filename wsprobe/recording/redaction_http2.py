"""Secrets in the bytes of an HTTP/2 connection. Masked bytes keep their length and their place.

A value in HPACK's Huffman code is masked as a whole, because no text with asterisks would have the same length.
The mask is uncoded, so that the block and the table's entry can still be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wsprobe.read.http2 import BlockDecoder, blocks, content_start, integer
from wsprobe.read.http2_values import CONTINUATION, DATA, PREFACE, By, Http2Connection, Http2Frame
from wsprobe.read.reading import Field, Reading
from wsprobe.recording.secrets import OF_A_BODY, Secrets, rule

HUFFMAN = 0x80
"""The Huffman bit before a string's length (RFC 7541 section 5.2)."""

OUR_TABLE = 1 << 16


def stream(
    secrets: Secrets, reading: Reading, by: By, session: Callable[[bytearray], None], hides_body: bool
) -> bytes:
    """The bytes of one direction, masked. *session* masks the frames of a WebSocket in place. *hides_body*: the
    compressed body repeats a secret, and is masked as a whole."""
    of = reading.http2
    assert of is not None
    data = reading.received if by == "server" else reading.sent
    out = bytearray(data)
    frames = list(of.of(by))
    for block in blocks(frames, BlockDecoder(reading.exchange.plan.limits.max_head, OUR_TABLE)):
        for field in block.fields:
            _field(secrets, out, field)
    if not secrets.searches:
        return bytes(out)
    _content(secrets, out, frames, of, reading.session is not None, session, hides_body)
    for frame in frames:
        text = frame.payload if frame.type > CONTINUATION else frame.debug  # an extension's may say anything
        end = frame.span[1]
        out[end - len(text) : end] = secrets.echo(text)
    start = frames[-1].span[1] if frames else (0 if by == "server" else min(len(PREFACE), len(out)))
    out[start:] = secrets.echo(bytes(out[start:]))
    return bytes(out)


def fields(secrets: Secrets, planned: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of a plan, masked."""
    return tuple((name, _masked(secrets, name.lower(), value)) for name, value in planned)


def _masked(secrets: Secrets, key: bytes, value: bytes) -> bytes:
    if key == b":path":
        return secrets.url(value.decode("latin-1")).encode("latin-1")
    mask = rule(key)
    if mask is not None:
        return mask(secrets, value.decode("latin-1")).encode("latin-1")
    return value if key in OF_A_BODY or key.startswith((b":", b"sec-websocket-")) else secrets.echo(value)


def _field(secrets: Secrets, out: bytearray, field: Field) -> None:
    masked = _masked(secrets, field.key, field.value)
    if masked == field.value:
        return
    places = [place for line in field.lines for place in range(line.start, line.start + len(line.text))]
    coded = bytes(out[place] for place in places)
    if not coded or coded[0] & 0x80:
        return  # it names an entry of the table, and that is masked where it was made
    before, at, size = _value(coded)
    text = b"*" * size if coded[before] & HUFFMAN else masked
    out[places[before]] &= 0xFF ^ HUFFMAN
    for place, byte in zip(places[at : at + size], text, strict=False):
        out[place] = byte


def _value(coded: bytes) -> tuple[int, int, int]:
    """Of the value in the representation of a literal field (RFC 7541 section 6.2): where its length stands,
    where it begins, and how long it is."""
    index, at = integer(coded, 0, 6 if coded[0] & 0x40 else 4)
    if not index:
        size, at = integer(coded, at, 7)
        at += size
    size, after = integer(coded, at, 7)
    return at, after, size


def _content(
    secrets: Secrets,
    out: bytearray,
    frames: list[Http2Frame],
    of: Http2Connection,
    opened: bool,
    session: Callable[[bytearray], None],
    hides_body: bool,
) -> None:
    """DATA of each stream, seen as one text: a WebSocket's frames, or a body."""
    places: dict[int, list[tuple[int, bytes]]] = {}
    for frame in frames:
        if frame.type == DATA and not frame.problem:
            places.setdefault(frame.stream, []).append((content_start(frame), frame.content))
    for stream_, pieces in places.items():
        joined = bytearray(b"".join(content for _, content in pieces))
        if opened and stream_ == of.stream:
            session(joined)
        elif hides_body and stream_ == of.stream:
            joined[:] = b"*" * len(joined)
        else:
            joined[:] = secrets.echo(bytes(joined))
        at = 0
        for start, content in pieces:
            out[start : start + len(content)] = joined[at : at + len(content)]
            at += len(content)
