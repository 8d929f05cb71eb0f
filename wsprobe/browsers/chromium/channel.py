"""An open WebSocket in Chromium: frames, the closing handshake and its timers, the end of the connection.

Chromium parses the bytes of one read together, and discards all of them if any frame among them is invalid.

Sources: net/websockets/websocket_frame_parser.cc, websocket_basic_stream.cc, websocket_chunk_assembler.cc,
websocket_deflate_stream.cc, websocket_inflater.cc, websocket_channel.cc; for the events of the page,
dom_websocket.cc and websocket_channel_impl.cc in third_party/blink/renderer/modules/websockets/.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable
from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.browsers.chromium.request import Facts
from wsprobe.browsers.inflate import TOO_LONG, Inflater, TooLong
from wsprobe.browsers.life import Session
from wsprobe.browsers.script import CLOSING, StreamOver, WebSocket, unanswered
from wsprobe.browsers.url import elided
from wsprobe.exchange import BROKEN, LOST, SECOND, Ended, UnpackedMessages
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, header_parts, header_size

_DATA = (CONTINUATION, TEXT, BINARY)
_MAX_CONTROL_PAYLOAD = 125
_INFLATED_CHUNK = 4096


class ProtocolError(Exception):
    """ERR_WS_PROTOCOL_ERROR: Chromium fails the channel."""


class TooBig(Exception):
    """ERR_MSG_TOO_BIG: Chromium drops the connection without a console line."""


class Piece(Struct, frozen=True):
    """A frame, or the part of a data frame that one read contains."""

    final: bool
    """True if the message ends with it."""
    rsv: int
    opcode: int
    masked: bool
    payload: bytes


class _Header(Struct, frozen=True):
    final: bool
    rsv: int
    opcode: int
    masked: bool
    length: int


class FrameReader:
    """Splits the bytes of each read into pieces."""

    __slots__ = ("_control", "_header", "_inflater", "_partial", "_reading", "_rest", "_start_opcode", "left")

    def __init__(self, deflate: bool, masked: UnpackedMessages | None = None) -> None:
        # Chromium keeps the window whatever the extension says: net/websockets/websocket_deflate_stream.cc.
        self._inflater = Inflater(masked=masked) if deflate else None
        self._header: _Header | None = None
        self.left = 0
        """The number of bytes of the current frame's payload that have not arrived yet."""
        self._partial = b""
        self._control = b""
        self._reading: str = ""
        self._start_opcode = CONTINUATION
        self._rest = b""

    def read(self, data: bytes) -> list[Piece]:
        """The pieces in the bytes of one read.

        Raises ProtocolError, TooBig, TooLong; then all of *data* is discarded.
        """
        pieces = self._pieces(data)
        if self._inflater is not None:
            pieces = list(self._inflate(pieces, self._inflater))
        return pieces

    def _pieces(self, data: bytes) -> list[Piece]:
        """WebSocketFrameParser::Decode, then WebSocketBasicStream::ConvertChunksToFrames."""
        chunks: list[tuple[_Header, bytes, bool, bool]] = []
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
                self.left = self._header.length
            payload = data[at : at + self.left]
            at += len(payload)
            self.left -= len(payload)
            chunks.append((self._header, payload, first, self.left == 0))
            if self.left == 0:
                self._header = None
            else:
                self._header = _as_continuation(self._header)
        return [piece for chunk in chunks if (piece := self._convert(*chunk)) is not None]

    def _convert(self, header: _Header, payload: bytes, begins: bool, complete: bool) -> Piece | None:
        """The piece of the part of a frame that one read contains (WebSocketChunkAssembler::HandleChunk). A
        frame's header alone is a piece too."""
        if header.opcode >= CLOSE:  # the reserved ones 11 to 15 as well (measured, Chromium 156)
            if not header.final or header.length > _MAX_CONTROL_PAYLOAD:
                raise ProtocolError
            self._control += payload
            if not complete:
                return None
            payload, self._control = self._control, b""
        if not begins and not complete and not payload:
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
        rsv = piece.rsv & 3
        stop = len(ready) if piece.final else len(ready) // _INFLATED_CHUNK * _INFLATED_CHUNK
        for at in range(0, max(stop, 1) if piece.final else stop, _INFLATED_CHUNK):
            last = piece.final and at + _INFLATED_CHUNK >= stop
            yield Piece(last, rsv, self._start_opcode, piece.masked, ready[at : at + _INFLATED_CHUNK])
            self._start_opcode = CONTINUATION
        self._partial = ready[stop:]


