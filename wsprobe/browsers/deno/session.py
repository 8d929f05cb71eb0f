"""After ``open``: frames as Deno reads them, and what script is told of them.

Sources: fastwebsockets 0.10 src/lib.rs (ReadHalf), src/fragment.rs (Fragments), src/close.rs; deno
ext/websocket/lib.rs (op_ws_next_event), 01_websocket.js (_eventLoop).
"""

from __future__ import annotations

from codecs import getincrementaldecoder

from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.runtime.buffer import Buffer
from wsprobe.browsers.runtime.client import RuntimeSession
from wsprobe.browsers.script import CLOSED, UNLIMITED, WebSocket
from wsprobe.exchange import Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

_OPCODES = (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)
_READ = "fastwebsockets src/lib.rs"
_FRAGMENTS = "fastwebsockets src/fragment.rs"
_LOOP = "deno ext/websocket/01_websocket.js"
_NO_STATUS = 1005
_NO_NOTIFY = (
    "peer closed connection without sending TLS close_notify: "
    "https://docs.rs/rustls/latest/rustls/manual/_03_howto/index.html#unexpected-eof"
)
_RESET = "Connection reset by peer (os error 104)"


class _Wrong(Exception):
    """A WebSocketError: its message and where it is made."""

    def __init__(self, message: str, source: str = _READ) -> None:
        self.told = message, source


