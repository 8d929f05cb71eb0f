"""After ``open``: frames as Bun reads them, and what script is told of them.

Source: bun src/http/websocket_client.zig (handleData); 1.4.5 is stricter than the sources that are public, so
the order of the checks is the measured one.
"""

from __future__ import annotations

from wsprobe.browsers.bun.facts import Facts
from wsprobe.browsers.inflate import TOO_LONG, OneStream, TooLong
from wsprobe.browsers.runtime.buffer import Buffer
from wsprobe.browsers.runtime.client import LOST, Opened, RuntimeSession
from wsprobe.browsers.script import CLOSED, CLOSING, OPEN, WebSocket, unanswered
from wsprobe.browsers.ws.session import is_valid
from wsprobe.exchange import SECOND, Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

_SOURCE = "bun src/http/websocket_client.zig"
_MOST_SAFE = 2**53 - 1


class _Wrong(Exception):
    """The key of a failure, and what is filled into its text."""

    def __init__(self, key: str, **values: int) -> None:
        self.key = key
        self.values = values


class BunSession(RuntimeSession):
    """Reads frames one by one."""

    def __init__(self, script: WebSocket, opened: Opened, url: str, facts: Facts) -> None:
        self.script = script
        self._facts = facts
        self._url = url
        self._buffer = Buffer()
        self._inflater = OneStream(opened.bits, opened.takeover) if opened.deflates else None
        self._header: _Header | None = None
        self._message: list[bytes] | None = None
        self._type = TEXT
        self._waiting = 0
        self._compressed = False
        self._at = 0
        self._due: int | None = None
        self.over = False
        self.races = ""
        self.because = "the handshake is valid: bun src/http/websocket_client/WebSocketUpgradeClient.zig"

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        if self.over:
            return
        self._buffer.add(data)
        self._at = at
        try:
            while not self.over and self._step():
                pass
        except _Wrong as wrong:
            self._fail(wrong.key, **wrong.values)
        except TooLong:
            self.because = TOO_LONG
            self.over = True

    def called(self, at: int) -> None:
        if self._due is None and self.script.close_call is not None:
            self._due = at + self._facts.close_timeout * SECOND

    def wait(self, at: int) -> None:
        if self._due is not None and at >= self._due and not self.over:
            self.because = f"no Close from the server within {self._facts.close_timeout} s: {_SOURCE}"
            self._closed(1006, "", clean=False)

    @property
    def closing(self) -> bool:
        return self._due is not None

    def end(self, ended: Ended) -> None:
        self.wait(ended.at)
        if self.over:
            return
        if ended.how in LOST:
            self.because = f"the connection ended: {_SOURCE}"
            self._closed(1006, "", clean=False)
        elif self._due is not None:
            self.script.assume(unanswered(self._facts.close_timeout))
            self.wait(self._due)

    def _step(self) -> bool:
        """One frame, or as much of it as is decided by what came; False if more is needed. Raises _Wrong."""
        if self._header is None:
            if len(self._buffer) < 2:
                return False
            self._header = self._begun(*self._buffer.take(2))
        header = self._header
        if header.length < 0:
            extra = 2 if header.code == 126 else 8
            if len(self._buffer) < extra:
                return False
            header.length = int.from_bytes(self._buffer.take(extra), "big")
            if header.length > _MOST_SAFE:
                raise _Wrong("length")
        if header.opcode < CLOSE and header.length + self._waiting > self._facts.most_message:
            raise _Wrong("too-big")
        if len(self._buffer) < header.length:
            return False
        self._header = None
        payload = self._buffer.take(header.length)
        if header.opcode == CLOSE:
            self._close(payload)
        elif header.opcode < CLOSE:
            self._data(header, payload)
        return True

    def _begun(self, first: int, second: int) -> _Header:
        """Every check of the first two bytes, in order. Raises _Wrong."""
        opcode, final, code = first & 0x0F, first & 0x80 != 0, second & 0x7F
        if first & 0x30:
            raise _Wrong("rsv23")
        if second & 0x80:
            raise _Wrong("mask")
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise _Wrong("opcode", opcode=opcode)
        if opcode == CONTINUATION and self._message is None:
            raise _Wrong("unexpected", opcode=opcode)
        if opcode in (TEXT, BINARY) and self._message is not None:
            raise _Wrong("unexpected", opcode=opcode)
        if opcode >= CLOSE and not final:
            raise _Wrong("fragmented")
        compressed = first & 0x40 != 0
        if compressed and (self._inflater is None or opcode not in (TEXT, BINARY)):
            raise _Wrong("rsv1")
        if opcode >= CLOSE and (code > 125 or (opcode == CLOSE and code == 1)):
            raise _Wrong("control", length=code)
        if opcode in (TEXT, BINARY):
            self._type, self._compressed, self._message = opcode, compressed, []
        return _Header(opcode, final, code)

    def _data(self, header: _Header, payload: bytes) -> None:
        assert self._message is not None
        self._message.append(payload)
        self._waiting += len(payload)
        if not header.final:
            return
        message, self._message, self._waiting = b"".join(self._message), None, 0
        if self._compressed and self._inflater is not None:
            try:
                message = self._inflater.feed(message, True)
            except ValueError:
                raise _Wrong("deflate") from None
            if len(message) > self._facts.most_message:
                raise _Wrong("too-big")
        if self._type == BINARY:
            self._deliver(message)
            return
        try:
            text = message.decode("utf-8")
        except UnicodeDecodeError:
            raise _Wrong("utf-8") from None
        self._deliver(text)

    def _deliver(self, data: str | bytes) -> None:
        if self.script.ready_state == OPEN:
            self.script.message(data)
            self.called(self._at)

    def _close(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else 1005
        if payload and not is_valid(code):
            raise _Wrong("close-code", code=code)
        try:
            reason = payload[2:].decode("utf-8")
        except UnicodeDecodeError:
            raise _Wrong("utf-8") from None
        self.because = f"the server sent Close {code}: {_SOURCE}"
        self.script.ready_state = CLOSING
        self._closed(code, reason, clean=True)

    def _fail(self, key: str, **values: int) -> None:
        text, code = self._facts.failures[key]
        failure = text.format(**values)
        message = self._facts.failed.format(url=self._url, failure=failure)
        self.because = f"{failure}: {_SOURCE}"
        self.script.error(CLOSED, message, f"Error: {message} [{code}]")
        self._closed(1006, "", clean=False)

    def _closed(self, code: int, reason: str, *, clean: bool) -> None:
        self.over = True
        self.script.closed(code, reason, clean=clean)


class _Header:
    __slots__ = ("code", "final", "length", "opcode")

    def __init__(self, opcode: int, final: bool, code: int) -> None:
        self.opcode = opcode
        self.final = final
        self.code = code
        self.length = code if code <= 125 else -1
