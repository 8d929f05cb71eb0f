"""After ``open``: frames as undici reads them, and what script is told of them.

Sources: undici lib/web/websocket/receiver.js (ByteParser), permessage-deflate.js, websocket.js.
"""

from __future__ import annotations

from wsprobe.browsers.inflate import TOO_LONG, OneStream, TooLong
from wsprobe.browsers.runtime.buffer import Buffer
from wsprobe.browsers.runtime.client import AT_ONCE, LOST, Opened, RuntimeSession
from wsprobe.browsers.script import CLOSED, CLOSING, OPEN, UNLIMITED, WebSocket
from wsprobe.browsers.undici.facts import Facts
from wsprobe.browsers.ws.session import zlib_words
from wsprobe.exchange import Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

_BOM = b"\xef\xbb\xbf"
_RECEIVER = "undici lib/web/websocket/receiver.js"
_SOCKET = "undici lib/web/websocket/websocket.js"
_AT_ONCE = 1000
"""Microseconds. A reset that comes so soon after the server's Close comes before ours is written."""
_MOST_LENGTH = 2**31 - 1
_WRITE_ROOM, _WRITE_ROOM_OF_NODE_20 = 64 * 1024, 16 * 1024
"""Bytes that wait for the parser, or for who reads the socket, from which on Node reads no more (its default
highWaterMark, from Node 22 on and before)."""