def _as_continuation(header: _Header) -> _Header:
    """The header for the rest of a data frame, which counts as a continuation
    (WebSocketBasicStream::CreateFrame)."""
    if header.opcode not in _DATA:
        return header
    return replace(header, opcode=CONTINUATION, rsv=0)


def _decode_header(data: bytes, at: int) -> tuple[_Header, int] | None:
    """(header, offset after it), None if it is incomplete (WebSocketFrameParser::DecodeFrameHeader)."""
    size = header_size(data, at, mask_bit=0)
    if size is None or len(data) < at + size:
        return None
    header = data[at : at + size]
    masked = header[1] >= 0x80
    if masked:  # the masking key may not have arrived
        header = bytes((header[0], header[1] & 0x7F)) + header[2:]
    _, _, length, minimal = header_parts(header)
    if not minimal or length > 2**63 - 1:
        raise ProtocolError
    if length > 2**31 - 1:
        raise TooBig
    at += size + 4 * masked
    if len(data) < at:
        return None
    first = header[0]
    return _Header(first >= 0x80, first >> 4 & 7, first & 0x0F, masked, length), at


_CHANNEL = "net/websockets/websocket_channel.cc"
_NO_STATUS, _ABNORMAL, _TLS = 1005, 1006, 1015
_NAMES = {
    TEXT: "Data frame",
    BINARY: "Data frame",
    CONTINUATION: "Data frame",
    PING: "Ping",
    PONG: "Pong",
    CLOSE: "Close",
}
_Utf8 = getincrementaldecoder("utf-8")


class State(Enum):
    CONNECTED = auto()
    SEND_CLOSED = auto()
    CLOSE_WAIT = auto()
    CLOSED = auto()


