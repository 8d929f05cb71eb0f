"""Frames as Chromium reads them: one read at a time, and all of a read is lost if any of it is broken.

Sources: net/websockets/websocket_frame_parser.cc, websocket_basic_stream.cc, websocket_chunk_assembler.cc,
websocket_deflate_stream.cc, websocket_inflater.cc.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from wsprobe.browsers.script.inflate import Inflater

CONTINUATION, TEXT, BINARY = 0, 1, 2
_DATA = (CONTINUATION, TEXT, BINARY)
CLOSE, PING, PONG = 8, 9, 10
_MAX_CONTROL_PAYLOAD = 125
_INFLATED_CHUNK = 4096
_UNFOLDED_LIMIT = 128 * 1024 * 1024
"""Bytes of one message. Chromium itself has no limit but memory."""


class ProtocolError(Exception):
    """ERR_WS_PROTOCOL_ERROR: the channel is failed."""


class NotFollowed(Exception):
    """More than is kept here: what an engine makes of it is not said."""


class TooBig(Exception):
    """ERR_MSG_TOO_BIG: the connection is dropped, without a word."""


class Piece(NamedTuple):
    """A frame or, of a data frame that came in several reads, a part of one."""

    final: bool
    """The message ends with it."""
    rsv: int
    opcode: int
    masked: bool
    payload: bytes


class _Chunk(NamedTuple):
    """What one read holds of a frame."""

    header: _Header
    payload: bytes
    first: bool
    last: bool


class _Header(NamedTuple):
    final: bool
    rsv: int
    opcode: int
    masked: bool
    length: int


class FrameReader:
    """Takes what one read gave, returns the pieces it holds."""

    __slots__ = (
        "_control",
        "_header",
        "_inflater",
        "_left",
        "_partial",
        "_reading",
        "_rest",
        "_start_opcode",
        "_unfolded",
    )

    def __init__(self, deflate: bool) -> None:
        # Chromium keeps the window whatever was agreed: net/websockets/websocket_deflate_stream.cc.
        self._inflater = Inflater() if deflate else None
        self._header: _Header | None = None
        self._left = 0
        self._partial = b""
        self._control = b""
        self._reading: str = ""
        self._start_opcode = CONTINUATION
        self._rest = b""
        self._unfolded = 0

    @property
    def payload_left(self) -> int:
        """Bytes of the current frame's payload that are still to come."""
        return self._left

    def read(self, data: bytes) -> list[Piece]:
        """Raises ProtocolError, TooBig or NotFollowed; then nothing of *data* counts."""
        pieces = self._pieces(data)
        if self._inflater is not None:
            pieces = list(self._inflate(pieces, self._inflater))
        return pieces

    def _pieces(self, data: bytes) -> list[Piece]:
        """WebSocketFrameParser::Decode, then WebSocketBasicStream::ConvertChunksToFrames."""
        chunks: list[_Chunk] = []
        data, at = self._rest + data, 0
        self._rest = b""
        while at < len(data):
            first = self._header is None
            if self._header is None:
                found = _decode_header(data, at)
                if found is None:
                    self._rest = data[at:]
                    break
                self._header, at = found
                self._left = self._header.length
            payload = data[at : at + self._left]
            at += len(payload)
            self._left -= len(payload)
            chunks.append(_Chunk(self._header, payload, first, self._left == 0))
            if self._left == 0:
                self._header = None
            else:
                self._header = _as_continuation(self._header)
        return [piece for chunk in chunks if (piece := self._convert(chunk)) is not None]

    def _convert(self, chunk: _Chunk) -> Piece | None:
        """WebSocketChunkAssembler::HandleChunk: a frame's header alone is a piece, too."""
        header, payload, complete = chunk.header, chunk.payload, chunk.last
        if header.opcode >= CLOSE:  # the reserved ones 11 to 15 as well (measured, Chromium 156)
            if not header.final or header.length > _MAX_CONTROL_PAYLOAD:
                raise ProtocolError
            self._control += payload
            if not complete:
                return None
            payload, self._control = self._control, b""
        if not chunk.first and not complete and not payload:
            return None
        return Piece(header.final and complete, header.rsv, header.opcode, header.masked, payload)

    def _inflate(self, pieces: Iterable[Piece], inflater: Inflater) -> Iterable[Piece]:
        """WebSocketDeflateStream::Inflate."""
        for piece in pieces:
            if piece.opcode not in _DATA:
                yield piece
                continue
            compressed = piece.rsv & 4 != 0
            if not self._reading:
                self._reading = "compressed" if compressed else "plain"
                self._start_opcode = piece.opcode
            elif compressed:
                raise ProtocolError
            if self._reading == "plain":
                yield piece
            else:
                yield from self._inflated(piece, inflater)
            if piece.final:
                self._reading = ""

    def _inflated(self, piece: Piece, inflater: Inflater) -> Iterable[Piece]:
        try:
            ready = self._partial + inflater.feed(piece.payload, piece.final)
        except ValueError:
            raise ProtocolError from None
        self._unfolded += len(ready)
        if self._unfolded > _UNFOLDED_LIMIT:
            raise NotFollowed
        rsv = piece.rsv & 3
        stop = len(ready) if piece.final else len(ready) // _INFLATED_CHUNK * _INFLATED_CHUNK
        for at in range(0, max(stop, 1) if piece.final else stop, _INFLATED_CHUNK):
            last = piece.final and at + _INFLATED_CHUNK >= stop
            yield Piece(last, rsv, self._start_opcode, piece.masked, ready[at : at + _INFLATED_CHUNK])
            self._start_opcode = CONTINUATION
        self._partial = ready[stop:]
        if piece.final:
            self._unfolded = 0


def _as_continuation(header: _Header) -> _Header:
    """What the rest of a data frame counts as (WebSocketBasicStream::CreateFrame)."""
    if header.opcode not in _DATA:
        return header
    return header._replace(opcode=CONTINUATION, rsv=0)


def _decode_header(data: bytes, at: int) -> tuple[_Header, int] | None:
    """(header, offset behind it), None if it is not all there (WebSocketFrameParser::DecodeFrameHeader)."""
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    at += 2
    length = second & 0x7F
    if length >= 126:
        size = 2 if length == 126 else 8
        if len(data) < at + size:
            return None
        length = int.from_bytes(data[at : at + size], "big")
        at += size
        if length <= (125 if size == 2 else 0xFFFF) or length > 2**63 - 1:
            raise ProtocolError
        if length > 2**31 - 1:
            raise TooBig
    masked = second & 0x80 != 0
    if masked:
        if len(data) < at + 4:
            return None
        at += 4
    return _Header(first & 0x80 != 0, first >> 4 & 7, first & 0x0F, masked, length), at
