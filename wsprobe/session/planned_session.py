"""An open session that goes by the plan: ``wsprobe.session.conversation`` after a 101."""

from __future__ import annotations

from math import inf
from typing import Literal

from msgspec import UNSET

from wsprobe.exchange import SECOND, Act, Limits, Plan
from wsprobe.read.frames import BINARY, FRAMES_MAX, PING, PONG, TEXT
from wsprobe.session.open_session import TOO_LARGE, USUAL, Awaited, OpenSession, Phase, in_proportion
from wsprobe.wire.framing import (
    CONTROL_MAX,
    Control,
    FrameFault,
    FrameReader,
    FrameWriter,
    Incoming,
    ReceivedMessage,
)
from wsprobe.wire.rfc6455 import Framed

ANSWER_WAIT = 2 * SECOND
"""Time for the peer's answer to our Close. RFC 6455 sets no limit. A server that reads its frames answers
within a round trip, and the slowest round trips on the Internet take under one second."""

FIN_WAIT = SECOND
"""Time for the peer to end its stream once both sides have sent a Close. RFC 6455 section 7.1.1 requires the
server to close first, and lets the client close if that does not happen "in a reasonable time period"."""

MOST_FIN_WAIT = 15 * SECOND
"""The same, if the linger is longer: wsprobe waits as long as an engine would (Chromium 2 s, libsoup 5 s,
undici without limit), to see what still arrives and how the connection ends."""

CLOSE_ROOM = 1.0
"""Seconds before max_time at which a session without another end is closed, so that the closing handshake is
part of the recording; at most a fifth of max_time."""

FRAMES_LEAST = 5_000
"""Frames that are always taken, even where little of a session is kept (`compare` and `trace` keep several)."""

PONGS_MAX = 1000
"""Pings answered in one session, so that wsprobe does not answer a flood with a flood."""

NEVER = 1 << 62
"""A time that no session reaches."""

OPCODES = {"text": TEXT, "binary": BINARY, "ping": PING}


