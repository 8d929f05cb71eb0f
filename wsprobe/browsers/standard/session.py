"""After ``open``: frames by RFC 6455 sections 5 and 7, and the events of the script."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator

from wsprobe.browsers.inflate import TOO_LONG, TooLong
from wsprobe.browsers.script import CLOSED, OPEN, UNLIMITED, OwnClose, WebSocket, in_order
from wsprobe.browsers.standard.handshake import over
from wsprobe.exchange import LOST, Act, Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, INFLATED_MAX, TEXT, utf8_fault
from wsprobe.read.inflate import Direction, InflateError, Inflater
from wsprobe.read.reading import Frame, Reading


class Session:
    """Follows one session; ``because`` is the rule that ended it."""

    def __init__(self, script: WebSocket, deflate: Direction | None) -> None:
        self._script = script
        self._inflater = Inflater(deflate, INFLATED_MAX) if deflate is not None else None
        self._message: list[Frame] = []
        """The frames of the incomplete message, [] without one."""
        self._text = getincrementaldecoder("utf-8")()
        self._read: list[str] = []
        self._closing: Frame | None = None
        self.because = ""

    def follow(self, reading: Reading, acts: list[Act]) -> None:
        """From ``open`` to the end of the recording."""
        assert reading.session is not None
        whole = [frame for frame in reading.session.frames if frame.complete]
        for happening in in_order(reading, whole, acts, over(reading)):
            if self._script.ready_state == CLOSED:
                return
            match happening:
                case Frame():
                    try:
                        self._frame(happening)
                    except TooLong:
                        self.because = TOO_LONG
                        return
                case Act():
                    self._script.do(happening)
                case OwnClose():
                    if not self._script.close_called and self._closing is None:
                        return
                case Ended():
                    self._end(happening)
                case _:
                    pass

    def _frame(self, frame: Frame) -> None:
        if self._closing is not None:
            return  # RFC 6455 section 5.5.1: frames after a Close are ignored
        fault = next(self._faults(frame), None)
        if fault is not None:
            self._fail(fault)
        elif frame.opcode == CLOSE:
            self._close(frame)
        elif frame.opcode in (CONTINUATION, TEXT, BINARY):
            self._data(frame)

    def _faults(self, frame: Frame) -> Iterator[str]:
        """Every rule of RFC 6455 section 5 that *frame* breaks."""
        if frame.masked:
            yield "RFC 6455 section 5.1: a server must not mask"
        compressed = self._inflater is not None and frame.rsv == 4 and frame.opcode in (TEXT, BINARY)
        if frame.rsv and not compressed:
            yield "RFC 6455 section 5.2: a reserved bit is set"
        if frame.opcode not in (0, 1, 2, 8, 9, 10):
            yield "RFC 6455 section 5.2: an unknown opcode"
        if not frame.minimal:
            yield "RFC 6455 section 5.2: the length is not in its shortest form"
        if frame.length >= 1 << 63:
            yield "RFC 6455 section 5.2: the highest bit of the length is set"
        if frame.is_control and (not frame.fin or frame.length > 125):
            yield "RFC 6455 section 5.5: a control frame is fragmented or too long"
        if frame.opcode == CONTINUATION and not self._message:
            yield "RFC 6455 section 5.4: a continuation frame without a message"
        if frame.opcode in (TEXT, BINARY) and self._message:
            yield "RFC 6455 section 5.4: a new message within a message"

    def _data(self, frame: Frame) -> None:
        first = self._message[0] if self._message else frame
        if first is frame:
            self._text = getincrementaldecoder("utf-8")()
        self._message.append(frame)
        try:
            if first.opcode == TEXT and not first.rsv:
                self._read.append(self._text.decode(frame.data, frame.fin))
            if frame.fin:
                self._deliver(first)
        except UnicodeDecodeError:
            self._fail("RFC 6455 section 8.1: a text message that is not UTF-8")
        except InflateError:
            self._fail("RFC 7692 section 7.2.2: a message that does not inflate")

    def _deliver(self, first: Frame) -> None:
        """Deliver the whole message. Raises UnicodeDecodeError, InflateError, TooLong."""
        parts, read = self._message, self._read
        self._message, self._read = [], []
        if first.opcode == TEXT and not first.rsv:
            self._script.message("".join(read))
            return
        data = b"".join(part.data for part in parts)
        if first.rsv and self._inflater is not None:
            data = self._inflater.inflate(data)
            if not self._inflater.room:
                raise TooLong
        self._script.message(data.decode("utf-8") if first.opcode == TEXT else data)

    def _close(self, frame: Frame) -> None:
        if len(frame.data) == 1 or utf8_fault(frame.data[2:]) is not None:
            self._fail("RFC 6455 section 5.5.1: a Close frame with half a code, or a reason that is not UTF-8")
            return
        self._closing = frame
        self._script.ready_state = max(self._script.ready_state, 2)

    def _fail(self, because: str) -> None:
        self.because = because
        self._script.failed()

    def _end(self, ended: Ended) -> None:
        if self._closing is not None:
            code = 1005 if self._closing.close_code is None else self._closing.close_code
            self.because = "RFC 6455 section 7.1.4: the closing handshake is complete"
            self._script.closed(code, self._closing.data[2:].decode(), clean=True)
        elif ended.how in LOST:
            if self._script.ready_state == OPEN:
                self._fail("RFC 6455 section 7.2.1: the transport was lost, so the connection fails")
            else:
                self.because = "RFC 6455 section 7.1.5: closed without a Close frame"
                self._script.closed(1006, clean=False)
        elif self._script.close_called:
            self._script.assume(UNLIMITED)