class DenoSession(RuntimeSession):
    """Reads frames one by one. A mask is read and not taken off: what was masked arrives so."""

    def __init__(self, script: WebSocket, facts: Facts) -> None:
        self.script = script
        self._facts = facts
        self._buffer = Buffer()
        self._header: _Header | None = None
        self._fragments: list[bytes] | None = None
        self._type = TEXT
        self._utf8 = getincrementaldecoder("utf-8")()
        self._texts: list[str] = []
        self._at = 0
        self._asked_at: int | None = None
        self._asked_now = False
        self.over = False
        self.races = ""
        self.because = f"the handshake is valid: {_READ}"

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        self._buffer.add(data)
        self._at = at
        try:
            while not self.over and self._step():
                pass
        except _Wrong as wrong:
            self._wrong(*wrong.told)
        self._asked_now = False

    @property
    def _closing(self) -> bool:
        """True once the script's close() has got through: op_ws_close is lazy, and is begun when the event loop
        turns, after all that is there already."""
        return self._asked_at is not None and not self._asked_now

    def called(self, at: int) -> None:
        if self._asked_at is None and self.script.close_call is not None:
            self._asked_at, self._asked_now = at, True

    def wait(self, at: int) -> None:
        """There is no time limit for the closing handshake."""
        if self._asked_at is not None and at > self._asked_at:
            self._asked_now = False

    @property
    def closing(self) -> bool:
        return self._asked_at is not None

    def end(self, ended: Ended) -> None:
        self.wait(ended.at)
        if self.over:
            return
        match ended.how:
            case "fin":
                self._wrong("Unexpected EOF", _READ)
            case "truncated":
                self._wrong(_NO_NOTIFY, "rustls")
            case "reset" | "error":
                self._wrong(_RESET, "the connection")
            case _ if self.closing:
                self.script.assume(UNLIMITED)
            case _:
                pass

    def _step(self) -> bool:
        """One frame (parse_frame_header, read_frame_inner); False if more bytes are needed. Raises _Wrong."""
        if self._header is None:
            if len(self._buffer) < 2:
                return False
            first, second = self._buffer.take(2)
            if first & 0x70:
                raise _Wrong("Reserved bits are not zero")
            if first & 0x0F not in _OPCODES:
                raise _Wrong("Invalid value")
            self._header = _Header(first & 0x80 != 0, first & 0x0F, second & 0x7F, second >= 0x80)
        header = self._header
        if header.length < 0:
            extra = {126: 2, 127: 8}.get(header.code, 0)
            if len(self._buffer) < extra + 4 * header.masked:
                return False
            header.length = int.from_bytes(self._buffer.take(extra), "big") if extra else header.code
            self._buffer.take(4 * header.masked)
            if header.opcode >= CLOSE and not header.final:
                raise _Wrong("Control frame must not be fragmented")
            if header.opcode == PING and header.length > 125:
                raise _Wrong("Ping frame too large")
            if header.length >= self._facts.most_payload:
                raise _Wrong("Frame too large")
        if len(self._buffer) < header.length:
            return False
        self._header = None
        self._frame(header, self._buffer.take(header.length))
        return True

    def _frame(self, header: _Header, payload: bytes) -> None:
        match header.opcode:
            case 8:
                self._close(payload)
            case 9:
                if self._closing:  # the Pong cannot be written any more, and that is an error
                    raise _Wrong("Failed to send frame")
            case 10:
                pass
            case 1 if header.final and not _is_utf8(payload):
                raise _Wrong("Invalid UTF-8")
            case _:
                self._accumulate(header, payload)

    def _accumulate(self, header: _Header, payload: bytes) -> None:
        """Fragments::accumulate: a new message that is not final takes the place of one that has not ended."""
        if header.opcode == CONTINUATION:
            self._continue(header, payload)
        elif header.final:
            if self._fragments is not None:
                raise _Wrong("Invalid fragment", _FRAGMENTS)
            self._deliver(payload if header.opcode == BINARY else payload.decode("utf-8"))
        else:
            self._type, self._fragments = header.opcode, []
            self._utf8, self._texts = getincrementaldecoder("utf-8")(), []
            self._add(payload)

    def _continue(self, header: _Header, payload: bytes) -> None:
        if self._fragments is None:
            raise _Wrong("Invalid continuation frame", _FRAGMENTS)
        self._add(payload)
        if header.final:
            # Of a character that has not ended nothing is left.
            data = "".join(self._texts) if self._type == TEXT else b"".join(self._fragments)
            self._fragments = None
            self._deliver(data)

    def _add(self, payload: bytes) -> None:
        assert self._fragments is not None
        if self._type == BINARY:
            self._fragments.append(payload)
            return
        try:
            self._texts.append(self._utf8.decode(payload))
        except UnicodeDecodeError:
            raise _Wrong("Invalid UTF-8", _FRAGMENTS) from None

    def _deliver(self, data: str | bytes) -> None:
        """Also while CLOSING: the event loop does not ask for the state."""
        self.script.deliver(data)
        self.called(self._at)

    def _close(self, payload: bytes) -> None:
        if len(payload) == 1:
            raise _Wrong("Invalid close frame")
        code = int.from_bytes(payload[:2], "big") if payload else _NO_STATUS
        if not _is_utf8(payload[2:]):
            raise _Wrong("Invalid UTF-8")
        if payload and not _is_allowed(code):
            raise _Wrong("Invalid close code")
        self.because = f"the server sent Close {code}: {_LOOP}"
        self._closed(code, payload[2:].decode("utf-8"))

    def _wrong(self, message: str, source: str) -> None:
        """After the script's close() any error counts as the end that it asked for (op_ws_next_event)."""
        self.because = f"{message}: {source}"
        if self._closing:
            self._closed(_NO_STATUS, "")
            return
        self.over = True
        self.script.error(CLOSED, message, f"Error: {message}")
        self.script.closed(0, clean=False)

    def _closed(self, code: int, reason: str) -> None:
        self.over = True
        self.script.ready_state = CLOSED
        self.script.closed(code, reason, clean=True)


class _Header:
    __slots__ = ("code", "final", "length", "masked", "opcode")

    def __init__(self, final: bool, opcode: int, code: int, masked: bool) -> None:
        self.final = final
        self.opcode = opcode
        self.code = code
        self.masked = masked
        self.length = -1


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_allowed(code: int) -> bool:
    """CloseCode::is_allowed."""
    return code in (1000, 1001, 1002, 1003, *range(1007, 1014)) or 3000 <= code <= 4999