class PlannedSession(OpenSession):
    """Watches an open session for the time that the plan's limits say, acts as planned, and closes with 1000.

    Which faults of the peer fail the connection is up to the reader: an observer of what browsers would get
    tolerates all, and records until the time is over.
    """

    def __init__(
        self, plan: Plan, reader: FrameReader, writer: FrameWriter, at: int, awaited: Awaited | None = None
    ) -> None:
        super().__init__(plan, reader, writer, at, awaited)
        limits = plan.limits
        self._latest = _latest(limits)
        self._silence = None if limits.silence is UNSET else round(limits.silence * SECOND)
        open_for = self._latest if limits.linger == inf else at + round(limits.linger * SECOND)
        self._deadline = min(open_for, self._latest)
        self._linger_over = self._deadline if self._latest == NEVER else at
        self._most = self._room = limits.max_session
        self._most_frames = in_proportion(FRAMES_MAX, self._room, USUAL.max_session, FRAMES_LEAST)
        self._acts = tuple(act for act in plan.acts if act.when != "time" or act.after >= at)
        self._pings = frozenset(act.data for act in plan.acts if act.do == "ping")
        self._only_pings = all(act.do == "ping" for act in plan.acts)
        self._pongs = PONGS_MAX

    @property
    def wake_at(self) -> int:
        """The next deadline, microseconds since the start."""
        return min([self._deadline, *(act.after for act in self._acts if act.when == "time")])

    def begin(self) -> bytes:
        """Bytes to send as soon as the session is open."""
        return self._perform("open")

    def receive(self, data: bytes, at: int) -> bytes:
        """Take the next bytes; return the bytes to send in answer."""
        self._now = at
        found = self._reader.receive(data)
        send = b"".join([self._react(each) for each in found])
        spoke = self._spoke_to(data, found) or (self._only_pings and any(map(self._is_pong, found)))
        if self._silence is not None and self.phase is Phase.OPEN and spoke:
            self._deadline = min(at + self._silence, self._latest)
        self._room -= len(data)
        if self.phase is not Phase.DONE:
            if self._room <= 0:
                self._end("limit", f"{self._most} bytes after the 101")
            elif self.frames > self._most_frames:
                self._end("limit", f"{self._most_frames} frames")
        return send

    def timer(self, at: int) -> bytes:
        """Take the time; return what is due."""
        self._now = at
        send = b""
        while self.phase is Phase.OPEN and self.wake_at <= at:
            send += self._due(self.wake_at)
        if self.phase is Phase.CLOSING and self._deadline <= at:
            self._end("local")
        return send

    def _due(self, when: int) -> bytes:
        """Do the first act due at *when*; close if the linger is over."""
        for act in self._acts:
            if act.when == "time" and act.after <= when:
                self._acts = tuple(other for other in self._acts if other is not act)
                return self._act(act)
        return self._closing_with(b"", 1000)

    def _perform(self, when: Literal["open", "message", "pong"]) -> bytes:
        """Do every act that waits for *when*, once."""
        due = [act for act in self._acts if act.when == when]
        if not due:
            return b""
        self._acts = tuple(act for act in self._acts if act.when != when)
        return b"".join([self._act(act) for act in due])

    def _act(self, act: Act) -> bytes:
        """Do it. After a Close that the plan sends, the session is still watched for the whole linger."""
        if self.phase is not Phase.OPEN:  # nothing may follow a Close (RFC 6455 section 5.5.1)
            return b""
        if act.do != "close":
            write = self._writer.frame if act.do == "ping" else self._writer.message
            return write(OPCODES[act.do], act.data)
        watched = self._deadline
        send = self._closing_with(act.data, act.code)
        self._deadline = max(self._deadline, watched)
        return send

    def _closing_with(self, reason: bytes, code: int | None) -> bytes:
        self._acts = ()
        return self._closing(self._writer.close(code, reason), ANSWER_WAIT)

    def _react(self, each: Incoming) -> bytes:
        if self.close_received is not None or self.fault is not None:
            return b""
        if isinstance(each, ReceivedMessage):
            return self._perform("message") + self._awaits(each)
        if isinstance(each, FrameFault):
            return self._failed(each)
        if each.what == "close":
            self._acts = ()
            wait = max(FIN_WAIT, min(MOST_FIN_WAIT, self._linger_over - self._now))
            return self._answered(each, wait)
        if each.what == "ping":
            return self._pong(each.data)
        return self._perform("pong") if self._is_pong(each) else b""

    def _is_pong(self, each: Incoming) -> bool:
        """Whether *each* answers a Ping of the plan."""
        return isinstance(each, Control) and each.what == "pong" and each.data in self._pings

    def _awaits(self, message: ReceivedMessage) -> bytes:
        """Close, unless more messages are awaited after this one."""
        if self._awaited is None or self.phase is not Phase.OPEN or not self._awaited.heard(message.data):
            return b""
        return self._closing_with(b"", 1000)

    def _failed(self, fault: FrameFault) -> bytes:
        if fault.code == TOO_LARGE:  # a limit of ours, and no fault of the peer
            send = self._writer.close(TOO_LARGE, b"") if self.phase is Phase.OPEN else None
            self._end("limit", fault.text)
            return send or b""
        self._acts = ()
        return self._fail(fault)

    def _pong(self, data: bytes) -> bytes:
        """The answer to a Ping: also after our own Close, until the peer's (RFC 6455 section 5.5.2)."""
        if len(data) > CONTROL_MAX or not self._pongs:
            return b""
        self._pongs -= 1
        return self._writer.frame(PONG, data)


class NoSession(OpenSession):
    """What follows a 101 that opens no session: it is recorded for a moment, and nothing is sent. Then the
    client drops the connection (RFC 6455 section 7.1.7)."""

    def __init__(self, plan: Plan, at: int) -> None:
        framing = Framed(plan.request, b"")
        super().__init__(plan, framing, framing, at)
        linger = plan.limits.linger if plan.limits.silence is UNSET else inf
        self._deadline = at + round((USUAL.linger if linger == inf else linger) * SECOND)
        self._room = plan.limits.max_session

    @property
    def wake_at(self) -> int:
        return self._deadline

    def begin(self) -> bytes:
        return b""

    def receive(self, data: bytes, at: int) -> bytes:
        self._room -= len(data)
        if self._room <= 0:
            self._end("limit", f"{self.plan.limits.max_session} bytes after the 101")
        elif any(isinstance(each, Control) and each.what == "close" for each in self._reader.receive(data)):
            self._end("local")  # the server has said all
        return b""

    def timer(self, at: int) -> bytes:
        if self._deadline <= at and self.phase is not Phase.DONE:
            self._end("local")
        return b""


def _latest(limits: Limits) -> int:
    """When a session without another end is closed; with a linger alone, nothing but that counts."""
    if (limits.silence is UNSET and limits.linger < inf) or limits.max_time == inf:
        return NEVER
    return round((limits.max_time - min(CLOSE_ROOM, limits.max_time / 5)) * SECOND)