class UndiciSession(RuntimeSession):
    """Reads frames, one state of the parser after the other."""

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts) -> None:
        self.script = script
        self._facts = facts
        self._opened = opened
        self._buffer = Buffer()
        self._inflater = OneStream(opened.bits, starts_again=False) if opened.deflates and opened.bits else None
        self._deflates = opened.deflates
        self._fragments: list[bytes] = []
        self._waiting = 0
        self._header: _Header | None = None
        self._was_fragmented = self._compressed = False
        self._type = TEXT
        self._sent_close = False
        self._received: tuple[int, str] | None = None
        self._destroyed = False
        self._at = self._closed_at = 0
        self._waits = self._unread = self._unread_by_node_20 = 0
        """Bytes since the Close that the parser does not take, and those behind them that nobody reads."""
        self._inflating: tuple[_Header, bytes] | None = None
        self.over = False
        self._reads = True
        self.races = ""
        self.because = "the handshake is valid: undici lib/web/websocket/connection.js"

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        if not self.over and self._received is None:
            self._buffer.add(data)
            self._at = at
            self._run()
        if not self.over and self._received is not None:
            self._wait_for_parser(len(data))

    def _wait_for_parser(self, size: int) -> None:
        """The parser stops at a Close: what comes waits for it until the socket is paused, and what comes then
        waits in the socket (websocket.js, onSocketData)."""
        self._unread += size if self._waits >= _WRITE_ROOM else 0
        self._unread_by_node_20 += size if self._waits >= _WRITE_ROOM_OF_NODE_20 else 0
        self._waits += size

    def _run(self) -> None:
        while self._inflating is None and self._reads and self._received is None and self._step():
            pass
        if self._destroyed and not self.over:
            self._closed()
            self._read_on()

    def called(self, at: int) -> None:
        self._sent_close = self._sent_close or self.script.close_call is not None

    def wait(self, at: int) -> None:
        """Let what is being inflated be ready. There is no time limit for the closing handshake."""
        while self._inflating is not None and at - self._at >= AT_ONCE:
            self._ready()

    @property
    def closing(self) -> bool:
        return self._sent_close or self._received is not None

    def end(self, ended: Ended) -> None:
        self.wait(ended.at)
        if ended.how not in LOST:
            self._inflate_all()
            self._wait_on()
            return
        if self.over or self._misses(ended):
            return
        if ended.how == "reset" and ended.at - self._closed_at < _AT_ONCE and self._facts.tells_why:
            self._sent_close = False
            self.races = "the reset came right after the Close: a moment later, and the close would be clean"
        if self._inflating is not None:
            self.races = (
                "messages are inflated outside the event loop: the message event may come before the end is "
                "seen"
            )
            if not self._opened.right_behind(ended, self._at):
                self._inflate_all()
        if self.over:
            return
        self.because = f"the connection ended: {_SOCKET}, onSocketClose"
        self._closed()
        self._read_on()

    def _misses(self, ended: Ended) -> bool:
        """True if the end is behind what nobody reads, so that ``close`` never comes."""
        room = _WRITE_ROOM if ended.how == "reset" else 1
        if self._unread >= room:
            self.because = f"undici reads no more behind the Close, and does not see the end: {_SOCKET}"
            return True
        if self._unread_by_node_20 >= (_WRITE_ROOM_OF_NODE_20 if ended.how == "reset" else 1):
            self.races = "on Node 20, which reads less ahead, the end is not seen, and there is no close"
        return False

    def _wait_on(self) -> None:
        """The recording is over, and the connection is not. undici has no timer; how a connection ends changes
        nothing once the server's Close was read."""
        if self.over or not self.closing:
            return
        if self._received is None:
            self.script.assume(UNLIMITED)
            return
        self.script.assume("the server closes the connection; until then readyState is 2, without a limit")
        self._closed()

    def _step(self) -> bool:
        """One frame, or as much of it as is decided by what came; False if more is needed."""
        if self._header is None:
            if len(self._buffer) < 2:
                return False
            first, second = self._buffer.take(2)
            fault = self._fault(first, second & 0x7F, second >= 0x80)
            if fault:
                self._fail(fault)
                return False
            self._header = _Header(first, second & 0x7F)
            self._note(self._header)
        header = self._header
        if header.length < 0:
            extra = 2 if header.code == 126 else 8
            if len(self._buffer) < extra:
                return False
            header.length = int.from_bytes(self._buffer.take(extra), "big")
            if header.length > _MOST_LENGTH:
                self._fail("Received payload length > 2^31 bytes.")
                return False
        if header.opcode < CLOSE and header.length + self._waiting > self._facts.most_payload:
            self._fail_closing("Payload size exceeds maximum allowed size")
            return False
        if len(self._buffer) < header.length:
            return False
        self._header = None
        self._payload(header, self._buffer.take(header.length))
        return True

    def _fault(self, first: int, code: int, masked: bool) -> str:
        """Every check of the first two bytes, in order."""
        opcode, fin, rsv1 = first & 0x0F, first & 0x80 != 0, first & 0x40 != 0
        is_data, is_control = opcode in (TEXT, BINARY), opcode in (CLOSE, PING, PONG)
        fragmented = not fin and opcode != CONTINUATION
        if not is_data and not is_control and opcode != CONTINUATION:
            return "Invalid opcode received"
        if masked:
            return "Frame cannot be masked"
        if rsv1 and not self._deflates:
            return "Expected RSV1 to be clear."
        if first & 0x30:
            return "RSV1, RSV2, RSV3 must be clear"
        if fragmented and not is_data:
            return "Invalid frame type was fragmented."
        if is_data and self._fragments:
            return "Expected continuation frame"
        if self._was_fragmented and fragmented:
            return "Fragmented frame exceeded 125 bytes."
        if is_control and code > 125:
            return "Control frame either too large or fragmented"
        if opcode == CONTINUATION and not self._fragments and not self._compressed:
            return "Unexpected continuation frame"
        return ""

    def _note(self, header: _Header) -> None:
        if header.opcode in (TEXT, BINARY):
            self._type = header.opcode
            self._compressed = header.first & 0x40 != 0
        self._was_fragmented = not header.fin and header.opcode != CONTINUATION

    def _payload(self, header: _Header, body: bytes) -> None:
        if header.opcode == CLOSE:
            self._close(body)
        elif header.opcode < CLOSE:
            self._data(header, body)

    def _read_on(self) -> None:
        """What was being inflated when the socket closed is ready, and the parser goes on: a Close sets
        readyState back, and undici 6 tells of an error."""
        self._reads = self._inflating is not None
        self._inflate_all()
        self._reads = False

    def _inflate_all(self) -> None:
        while self._inflating is not None:
            self._ready()

    def _ready(self) -> None:
        """The callback of decompress, behind which the parser goes on."""
        assert self._inflating is not None
        (header, body), self._inflating = self._inflating, None
        if self._inflater is None:
            self._fail_closing("Invalid server_max_window_bits")
            return
        try:
            body = self._inflater.feed(body, header.fin)
        except ValueError as error:
            self._fail_closing(zlib_words(str(error)))
            return
        except TooLong:
            self.because = TOO_LONG
            self.over, self._reads = True, False
            return
        if len(body) > self._facts.most_inflated:
            self._fail_closing("Max decompressed message size exceeded")
            return
        self._collect(header, body)
        self._run()

    def _data(self, header: _Header, body: bytes) -> None:
        if self._compressed:
            self._inflating = header, body
            return
        self._collect(header, body)

    def _collect(self, header: _Header, body: bytes) -> None:
        if len(self._fragments) == self._facts.most_fragments:
            self._fail_closing("Too many message fragments")
            return
        self._fragments.append(body)
        self._waiting += len(body)
        if header.fin and not self._was_fragmented:
            message, self._fragments, self._waiting = b"".join(self._fragments), [], 0
            self._compressed = self._compressed and self._facts.stays_compressed
            self._deliver(message)

    def _deliver(self, message: bytes) -> None:
        """TextDecoder takes a byte order mark away."""
        if self.script.ready_state != OPEN:
            return
        if self._type == BINARY:
            self.script.message(message)
        else:
            try:
                text = message.removeprefix(_BOM).decode("utf-8")
            except UnicodeDecodeError:
                self._bad_text("Received invalid UTF-8 in text frame.")
                return
            self.script.message(text)
        self.called(0)

    def _bad_text(self, message: str) -> None:
        """The socket is destroyed, but the parser goes on with what it has: a Close in it counts."""
        self.because = f"{message} {_SOCKET}"
        self._destroyed = True
        if self._facts.tells_why:
            self.script.error(self.script.ready_state, message, f"Error: {message}")
        else:
            self.script.ready_state = CLOSING
            self._sent_close = True

    def _close(self, body: bytes) -> None:
        if len(body) == 1:
            self._fail("Received close frame with a 1-byte body.")
            return
        code = int.from_bytes(body[:2], "big") if body else 1005
        if body and not _is_valid(code):
            self._fail_closing("Invalid status code")
            return
        try:
            # parseCloseBody takes one byte order mark away, TextDecoder another.
            reason = body[2:].removeprefix(_BOM).removeprefix(_BOM).decode("utf-8")
        except UnicodeDecodeError:
            self._fail_closing("Invalid UTF-8")
            return
        self._sent_close = self._sent_close or not (self._destroyed and self._facts.tells_why)
        self._received = code, reason
        self._closed_at = self._at
        self.script.ready_state = CLOSING
        self.because = f"the server sent Close {code}; undici waits for TCP to close: {_RECEIVER}"

    def _fail(self, message: str) -> None:
        """failWebsocketConnection: the socket is destroyed."""
        if self.over:
            self._reads = False
            if self._facts.tells_why:
                self.script.error(self.script.ready_state, message, f"Error: {message}")
            return
        self.because = f"{message} {_RECEIVER}"
        if self._facts.tells_why:
            self.script.error(self.script.ready_state, message, f"Error: {message}")
        self._closed()

    def _fail_closing(self, message: str) -> None:
        """The same where a Close with a code is sent first."""
        if not self.over:
            self.script.ready_state = CLOSING
        self._fail(message)

    def _closed(self) -> None:
        """onSocketClose."""
        self.over, self._reads = True, False
        if self._received is not None:
            code, reason = self._received
            self.script.closed(code, reason, clean=self._sent_close)
            return
        if not self._facts.tells_why:
            self.script.error(CLOSED, "", "TypeError: ")
        self.script.closed(1006, clean=False)


class _Header:
    __slots__ = ("code", "fin", "first", "length", "opcode")

    def __init__(self, first: int, code: int) -> None:
        self.first = first
        self.code = code
        self.fin = first & 0x80 != 0
        self.opcode = first & 0x0F
        self.length = code if code <= 125 else -1


def _is_valid(code: int) -> bool:
    """isValidStatusCode (util.js)."""
    return (1000 <= code < 1015 and code not in (1004, 1005, 1006)) or 3000 <= code <= 4999