class Channel(Session):
    """Drives *script*'s WebSocket from its ``open`` to its ``close``. Times are microseconds, in order."""

    def __init__(
        self,
        script: WebSocket,
        url: str,
        deflate: bool,
        facts: Facts,
        at_once: int,
        masked: UnpackedMessages | None = None,
    ) -> None:
        """*at_once*: the number of bytes that arrived with the head, which Chromium reads in one go. *masked*:
        the contents of messages that are masked in the recording."""
        self._script = script
        self._url = url
        self._facts = facts
        self._reader = FrameReader(deflate, masked)
        self._at_once = at_once
        self._due: int | None = None
        self._received_close: tuple[int, str] | None = None
        self._message: list[str] | list[bytes] | None = None
        self._is_text = False
        self._utf8 = _Utf8()
        self.state = State.CONNECTED
        self.because = "the handshake is valid: net/websockets/websocket_basic_handshake_stream.cc"

    def wait(self, at: int) -> None:
        """Run the timers that are due before *at*, and start what the script requested."""
        if self._due is not None and at >= self._due:
            self._time_out()

    def called(self, at: int) -> None:
        """The script made its calls: begin the closing handshake if it called close()
        (StartClosingHandshake)."""
        if self.state is State.CONNECTED and self._script.close_called:
            self.state = State.SEND_CLOSED
            self._due = at + self._facts.closing_timeout * SECOND

    def receive(self, data: bytes, at: int) -> None:
        """Read bytes, in reads of Chromium's size.

        Calls that the script makes in the meantime take effect after the last of these reads.
        """
        self.wait(at)
        start = 0
        while start < len(data) and self.state is not State.CLOSED:
            size = max(
                self._facts.read_size,
                self._reader.left // self._facts.read_size * self._facts.read_size,
            )
            size, self._at_once = self._at_once or size, 0
            self._read(data[start : start + size], at)
            start += size
        if data:
            self.called(at)

    def quiet(self, at: int) -> bool:
        self.wait(at)
        return self.state is State.CONNECTED

    def stream_over(self, over: StreamOver) -> None:
        self.wait(over.at)
        if self.state is not State.CLOSED:
            self._ended(reset=not over.orderly)

    def end(self, ended: Ended) -> None:
        """The recording is over: end the connection if it ended, else run the remaining timers."""
        self.wait(ended.at)
        if self.state is State.CLOSED:
            return
        if ended.how in LOST:
            self._ended(reset=ended.how in BROKEN)
        elif self._due is not None:
            if self._received_close is None:
                self._script.assume(unanswered(self._facts.closing_timeout))
            self._time_out()

    def _ended(self, *, reset: bool) -> None:
        """The connection ended (OnReadDone)."""
        self.because = f"the connection {'was reset' if reset else 'ended'}: {_CHANNEL}"
        if self._received_close is not None:
            self._drop(*self._received_close, clean=not reset)
        else:
            self._drop(_ABNORMAL, "", clean=False)

    def _read(self, data: bytes, now: int) -> None:
        try:
            pieces = self._reader.read(data)
        except ProtocolError:
            self._fail("frame-header")
            return
        except TooBig:
            self.because = f"a frame of 2 GiB or more is announced: {_CHANNEL}"
            self._drop(*(self._received_close or (_ABNORMAL, "")), clean=False)
            return
        except TooLong:
            self.because = TOO_LONG
            self._finish()
            return
        for piece in pieces:
            self._handle(piece, now)
            if self.state is State.CLOSED:
                return

    def _handle(self, piece: Piece, now: int) -> None:
        """HandleFrame, HandleFrameByState."""
        if piece.masked:
            self._fail("masked")
        elif piece.rsv:
            self._fail("reserved", rsv1=piece.rsv >> 2 & 1, rsv2=piece.rsv >> 1 & 1, rsv3=piece.rsv & 1)
        elif self.state is State.CLOSE_WAIT:
            self._fail("after-close", frame=_NAMES.get(piece.opcode, "Unknown frame type"))
        elif piece.opcode in (CONTINUATION, TEXT, BINARY):
            if self.state is State.CONNECTED:
                self._data(piece)
        elif piece.opcode == CLOSE:
            self._close(piece.payload, now)
        elif piece.opcode not in (PING, PONG):
            self._fail("opcode", opcode=piece.opcode)

    def _data(self, piece: Piece) -> None:
        """HandleDataFrame."""
        continues = piece.opcode == CONTINUATION
        if continues != (self._message is not None):
            self._fail("continuation" if continues else "unfinished")
            return
        if self._message is None:
            self._message = []
            self._is_text = piece.opcode == TEXT
        if self._is_text:
            try:
                self._message.append(self._utf8.decode(piece.payload, piece.final))  # type: ignore[arg-type]
            except UnicodeDecodeError:
                self._fail("utf-8")
                return
        else:
            self._message.append(piece.payload)  # type: ignore[arg-type]
        if piece.final:
            message, self._message = self._message, None
            self._script.message("".join(message) if self._is_text else b"".join(message))  # type: ignore[arg-type]

    def _close(self, payload: bytes, now: int) -> None:
        """ParseClose, then HandleCloseFrame."""
        code, reason = _NO_STATUS, ""
        if len(payload) == 1:
            self._fail("close-size")
            return
        if payload:
            code = int.from_bytes(payload[:2], "big")
            if code in (_NO_STATUS, _ABNORMAL, _TLS):
                self._fail("close-code")
                return
            try:
                reason = payload[2:].decode("utf-8")
            except UnicodeDecodeError:
                self._fail("close-utf-8")
                return
        self._received_close = code, reason
        self.state = State.CLOSE_WAIT
        self._due = now + self._facts.tcp_close_timeout * SECOND
        self._script.ready_state = CLOSING
        self.because = f"the server sent Close {code}: {_CHANNEL}"

    def _time_out(self) -> None:
        """CloseTimeout."""
        if self._received_close is not None:
            self._drop(*self._received_close, clean=True)
        else:
            self.because = f"no Close from the server within {self._facts.closing_timeout} s: {_CHANNEL}"
            self._drop(_ABNORMAL, "", clean=False)

    def _drop(self, code: int, reason: str, *, clean: bool) -> None:
        """DOMWebSocket::DidClose: clean only if script or server had begun to close."""
        clean = clean and self._script.ready_state == CLOSING
        self._finish()
        self._script.closed(code, reason, clean=clean)

    def _fail(self, key: str, **values: object) -> None:
        """FailChannel, WebSocketChannelImpl::Fail."""
        failure = self._facts.failures[key].format(**values)
        self.because = f"{failure} {_CHANNEL}"
        self._finish()
        fail(self._script, self._url, failure, self._facts)

    def _finish(self) -> None:
        self.state = State.CLOSED
        self._due = None


def fail(script: WebSocket, url: str, failure: str, facts: Facts) -> None:
    """WebSocketChannelImpl::Fail: console line, ``error``, ``close`` 1006."""
    complain(script, url, failure, facts)
    script.failed()


def complain(script: WebSocket, url: str, failure: str, facts: Facts) -> None:
    """The console line of a failure."""
    script.console.append(facts.console["failed"].format(url=elided(url), failure=failure))
