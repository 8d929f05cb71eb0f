"""What every open session does, whoever holds it: ``wsprobe.session.planned_session`` or
``wsprobe.talk.session``.

Both read frames and write frames, answer the peer's Close, fail the connection for the peer's first fault, and
are over some time after a Close.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Literal, Protocol

from wsprobe.exchange import SECOND, Limits, Plan
from wsprobe.read.reading import Head
from wsprobe.wire.framing import CONTROL_MAX, Control, FrameFault, FrameReader, FrameWriter, Incoming

USUAL = Limits()

FAILED_WAIT = SECOND
"""Time for the peer to end its stream after the Close with which we fail the connection. Its answer does not
matter any more (RFC 6455 section 7.1.7)."""

FIRST_REPLY = 3.0
"""Seconds to wait for the first message after what we sent."""
SILENCE = 1.0
"""Seconds without a message after which a server has said what it has to say."""


TOO_LARGE = 1009
"""The code of a fault that is only our own limit on a message."""


class Awaited(Protocol):
    """The messages for which the caller keeps the session open."""

    def heard(self, data: bytes) -> bool:
        """Take the content of one message; return whether nothing more is awaited."""


class Phase(Enum):
    """The state of the conversation."""

    HEAD = "head"
    """Waiting for the end of a head, of the final answer or of an interim (1xx) answer, or for the rest of the
    handshake."""
    BODY = "body"
    """The final answer is not a 101; its body is being read."""
    OPEN = "open"
    """A 101 arrived, on the loosest reading. The judge decides whether it is valid."""
    CLOSING = "closing"
    """A Close frame was sent. Bytes that still arrive are evidence and are kept."""
    DONE = "done"


Stop = Literal["local", "limit", "timeout"]
"""Why the client itself stopped, in the words of ``exchange.Ended.how``."""


def in_proportion(most: int, room: int, usual: int, least: int | None = None) -> int:
    """The limit on pieces for a byte limit of *room*: *most* for the *usual* room, fewer in proportion for less
    room, but never fewer than *least*.

    Small pieces cost the most time per byte, so pieces have a limit as well as bytes.
    """
    return max(most if least is None else least, most * room // usual)


class OpenSession(ABC):
    """One open session. Times are microseconds since the start of the exchange."""

    def __init__(
        self, plan: Plan, reader: FrameReader, writer: FrameWriter, at: int, awaited: Awaited | None = None
    ) -> None:
        self.phase = Phase.OPEN
        self.stop: Stop = "local"
        self.why = ""
        self.plan = plan
        self.close_received: Control | None = None
        """The peer's first Close."""
        self.fault: FrameFault | None = None
        """The peer's fault for which the connection was failed."""
        self._reader = reader
        self._writer = writer
        self._awaited = awaited
        self._frames_before = 0
        self._now = at
        self._deadline = at
        """When a session that is closing is over, whatever has arrived."""

    @property
    def frames(self) -> int:
        """The number of the peer's frames so far."""
        return self._reader.frames

    @property
    @abstractmethod
    def wake_at(self) -> int | None:
        """When the clock next matters."""

    @abstractmethod
    def begin(self) -> bytes:
        """Bytes to send as soon as the session is open."""

    @abstractmethod
    def receive(self, data: bytes, at: int) -> bytes:
        """Take the next bytes; return the bytes to send in answer."""

    @abstractmethod
    def timer(self, at: int) -> bytes:
        """Take the time; return the bytes now due."""

    def _spoke_to(self, data: bytes, found: Sequence[Incoming]) -> bool:
        """Whether *data*, in which *found* was complete, has a message or a part of one: anything but control
        frames."""
        frames, self._frames_before = self.frames - self._frames_before, self.frames
        fragments = frames > len(found)
        part = max(len(data), self._reader.ahead) > CONTROL_MAX  # longer than the rest of a control frame
        return fragments or part or not all(isinstance(each, Control) for each in found)

    def _answered(self, close: Control, wait: int) -> bytes:
        """Answer the peer's *close*, unless we have sent ours; the session is over after *wait* then."""
        self.close_received = close
        if self.phase is Phase.OPEN:
            return self._closing(self._writer.answer(close.data), wait)
        self._deadline = self._now + wait
        return b""

    def _fail(self, fault: FrameFault) -> bytes:
        """Fail the connection for *fault* (section 7.1.7): a Close with its code, unless we have sent one.

        The code is never 1010, for a missing extension: wsprobe can do without each one that it offers."""
        self.fault = fault
        if self.phase is Phase.OPEN:
            return self._closing(self._writer.close(fault.code, fault.reason), FAILED_WAIT)
        self._deadline = self._now + FAILED_WAIT
        return b""

    def _closing(self, frame: bytes | None, wait: int) -> bytes:
        """Begin to close with *frame*; None: this wire version closes by dropping the connection."""
        if frame is None:
            self._end("local")
            return b""
        self.phase = Phase.CLOSING
        self._deadline = self._now + wait
        return frame

    def _end(self, stop: Stop, why: str = "") -> None:
        self.phase = Phase.DONE
        self.stop = stop
        self.why = why


SessionMaker = Callable[[Plan, Head, int], OpenSession]
"""(plan, head of the answer that opened, time) -> the session that it opened."""
