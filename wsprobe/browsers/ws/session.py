"""After ``open``: frames as ws reads them, and what script is told of them.

Sources: ws lib/receiver.js, lib/permessage-deflate.js, lib/websocket.js (receiverOn..., socketOn...).
"""

from __future__ import annotations

from wsprobe.browsers.inflate import TOO_LONG, OneStream, TooLong
from wsprobe.browsers.runtime.buffer import Buffer
from wsprobe.browsers.runtime.client import AT_ONCE, LOST, Opened, RuntimeSession
from wsprobe.browsers.script import CLOSED, CLOSING, OPEN, WebSocket, unanswered
from wsprobe.browsers.ws.facts import Facts
from wsprobe.exchange import SECOND, Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

_RECEIVER = "ws lib/receiver.js"
_SOCKET = "ws lib/websocket.js"
_AT_ONCE = 1000
"""Microseconds. A reset that comes so soon after the server's Close comes before ours is written."""
_MOST_SAFE = 2**53 - 1


class _Wrong(Exception):
    """An error of the receiver: its class, message and code."""

    def __init__(self, name: str, message: str, code: str) -> None:
        self.told = name, message, code


def _frame(message: str, code: str, name: str = "RangeError") -> _Wrong:
    return _Wrong(name, f"Invalid WebSocket frame: {message}", f"WS_ERR_{code}")


