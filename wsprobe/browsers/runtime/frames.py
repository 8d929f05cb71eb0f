"""After ``open``: how the runtimes read frames. Each runtime adds its own checks and events."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from wsprobe.browsers.inflate import TOO_LONG, OneStream, TooLong
from wsprobe.browsers.life import Session
from wsprobe.browsers.runtime.facts import RuntimeFacts
from wsprobe.browsers.runtime.heads import Opened
from wsprobe.browsers.script import UNLIMITED, WebSocket, unanswered
from wsprobe.exchange import LOST, SECOND, Ended
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

MOST_SAFE = 2**53 - 1
"""Number.MAX_SAFE_INTEGER."""
NO_STATUS = 1005

Facts = TypeVar("Facts", bound=RuntimeFacts)


class Header:
    """The header of a frame. ``length`` (bytes of payload) is negative until it has been read."""

    __slots__ = ("code", "final", "first", "length", "masked", "opcode")

    def __init__(self, first: int, second: int) -> None:
        self.first = first
        self.final = first & 0x80 != 0
        self.opcode = first & 0x0F
        self.masked = second >= 0x80
        self.code = second & 0x7F
        """The seven bits of the length: the length itself, or 126 or 127 if it follows (RFC 6455 section
        5.2)."""
        self.length = -1

    @property
    def is_control(self) -> bool:
        return self.opcode >= CLOSE

    @property
    def is_data(self) -> bool:
        return self.opcode in (TEXT, BINARY)

    @property
    def known(self) -> bool:
        return self.opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)

    @property
    def rsv1(self) -> bool:
        return self.first & 0x40 != 0

    @property
    def rsv23(self) -> bool:
        return self.first & 0x30 != 0


class Wrong(Exception):
    """The runtime must fail the connection. ``args`` are the arguments of ``FrameSession.fail``: the key of a
    failure in the facts, and what else the runtime needs."""


Checks = tuple[tuple[str, Callable[[Header, Any], bool]], ...]
"""(key of the failure, whether a frame that begins so fails in this session)."""


class FrameSession(Session, Generic[Facts]):
    """An open WebSocket in a runtime, which reads frames one by one.

    *url*: the URL of the socket, for messages.
    """

    limit: int | None = None
    """Seconds for the closing handshake; None: no limit."""
    source: str
    """The source file that completes the opening handshake."""
    checks: Checks = ()
    """The checks of the first two bytes of a frame, in the runtime's order."""

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts, url: str) -> None:
        self.script = script
        self.opened = opened
        self.facts = facts
        self.url = url
        self.buffer = bytearray()
        self.inflater = None
        if opened.deflates and opened.bits:
            self.inflater = OneStream(opened.bits, opened.takeover, opened.masked)
        self.at = 0
        """When the bytes being read arrived, in microseconds."""
        self.due: int | None = None
        """When the limit expires, in microseconds; None if it is not running."""
        self.over = False
        """True once nothing can happen any more."""
        self.races = ""
        self.because = f"the handshake is valid: {self.source}"
        self._header: Header | None = None

    # Each runtime defines these.

    @property
    @abstractmethod
    def closing(self) -> bool:
        """True once either side has begun to close or to end the connection. From then on, only the end of the
        connection can still change the result."""

    @abstractmethod
    def measured(self, header: Header) -> None:
        """Check the length of a frame, once it is known. Raises Wrong."""

    @abstractmethod
    def frame(self, header: Header, payload: bytes) -> None:
        """Handle a complete frame. Raises Wrong."""

    @abstractmethod
    def fail(self, *wrong: Any) -> None:
        """Fail the connection. *wrong*: the ``args`` of a Wrong."""

    @abstractmethod
    def lost(self, ended: Ended) -> None:
        """Handle the end of the connection by the server or the network."""

    def expired(self) -> None:
        """Handle the expiry of the limit for the closing handshake."""
        return None

    def ends(self, code: int, reason: str = "", *, clean: bool) -> None:
        """Fire ``close``; nothing can happen after it."""
        self.over = True
        self.script.closed(code, reason, clean=clean)

    def stopped(self) -> bool:
        """True while the runtime reads no frames, for now or for good."""
        return self.over

    def begun(self, header: Header) -> None:
        """Take note of a frame whose first two bytes passed the checks."""
        return None

    # All runtimes share these.

    def check(self, header: Header) -> None:
        """Check the first two bytes of a frame. Raises Wrong."""
        for key, is_wrong in self.checks:
            if is_wrong(header, self):
                raise Wrong(key, {"opcode": header.opcode, "length": header.code})
        self.begun(header)

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        if not self.over:
            self.at = at
            self.buffer += data
            self.run()

    def run(self) -> None:
        """Read all complete frames in the buffer."""
        self.attempt(self._steps)

    def attempt(self, act: Any, *args: Any) -> None:
        """Call *act*. On Wrong, fail the connection; on TooLong, end the view there."""
        try:
            act(*args)
        except Wrong as wrong:
            self.fail(*wrong.args)
        except TooLong:
            self.because = TOO_LONG
            self.over = True

    def _steps(self) -> None:
        while not self.stopped() and self._step():
            pass

    def _step(self) -> bool:
        """Read one frame, or check as much of one as has arrived. Returns False if more bytes are needed.

        Raises Wrong.
        """
        header, buffer = self._header, self.buffer
        if header is None:
            if len(buffer) < 2:
                return False
            header = Header(buffer[0], buffer[1])
            del buffer[:2]
            self.check(header)
            self._header = header
        if header.length < 0:
            extra = {126: 2, 127: 8}.get(header.code, 0)
            size = extra + 4 * header.masked  # the masking key, which a server must not use
            if len(buffer) < size:
                return False
            header.length = int.from_bytes(buffer[:extra], "big") if extra else header.code
            del buffer[:size]
            self.measured(header)
        if len(buffer) < header.length:
            return False
        self._header = None
        payload = bytes(buffer[: header.length])
        del buffer[: header.length]
        self.frame(header, payload)
        return True

    def quiet(self, at: int) -> bool:
        self.wait(at)
        return not self.script.close_called and not self.over and not self.closing

    def begin_limit(self, at: int) -> None:
        if self.due is None and self.limit is not None:
            self.due = at + self.limit * SECOND

    def wait(self, at: int) -> None:
        if self.due is not None and at >= self.due and not self.over:
            self.expired()

    def end(self, ended: Ended) -> None:
        self.wait(ended.at)
        if self.over:
            return
        if ended.how in LOST:
            self.lost(ended)
        elif self.closing:
            self.script.assume(UNLIMITED if self.limit is None else unanswered(self.limit))
            if self.due is not None:
                self.wait(self.due)


def close_of(payload: bytes) -> tuple[int, bytes]:
    """Code and reason of a Close frame with this *payload*."""
    return (int.from_bytes(payload[:2], "big"), payload[2:]) if payload else (NO_STATUS, b"")


def text_of(payload: bytes) -> str:
    """The text of a message or a reason. Raises Wrong with the key ``utf-8``."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong("utf-8") from None


def is_valid(code: int) -> bool:
    """True for a code that a Close may carry (ws lib/validation.js, undici lib/web/websocket/util.js)."""
    return (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) or 3000 <= code <= 4999
