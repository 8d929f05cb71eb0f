"""An open WebSocket: what the socket thread does with bytes, and the main thread with what it hears of them.

Sources: netwerk/protocol/websocket/WebSocketChannel.cpp (socket thread), dom/websocket/WebSocket.cpp (main
thread). Each tells the other by a task that takes a moment; so a connection that ends right behind a Close
frame has ended before that was answered, and the close is not clean.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from heapq import heappop, heappush

from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.firefox.net.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    BadFrame,
    FrameReader,
    Unit,
)
from wsprobe.browsers.firefox.net.handshake import ABNORMAL, Opened
from wsprobe.browsers.script.inflate import Inflater
from wsprobe.browsers.script.websocket import CLOSING, OPEN, WebSocket

_SECOND = 1_000_000
_CHANNEL = "netwerk/protocol/websocket/WebSocketChannel.cpp"
_NO_STATUS = 1005
_MAX_CONTROL_PAYLOAD = 125
_INFLATED_PIECE = 4096
"""PMCECompression::kBufferLen."""


class Stop(Enum):
    """How a session stopped (the status of OnStop)."""

    CLEAN = auto()
    ENDED = auto()
    """NS_BASE_STREAM_CLOSED: not clean, and not an error either."""
    FAILED = auto()


class Channel:
    """Drives *script*'s WebSocket from its ``open`` to its ``close``. Times are microseconds, in order."""

    def __init__(self, script: WebSocket, url: str, agreed: Opened, facts: Facts) -> None:
        deflate = agreed.deflate
        self._script = script
        self._agreed = agreed
        self._url = url
        self._facts = facts
        self._reader = FrameReader(deflate is not None, facts)
        # The window is kept whatever was agreed: only the sending side resets (PMCECompression).
        self._inflater = Inflater(deflate.server_bits) if deflate is not None else None
        self._tasks: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = 0
        self._close_due: int | None = None
        self._server_closed = False
        self._close_sent = False
        self._requested = False
        self._stopped = False
        self._told = (ABNORMAL, "")
        self._open = False
        self._since = self._opens = 0
        self.races = ""
        self.because = f"the handshake holds: {_CHANNEL}"

    @property
    def quiet(self) -> bool:
        """True as long as neither side has begun to close."""
        return not (self._server_closed or self._requested or self._stopped)

    def at(self, now: int) -> None:
        """Run what is due by *now*."""
        while self._tasks and self._tasks[0][0] <= now:
            due, _, task = heappop(self._tasks)
            task(due)
        if self._close_due is not None and now >= self._close_due and not self._stopped:
            due = self._close_due
            self.because = f"no Close from the server within {self._facts.closing_timeout} s: {_CHANNEL}"
            self._stop(due, Stop.FAILED)
            self.at(now)

    def run_out(self) -> None:
        """Nothing more comes: run what has been begun."""
        while self._tasks:
            self.at(self._tasks[0][0])

    def start(self, now: int) -> None:
        """The connection is taken over: the main thread will hear of it (StartWebsocketData)."""
        self._since = now
        self._opens = now + 2 * self._facts.hop
        self._later(now, self._on_start)

    def after_script(self, now: int) -> None:
        """Script had its say: send a Close if it called close() (WebSocketImpl::CloseConnection)."""
        if self._script.close_call is not None:
            self._request_close(now)

    def receive(self, data: bytes, now: int) -> None:
        """Take bytes (OnInputStreamReady)."""
        if self._stopped:
            return
        try:
            for unit in self._reader.read(data):
                self._handle(unit, now)
                if self._stopped:
                    return
        except BadFrame as fault:
            self.because = f"{fault}: {_CHANNEL}"
            self._break_off(now, Stop.FAILED, lost=True)

    def end(self, now: int, *, reset: bool) -> None:
        """The connection ended."""
        if not self._stopped:
            self.because = f"the connection {'was reset' if reset else 'ended'}: {_CHANNEL}"
            self._break_off(now, Stop.FAILED if reset else Stop.ENDED, lost=self._server_closed)
        self.run_out()

    def _break_off(self, now: int, how: Stop, *, lost: bool) -> None:
        """Stop where nobody asked to. Right behind the handshake script hears nothing of what came before but
        the code of a Close, if it is *lost* (measured); a moment more or less, and it would have."""
        if lost and not self._open:
            self._tasks.clear()
        if now - self._since < self._facts.race:
            self.races = "the end came with the handshake: script may be told nothing of what came before it"
        elif self._server_closed and not self._close_sent:
            self.races = "the end came right behind the Close: a moment later, and the close would be clean"
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
            raise BadFrame(f"opcode {unit.opcode} is not known")

    def _inflated(self, payload: bytes) -> bytes:
        if self._inflater is None or not self._reader.deflated:
            return payload
        self._reader.deflated = False
        try:
            return self._inflater.feed_in_pieces(payload, _INFLATED_PIECE)
        except ValueError:
            raise BadFrame("a message cannot be inflated") from None

    def _control(self, unit: Unit, now: int) -> None:
        if len(unit.payload) > _MAX_CONTROL_PAYLOAD:
            raise BadFrame("a control frame is too long")
        if unit.opcode == CLOSE:
            self._close(unit.payload, now)
        elif unit.opcode not in (PING, PONG):
            raise BadFrame(f"opcode {unit.opcode} is not known")

    def _close(self, payload: bytes, now: int) -> None:
        """Any code is taken, and one byte is as good as none."""
        self._server_closed = True
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
        """StopSession: nothing that comes later counts."""
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
        if self._server_closed:
            self._stop(now, Stop.CLEAN)
        else:
            self._close_due = now + self._facts.closing_timeout * _SECOND

    def _message(self, data: str | bytes, now: int) -> None:
        self._script.message(data)
        self.after_script(now)

    def _on_start(self, now: int) -> None:
        self._open = True
        self._script.opened(self._agreed.protocol, self._agreed.extensions)
        self.after_script(now)

    def _on_server_close(self, now: int) -> None:
        """OnServerClose: answer, unless script has closed already."""
        if self._script.ready_state == OPEN:
            self._script.ready_state = CLOSING
            self._request_close(now)

    def _on_stop(self, how: Stop) -> None:
        """ScheduleConnectionCloseEvents, DispatchConnectionCloseEvents."""
        code, reason = self._told
        close(self._script, self._url, self._facts, code, reason, how)


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
