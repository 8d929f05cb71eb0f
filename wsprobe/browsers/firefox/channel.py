"""An open WebSocket in Firefox: its socket thread reads bytes, its main thread fires events.

The threads send each other tasks, which take a moment. So if the connection ends right after a Close frame, it
ends before Firefox has answered the Close, and the close is not clean. Firefox accepts masked frames from a
server.

Sources: netwerk/protocol/websocket/WebSocketChannel.cpp (ProcessInput; the socket thread),
dom/websocket/WebSocket.cpp (the main thread).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from heapq import heappop, heappush

from msgspec import Struct

from wsprobe.browsers.firefox.handshake import ABNORMAL, Opened
from wsprobe.browsers.firefox.request import Facts
from wsprobe.browsers.inflate import TOO_LONG, Inflater, TooLong
from wsprobe.browsers.life import Session
from wsprobe.browsers.script import CLOSING, OPEN, StreamOver, WebSocket, own_close, unanswered
from wsprobe.exchange import BROKEN, LOST, SECOND, Ended
from wsprobe.read.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    first_close,
    header_parts,
    header_size,
    masked_messages,
)
from wsprobe.read.reading import Reading
from wsprobe.read.unasked import ended_in_answer, ended_unasked

_CONTROL = 8


class BadFrame(Exception):
    """The frame is invalid: Firefox fails the connection."""


class Unit(Struct, frozen=True):
    """A complete message, a control frame, or a frame that is neither."""

    opcode: int
    payload: bytes

    @property
    def control(self) -> bool:
        return self.opcode & _CONTROL != 0


class _Header(Struct, frozen=True):
    final: bool
    rsv: int
    opcode: int
    mask: bytes
    length: int
    size: int
    """Bytes of the header, without the payload."""


class FrameReader:
    """Reads bytes and returns complete units. ``deflated`` stays set until a message is inflated."""

    __slots__ = ("_buffer", "_compressed", "_fragment_opcode", "_fragments", "_max_message", "deflated")

    def __init__(self, compressed: bool, facts: Facts) -> None:
        self._buffer = bytearray()
        self._compressed = compressed
        self._max_message = facts.max_message
        self._fragments = bytearray()
        self._fragment_opcode = CONTINUATION
        self.deflated = False

    def read(self, data: bytes) -> Iterator[Unit]:
        """The units that *data* completes. Raises BadFrame at an invalid frame."""
        buffer, at = self._buffer, 0
        self._buffer = bytearray()
        buffer += data
        while (header := _header(buffer, at)) is not None:
            if header.length + len(self._fragments) > self._max_message:
                raise BadFrame("a message is too big")
            stop = at + header.size + header.length
            if len(buffer) < stop:
                break
            payload = bytes(memoryview(buffer)[at + header.size : stop])
            at = stop
            if header.mask.strip(b"\0"):
                payload = _unmasked(payload, header.mask)
            unit = self._unit(header, payload)
            if unit is not None:
                yield unit
        del buffer[:at]
        self._buffer = buffer

    def _unit(self, header: _Header, payload: bytes) -> Unit | None:
        control = header.opcode & _CONTROL
        if control and not header.final:
            raise BadFrame("a control frame is fragmented")
        if header.rsv:
            if not self._compressed or header.rsv != 4 or self._fragments or control:
                raise BadFrame("reserved bits are set")
            self.deflated = True
        if header.final and header.opcode != CONTINUATION:
            if self._fragments and not control:
                raise BadFrame("a message begins inside another")
            return Unit(header.opcode, payload)
        return self._fragment(header, payload)

    def _fragment(self, header: _Header, payload: bytes) -> Unit | None:
        """The message that a fragment completes, None if it completes none. Empty fragments leave no trace:
        after them, Firefox accepts frames that are forbidden within a message."""
        if header.opcode != CONTINUATION:
            if self._fragments:
                raise BadFrame("a message begins inside another")
            self._fragment_opcode = header.opcode
        elif self._fragment_opcode == CONTINUATION:
            raise BadFrame("a continuation frame without a message")
        self._fragments += payload
        if not header.final:
            return None
        unit = Unit(self._fragment_opcode, bytes(self._fragments))
        self._fragments = bytearray()
        self._fragment_opcode = CONTINUATION
        return unit


def _header(data: bytearray, at: int) -> _Header | None:
    """The header at *at*; None if it is incomplete."""
    size = header_size(data, at)
    if size is None or len(data) < at + size:
        return None
    header, mask, length, minimal = header_parts(bytes(data[at : at + size]))
    if not minimal or length >= 2**63:
        raise BadFrame("the length is not in its shortest form")
    first = header[0]
    return _Header(first >= 0x80, first >> 4 & 7, first & 0x0F, mask, length, size)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"
_NO_STATUS = 1005
_MAX_CONTROL_PAYLOAD = 125
_INFLATED_PIECE = 4096
"""PMCECompression::kBufferLen."""


class Stop(Enum):
    """How a session stopped (the status of OnStop)."""

    CLEAN = auto()
    ENDED = auto()
    """NS_BASE_STREAM_CLOSED: neither clean nor an error."""
    FAILED = auto()


class Channel(Session):
    """Drives *script*'s WebSocket from its ``open`` to its ``close``. Times are microseconds, in order."""

    def __init__(
        self,
        script: WebSocket,
        url: str,
        agreed: Opened,
        facts: Facts,
        reading: Reading,
        room_at: Callable[[int], int | None] | None = None,
    ) -> None:
        """*reading*: what was recorded. *room_at*: over HTTP/2, when the window has room for a Close that is
        sent at a given time, None if never; None over HTTP/1.1."""
        self._reading = reading
        self._room_at = room_at
        deflate = agreed.deflate
        self._script = script
        self._agreed = agreed
        self._url = url
        self._facts = facts
        self._reader = FrameReader(deflate is not None, facts)
        # Firefox keeps the window whatever the extension says: only the sending side resets (PMCECompression).
        masked = masked_messages(reading)
        self._inflater = Inflater(deflate.server_bits, masked=masked) if deflate is not None else None
        self._tasks: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = 0
        self._close_due: int | None = None
        self._server_closed = False
        self._shut = 0
        """When the server's Close arrived, or later, when the window had room for our own."""
        self._close_sent = False
        self._pong_due: int | None = None
        """When the last Pong was queued for sending, in microseconds."""
        self._requested = False
        self._stopped = False
        self._told = (ABNORMAL, "")
        self._open = False
        self._since = self._opens = 0
        self.races = ""
        self.because = f"the handshake is valid: {_CHANNEL}"

    def wait(self, at: int) -> None:
        """Run what is due by *at*."""
        while self._tasks and self._tasks[0][0] <= at:
            due, _, task = heappop(self._tasks)
            task(due)
        if self._close_due is not None and at >= self._close_due and not self._stopped:
            due = self._close_due
            self.because = f"no Close from the server within {self._facts.closing_timeout} s: {_CHANNEL}"
            self._stop(due, Stop.FAILED)
            self.wait(at)

    def _run_out(self) -> None:
        """No more bytes will arrive: run the tasks that have begun."""
        while self._tasks:
            self.wait(self._tasks[0][0])

    def start(self, now: int) -> None:
        """The connection is taken over; the main thread learns of it a moment later (StartWebsocketData)."""
        self._since = now
        self._opens = now + 2 * self._facts.hop
        self._later(now, self._on_start)

    def called(self, at: int) -> None:
        """The script made its calls: send a Close if it called close() (WebSocketImpl::CloseConnection)."""
        if self._script.close_called:
            self._request_close(at)

    def receive(self, data: bytes, at: int) -> None:
        """Read bytes (OnInputStreamReady)."""
        self.wait(at)
        now = max(at, self._since)
        if self._stopped:
            return
        try:
            for unit in self._reader.read(data):
                self._handle(unit, now)
                if self._stopped:
                    return
        except BadFrame as fault:
            self.because = f"{fault}: {_CHANNEL}"
            self._break_off(now, self._fault(now), lost=True)
        except TooLong:
            self.because = TOO_LONG
            self._stopped = True
            self._close_due = None

    def _fault(self, now: int) -> Stop:
        """How a bad frame stops the session. Over HTTP/2 a queued Pong finds the connection already given up,
        and ends the session first, without an error (DoEnqueueOutgoingMessage; measured)."""
        pong = self._room_at is not None and self._pong_due is not None and not self._server_closed
        return Stop.ENDED if pong and now - (self._pong_due or 0) < self._facts.hop else Stop.FAILED

    def quiet(self, at: int) -> bool:
        self.wait(at + 2 * self._facts.hop)  # script may be about to close as well
        return not (self._server_closed or self._requested or self._stopped)

    def stream_over(self, over: StreamOver) -> None:
        answered = _close_answered(self._reading)
        shut = self._close_right_before(over.at)
        if shut is not None and ended_unasked(self._reading, answered, over.at):
            self.wait(shut)
        else:
            waited = answered is not None and answered <= over.at
            self.wait(over.at + (2 * self._facts.hop if waited else 0))
        if over.orderly and not self._server_closed and over.at - self._since < self._facts.together:
            self._tasks.clear()  # an end that comes with the 200 mostly overtakes open
        self._ended(over.at, reset=not over.orderly)

    def end(self, ended: Ended) -> None:
        """The recording is over: end the connection if it ended, else run the remaining timer."""
        at = ended.at
        shut = self._close_right_before(at) if self._room_at is None else None
        if shut is not None and ended_unasked(self._reading, _close_answered(self._reading), at):
            at = shut
        self.wait(at)
        if ended.how in LOST:
            self._ended(at, reset=ended.how in BROKEN)
            return
        self._run_out()
        if self._close_due is not None:
            self._script.assume(unanswered(self._facts.closing_timeout))
            self.wait(self._close_due)
            self._run_out()

    def _close_right_before(self, now: int) -> int | None:
        """When the server's Close was read, if that was so shortly before *now* that Firefox sees the end
        together with it; None otherwise."""
        if self._server_closed and not self._stopped and now - self._shut < self._facts.together:
            return self._shut
        return None

    def _ended(self, now: int, *, reset: bool) -> None:
        """Handle the end of the connection."""
        if not self._stopped:
            self.because = f"the connection {'was reset' if reset else 'ended'}: {_CHANNEL}"
            self._break_off(now, Stop.FAILED if reset else Stop.ENDED, lost=self._server_closed)
        elif (
            self._server_closed
            and now - self._shut < self._facts.race
            and not ended_in_answer(self._reading, _close_answered(self._reading), now)
        ):
            self.races = self.races or (
                "TCP ended right after the Close: if Firefox sees the end before it sends its own Close, the "
                f"close is not clean{', and an error event comes first' if reset else ''}"
            )
        self._run_out()

    def _break_off(self, now: int, how: Stop, *, lost: bool) -> None:
        """Stop although neither side asked for it. Right after the handshake the script hears nothing of what
        came before except the code of a Close, if that is *lost* (measured); a moment earlier or later it would
        have heard all."""
        if lost and not self._open and self._room_at is None:
            self._tasks.clear()
        if now - self._since < self._facts.race:
            self.races = (
                "TCP ended together with the handshake: the script may see none of the events before the end"
            )
        elif self._server_closed and not self._close_sent:
            self.races = "TCP ended right after the Close: a moment later, and the close would be clean"
        self._stop(now, how)

    def _later(self, now: int, task: Callable[[int], None]) -> None:
        self._number += 1
        heappush(self._tasks, (max(now + self._facts.hop, self._opens), self._number, task))

    def _handle(self, unit: Unit, now: int) -> None:
        if self._server_closed:
            return
        if unit.control:
            self._control(unit, now)
        elif unit.opcode == TEXT:
            try:
                text = self._inflated(unit.payload).decode("utf-8")
            except UnicodeDecodeError:
                raise BadFrame("a text message is not UTF-8") from None
            self._later(now, lambda due: self._message(text, due))
        elif unit.opcode == BINARY:
            data = self._inflated(unit.payload)
            self._later(now, lambda due: self._message(data, due))
        elif unit.opcode != CONTINUATION:
            raise BadFrame(f"unknown opcode {unit.opcode}")

    def _inflated(self, payload: bytes) -> bytes:
        if self._inflater is None or not self._reader.deflated:
            return payload
        self._reader.deflated = False
        try:
            return self._inflater.feed_in_pieces(payload, _INFLATED_PIECE)
        except ValueError:
            raise BadFrame("a message does not inflate") from None

    def _control(self, unit: Unit, now: int) -> None:
        if len(unit.payload) > _MAX_CONTROL_PAYLOAD:
            raise BadFrame("a control frame is too long")
        if unit.opcode == CLOSE:
            self._close(unit.payload, now)
        elif unit.opcode == PING:
            self._pong_due = now
        elif unit.opcode != PONG:
            raise BadFrame(f"unknown opcode {unit.opcode}")

    def _close(self, payload: bytes, now: int) -> None:
        """Handle the server's Close. Firefox accepts any code, and reads a payload of one byte as an empty
        one."""
        self._server_closed = True
        self._shut = now
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else _NO_STATUS
        try:
            reason = payload[2:].decode("utf-8")
        except UnicodeDecodeError:
            raise BadFrame("the reason of a Close is not UTF-8") from None
        self._close_due = None
        self.because = f"the server sent Close {code}: {_CHANNEL}"
        self._told = code, reason
        self._later(now, self._on_server_close)
        if self._close_sent:
            self._stop(now, Stop.CLEAN)

    def _stop(self, now: int, how: Stop) -> None:
        """StopSession: ignore everything that arrives later."""
        self._stopped = True
        self._close_due = None
        self._later(now, lambda due: self._on_stop(how))

    def _request_close(self, now: int) -> None:
        if not self._requested:
            self._requested = True
            self._later(now, self._send_close)

    def _send_close(self, now: int) -> None:
        """PrimeNewOutgoingMessage, on the socket thread."""
        if self._stopped:
            return
        self._close_sent = True
        room = now if self._room_at is None else self._room_at(now)
        if self._server_closed and room == now:
            self._stop(now, Stop.CLEAN)
            return
        self._close_due = now + self._facts.closing_timeout * SECOND
        if self._server_closed and room is not None and room < self._close_due:
            self._later(room, self._on_room)

    def _on_room(self, now: int) -> None:
        """Continue after the server has widened the window, which was too small for the client's Close."""
        if not self._stopped:
            self._shut = now
            self._stop(now, Stop.CLEAN)

    def _message(self, data: str | bytes, now: int) -> None:
        self._script.message(data)
        self.called(now)

    def _on_start(self, now: int) -> None:
        self._open = True
        self._script.opened(self._agreed.protocol, self._agreed.extensions)
        self.called(now)

    def _on_server_close(self, now: int) -> None:
        """OnServerClose: answer the Close, unless the script has already called close()."""
        if self._script.ready_state == OPEN:
            self._script.ready_state = CLOSING
            self._request_close(now)

    def _on_stop(self, how: Stop) -> None:
        """ScheduleConnectionCloseEvents, DispatchConnectionCloseEvents."""
        code, reason = self._told
        close(self._script, self._url, self._facts, code, reason, how)


def _close_answered(reading: Reading) -> int | None:
    """When wsprobe sent its Close in answer to the server's; None if it sent none.

    Everything that the server did after that, it would have done after Firefox's Close too.
    """
    if reading.session is None or own_close(reading) is not None:
        return None
    ours = first_close(reading.session.sent)
    return None if ours is None else ours.at


def close(script: WebSocket, url: str, facts: Facts, code: int, reason: str, how: Stop) -> None:
    """Console line and ``error`` for a failure, then ``close``."""
    if how is Stop.FAILED:
        complain(script, url, facts)
        script.error()
    script.closed(code, reason, clean=how is Stop.CLEAN)


def complain(script: WebSocket, url: str, facts: Facts) -> None:
    """ConsoleError: one sentence until the WebSocket is open, another from then on."""
    key = "not-connected" if script.ready_state < OPEN else "interrupted"
    script.console.append(facts.console[key].format(url=url))
