"""Writes frames and header blocks of HTTP/2 (RFC 9113 sections 4 and 6), valid or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import pack

from hpack import Encoder, HeaderTuple, NeverIndexedHeaderTuple

from wsprobe.exchange import Priority
from wsprobe.read.http2_values import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FRAME_MAX,
    GOAWAY,
    HEADERS,
    PADDED,
    PRIORITIZED,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)


def frame(type_: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame. *payload* has at most 2**24 - 1 bytes; nothing else is checked."""
    return pack("!I", len(payload))[1:] + pack("!BBI", type_, flags, stream) + payload


def settings(pairs: Iterable[tuple[int, int]]) -> bytes:
    """SETTINGS with these identifiers and values, in this order."""
    return frame(SETTINGS, 0, 0, b"".join(pack("!HI", key, value) for key, value in pairs))


def window_update(stream: int, increment: int) -> bytes:
    """WINDOW_UPDATE (RFC 9113 section 6.9). *increment*: 0 is invalid, but can be made."""
    return frame(WINDOW_UPDATE, 0, stream, pack("!I", increment))


def rst_stream(stream: int, code: int) -> bytes:
    """RST_STREAM with an error *code* (RFC 9113 section 6.4)."""
    return frame(RST_STREAM, 0, stream, pack("!I", code))


def goaway(last_stream: int, code: int, debug: bytes = b"") -> bytes:
    """GOAWAY: no stream above *last_stream* was processed (RFC 9113 section 6.8)."""
    return frame(GOAWAY, 0, 0, pack("!II", last_stream, code) + debug)


def data(stream: int, payload: bytes, *, end_stream: bool = False, pad: int | None = None) -> bytes:
    """DATA; *pad*: bytes of padding, None: no padding and no PADDED flag."""
    flags = END_STREAM if end_stream else 0
    if pad is None:
        return frame(DATA, flags, stream, payload)
    return frame(DATA, flags | PADDED, stream, bytes([pad]) + payload + bytes(pad))


def headers(
    stream: int,
    block: bytes,
    *,
    end_stream: bool = False,
    priority: Priority | None = None,
    most: int = FRAME_MAX,
) -> bytes:
    """HEADERS, and the CONTINUATION frames that a *block* longer than *most* needs."""
    fields = b""
    flags = END_STREAM if end_stream else 0
    if priority is not None:
        flags |= PRIORITIZED
        fields = pack("!IB", priority.depends_on | priority.exclusive << 31, priority.weight)
    pieces = list(_pieces(fields + block, most))
    made = b""
    for number, piece in enumerate(pieces):
        last = END_HEADERS if number == len(pieces) - 1 else 0
        made += frame(CONTINUATION if number else HEADERS, (0 if number else flags) | last, stream, piece)
    return made


def coded(
    encoder: Encoder,
    fields: Sequence[tuple[bytes, bytes]],
    never_indexed: Iterable[bytes] = (),
    *,
    huffman: bool = True,
) -> bytes:
    """The header block of *fields*, names and values as they are; *encoder* keeps the table."""
    never = frozenset(never_indexed)
    tuples = [
        (NeverIndexedHeaderTuple if name in never else HeaderTuple)(name, value) for name, value in fields
    ]
    block: bytes = encoder.encode(tuples, huffman=huffman)
    return block


def _pieces(block: bytes, most: int) -> Iterator[bytes]:
    yield block[:most]
    for at in range(most, len(block), most):
        yield block[at : at + most]