class WsSession(RuntimeSession):
    """Reads frames, one state of the receiver after the other.

    Once both sides sent a Close, or ws failed the connection, it ends its side of TCP: the server's end of it
    is awaited, and comes as soon as the server reads ours.
    """

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts) -> None:
        self.script = script
        self._facts = facts
        self._opened = opened
        self._buffer = Buffer()
        self._deflates = opened.deflates
        self._inflater = OneStream(opened.bits, opened.takeover) if opened.deflates else None
        self._header: _Header | None = None
        self._fragmented = 0
        self._compressed = False
        self._fragments: list[bytes] = []
        self._frames = self._announced = self._inflated = 0
        self._sent_close = False
        self._received: tuple[int, str] | None = None
        self._failed = False
        self._due: int | None = None
        self._closed_at = 0
        self._inflating: tuple[_Header, bytes] | None = None
        self._begun_at = self._at = 0
        self._ended = False
        self._pongs = 0
        self._destroyed = False
        self.over = False
        self.races = ""
        self.because = f"the handshake is valid: {_SOCKET}"

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        if self.over or self._failed or self._received is not None:
            return
        self._pongs = 0
        self._buffer.add(data)
        self._at = at
        self._run(at)

    def _run(self, at: int) -> None:
        try:
            while self._inflating is None and self._received is None and self._step(at):
                pass
        except _Wrong as wrong:
            self._fail(*wrong.told, at)
        except TooLong:
            self.because = TOO_LONG
            self.over = True
            return
        if self._destroyed:
            self._closed()

    def called(self, at: int) -> None:
        if self.script.close_call is not None and not self._sent_close:
            self._close_sent(at)

    def _inflate_all(self, at: int) -> None:
        """What waits to be inflated is told, and what is behind it."""
        while self._inflating is not None and not self.over and not self._failed:
            (header, payload), self._inflating = self._inflating, None
            try:
                self._inflated_data(header, payload, at)
            except _Wrong as wrong:
                self._fail(*wrong.told, at)
                return
            except TooLong:
                self.because = TOO_LONG
                self.over = True
                return
            self._run(at)

    def wait(self, at: int) -> None:
        if self._inflating is not None and at - self._begun_at >= AT_ONCE:
            self._inflate_all(self._begun_at)
        if self._due is not None and at >= self._due and not self.over:
            self.because = f"TCP not closed within {self._facts.close_timeout} s: {_SOCKET}"
            self._closed()

    @property
    def closing(self) -> bool:
        return self._sent_close or self._failed or self._destroyed

    def end(self, ended: Ended) -> None:
        """Where ws ended its side already, the server would have answered that: that the probe did not wait for
        it says nothing."""
        self.wait(ended.at)
        if self._inflating is not None:
            if ended.how in LOST:
                self.races = (
                    "messages are inflated outside the event loop: the message event may come before the end "
                    "is seen"
                )
            self._ended = self._opened.right_behind(ended, self._at)
            if self._ended:  # socketOnEnd, socketOnClose
                self.script.ready_state = CLOSING
            self._inflate_all(self._at)
        if ended.how == "reset" and ended.at - self._closed_at < _AT_ONCE:
            self._sent_close = False
        if not self.over and (ended.how in LOST or self._failed or self._received is not None):
            if self._received is None and not self._failed:
                self.because = f"the connection ended: {_SOCKET}"
            self._closed()
        elif not self.over and self._due is not None:
            self.script.assume(unanswered(self._facts.close_timeout))
            self.wait(self._due)

    def _close_sent(self, at: int) -> None:
        self._sent_close = True
        self.script.ready_state = max(self.script.ready_state, CLOSING)
        if self._due is None:
            self._due = at + self._facts.close_timeout * SECOND

    def _step(self, at: int) -> bool:
        """One frame, or as much of it as is decided by what came; False if more is needed."""
        if self._header is None:
            if len(self._buffer) < 2:
                return False
            self._header = self._info(*self._buffer.take(2))
        header = self._header
        if header.length < 0:
            extra = 2 if header.code == 126 else 8
            if len(self._buffer) < extra:
                return False
            header.length = int.from_bytes(self._buffer.take(extra), "big")
            if header.length > _MOST_SAFE:
                message = "Unsupported WebSocket frame: payload length > 2^53 - 1"
                raise _Wrong("RangeError", message, "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH")
        if not header.counted:
            header.counted = True
            self._have_length(header)
        if len(self._buffer) < header.length:
            return False
        self._header = None
        payload = self._buffer.take(header.length)
        if header.opcode >= CLOSE:
            self._control(header, payload, at)
        else:
            self._data(header, payload, at)
        return True

    def _info(self, first: int, second: int) -> _Header:
        """getInfo: every check of the first two bytes, in order. Raises _Wrong."""
        if first & 0x30:
            raise _frame("RSV2 and RSV3 must be clear", "UNEXPECTED_RSV_2_3")
        compressed, opcode, fin, code = first & 0x40 != 0, first & 0x0F, first & 0x80 != 0, second & 0x7F
        if compressed and not self._deflates:
            raise _frame("RSV1 must be clear", "UNEXPECTED_RSV_1")
        if opcode == CONTINUATION:
            if compressed:
                raise _frame("RSV1 must be clear", "UNEXPECTED_RSV_1")
            if not self._fragmented:
                raise _frame("invalid opcode 0", "INVALID_OPCODE")
            opcode = self._fragmented
        elif opcode in (TEXT, BINARY):
            if self._fragmented:
                raise _frame(f"invalid opcode {opcode}", "INVALID_OPCODE")
            self._compressed = compressed
        elif opcode in (CLOSE, PING, PONG):
            if not fin:
                raise _frame("FIN must be set", "EXPECTED_FIN")
            if compressed:
                raise _frame("RSV1 must be clear", "UNEXPECTED_RSV_1")
            if code > 125 or (opcode == CLOSE and code == 1):
                raise _frame(f"invalid payload length {code}", "INVALID_CONTROL_PAYLOAD_LENGTH")
        else:
            raise _frame(f"invalid opcode {opcode}", "INVALID_OPCODE")
        if not fin and not self._fragmented:
            self._fragmented = opcode
        if second & 0x80:
            raise _frame("MASK must be clear", "UNEXPECTED_MASK")
        return _Header(opcode, fin, code)

    def _have_length(self, header: _Header) -> None:
        if header.length and header.opcode < CLOSE:
            self._announced += header.length
            if self._announced > self._facts.most_payload:
                raise _Wrong("RangeError", "Max payload size exceeded", "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")

    def _data(self, header: _Header, payload: bytes, at: int) -> None:
        """Raises _Wrong and TooLong."""
        self._frames += 1
        if self._frames > self._facts.most_fragments:
            raise _Wrong("RangeError", "Too many message fragments", "WS_ERR_TOO_MANY_BUFFERED_PARTS")
        if self._compressed and self._inflater is not None:
            self._inflating = header, payload
            self._begun_at = at
            return
        self._collect(header, payload, at)

    def _inflated_data(self, header: _Header, payload: bytes, at: int) -> None:
        """The callback of decompress, behind which the receiver goes on. Raises _Wrong and TooLong."""
        assert self._inflater is not None
        try:
            payload = self._inflater.feed(payload, header.fin)
        except ValueError as error:
            raise _Wrong("Error", zlib_words(str(error)), "Z_DATA_ERROR") from None
        self._inflated += len(payload)
        if self._inflated > self._facts.most_payload:
            raise _Wrong("RangeError", "Max payload size exceeded", "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")
        self._collect(header, payload, at)

    def _collect(self, header: _Header, payload: bytes, at: int) -> None:
        """Raises _Wrong."""
        self._fragments.append(payload)
        if not header.fin:
            return
        message = b"".join(self._fragments)
        self._fragments = []
        self._frames = self._announced = self._inflated = self._fragmented = 0
        if header.opcode == BINARY:
            self._message(message, at)
            return
        try:
            text = message.decode("utf-8")
        except UnicodeDecodeError:
            raise _frame("invalid UTF-8 sequence", "INVALID_UTF8", "Error") from None
        self._message(text, at)

    def _message(self, data: str | bytes, at: int) -> None:
        """Also while CLOSING: ws does not ask for the state."""
        self.script.deliver(data)
        self.called(at)

    def _control(self, header: _Header, payload: bytes, at: int) -> None:
        if header.opcode == PING:
            self._ping()
        if header.opcode != CLOSE:
            return
        code, reason = 1005, b""
        if payload:
            code, reason = int.from_bytes(payload[:2], "big"), payload[2:]
            if not is_valid(code):
                raise _frame(f"invalid status code {code}", "INVALID_CLOSE_CODE")
        try:
            text = reason.decode("utf-8")
        except UnicodeDecodeError:
            raise _frame("invalid UTF-8 sequence", "INVALID_UTF8", "Error") from None
        self._received = code, text
        self._closed_at = at
        if not self._destroyed and not self._ended:
            self._close_sent(at)
        self.because = f"the server sent Close {code}: {_RECEIVER}"

    def _ping(self) -> None:
        """receiverOnPing: no Pong of one read is out before all of it is read. One too many is not answered but
        ends the connection; a Close behind it is still read."""
        if self.script.ready_state == OPEN:
            self._pongs += 1
            if self._pongs > self._facts.most_pongs:
                self._destroyed = True
                self.script.ready_state = CLOSING
                self.because = f"more than {self._facts.most_pongs} Pings at once: {_SOCKET}"

    def _fail(self, name: str, message: str, code: str, at: int) -> None:
        """receiverOnError: a Close is sent, then the error told; ``close`` comes when the connection ends."""
        self._failed = True
        self.because = f"{message}: {_RECEIVER}"
        if self.script.ready_state == OPEN:
            self._close_sent(at)
        self.script.error(CLOSING, message, f"{name}: {message} [{code}]")

    def _closed(self) -> None:
        """emitClose."""
        self.over = True
        code, reason = self._received or (1006, "")
        self.script.ready_state = CLOSED
        self.script.closed(code, reason, clean=self._received is not None and self._sent_close)


class _Header:
    __slots__ = ("code", "counted", "fin", "length", "opcode")

    def __init__(self, opcode: int, fin: bool, code: int) -> None:
        self.opcode = opcode
        self.fin = fin
        self.code = code
        self.length = code if code <= 125 else -1
        self.counted = False


def is_valid(code: int) -> bool:
    """isValidStatusCode (lib/validation.js)."""
    return (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) or 3000 <= code <= 4999


def zlib_words(error: str) -> str:
    """zlib's own message, as Node hands it on; Python puts words of its own around it."""
    return error.rpartition(": ")[2]
