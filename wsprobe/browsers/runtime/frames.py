"""After ``open``: frames as every runtime reads them. What it checks, and what script is told, is its own."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

from wsprobe.browsers.inflate import TOO_LONG, OneStream, TooLong
from wsprobe.browsers.life import Session
from wsprobe.browsers.runtime.answer import Opened
from wsprobe.browsers.runtime.buffer import Buffer
from wsprobe.browsers.runtime.facts import RuntimeFacts
from wsprobe.browsers.script import UNLIMITED, WebSocket, unanswered
from wsprobe.exchange import SECOND, Ended
from wsprobe.read.frames import CLOSE

LOST = ("fin", "truncated", "reset", "error")
"""Ends of the peer's making, or of the network's."""
MOST_SAFE = 2**53 - 1
"""Number.MAX_SAFE_INTEGER."""
NO_STATUS = 1005

Facts = TypeVar("Facts", bound=RuntimeFacts)


class Header:
    """Of a frame; ``length`` is negative until all of it is there."""

    __slots__ = ("code", "final", "first", "key", "length", "masked", "opcode")

    def __init__(self, first: int, second: int) -> None:
        self.first = first
        self.final = first & 0x80 != 0
        self.opcode = first & 0x0F
        self.masked = second >= 0x80
        self.code = second & 0x7F
        """The length, or 126 or 127."""
        self.length = -1
        self.key = b""
        """The mask's, if it is masked."""

    @property
    def is_control(self) -> bool:
        return self.opcode >= CLOSE


class Wrong(Exception):
    """What a runtime fails on; ``args`` are handed to ``fail``."""


class FrameSession(Session, Generic[Facts]):
    """An open WebSocket in a runtime: reads frames one by one.

    *url*: that of the socket, for messages.
    """

    limit: int | None = None
    """Seconds for the closing handshake; None: without a limit."""
    source: str
    """Where the handshake is completed."""

    def __init__(self, script: WebSocket, opened: Opened, facts: Facts, url: str) -> None:
        self.script = script
        self.opened = opened
        self.facts = facts
        self.url = url
        self.buffer = Buffer()
        self.inflater = OneStream(opened.bits, opened.takeover) if opened.deflates and opened.bits else None
        self.at = 0
        """When what is being read came."""
        self.due: int | None = None
        """When the limit is over."""
        self.over = False
        """True once nothing can happen any more."""
        self.races = ""
        self.because = f"the handshake is valid: {self.source}"
        self._header: Header | None = None

    # What is the runtime's own.

    @property
    @abstractmethod
    def closing(self) -> bool:
        """True once either side has begun to close, or to end the connection: what is received decides no more
        than the end of it."""

    @abstractmethod
    def check(self, header: Header) -> None:
        """Every check of the first two bytes, in order. Raises Wrong."""

    @abstractmethod
    def measured(self, header: Header) -> None:
        """The checks of the length. Raises Wrong."""

    @abstractmethod
    def frame(self, header: Header, payload: bytes) -> None:
        """A whole frame. Raises Wrong."""

    @abstractmethod
    def fail(self, *wrong: Any) -> None:
        """The runtime fails on *wrong*, the ``args`` of a Wrong."""

    @abstractmethod
    def lost(self, ended: Ended) -> None:
        """The connection ended."""

    def expired(self) -> None:
        """The limit is over."""
        return None

    def stopped(self) -> bool:
        """True where the runtime reads no more frames, for now or at all."""
        return self.over

    # What is alike.

    def receive(self, data: bytes, at: int) -> None:
        self.wait(at)
        if not self.over:
            self.at = at
            self.buffer.add(data)
            self.run()

    def run(self) -> None:
        """Read what there is."""
        self.attempt(self._steps)

    def attempt(self, act: Any, *args: Any) -> None:
        """Call *act*, and fail on what it raises."""
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
        """One frame, or as much of it as is decided by what came; False if more is needed. Raises Wrong."""
        header = self._header
        if header is None:
            if len(self.buffer) < 2:
                return False
            header = Header(*self.buffer.take(2))
            self.check(header)
            self._header = header
        if header.length < 0:
            extra = {126: 2, 127: 8}.get(header.code, 0)
            if len(self.buffer) < extra + 4 * header.masked:
                return False
            header.length = int.from_bytes(self.buffer.take(extra), "big") if extra else header.code
            header.key = self.buffer.take(4 * header.masked)
            self.measured(header)
        if len(self.buffer) < header.length:
            return False
        self._header = None
        self.frame(header, self.buffer.take(header.length))
        return True

    def quiet(self, at: int) -> bool:
        self.wait(at)
        return self.script.close_call is None and not self.over and not self.closing

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
    """Code and reason of a Close frame."""
    return (int.from_bytes(payload[:2], "big"), payload[2:]) if payload else (NO_STATUS, b"")


def is_valid(code: int) -> bool:
    """The codes that a Close may carry (ws lib/validation.js, undici lib/web/websocket/util.js)."""
    return (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) or 3000 <= code <= 4999


def zlib_words(error: str) -> str:
    """zlib's own message, as Node hands it on; Python puts words of its own around it."""
    return error.rpartition(": ")[2]
