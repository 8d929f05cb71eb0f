"""An open session that goes by the plan: ``wsprobe.conversation`` after a 101."""

from __future__ import annotations

from typing import Literal

from wsprobe.exchange import SECOND, Act, Plan
from wsprobe.open_session import USUAL, OpenSession, Phase, in_proportion
from wsprobe.read.frames import BINARY, FRAMES_MAX, PING, PONG, TEXT
from wsprobe.wire.framing import CONTROL_MAX, Control, Framing, Incoming

ANSWER_WAIT = 2 * SECOND
"""Time for the peer's answer to our Close. RFC 6455 sets no limit. A server that reads its frames answers
within a round trip, and the slowest round trips on the Internet take under one second."""

FIN_WAIT = SECOND
"""Time for the peer to end its stream once both sides have sent a Close. RFC 6455 section 7.1.1 requires the
server to close first, and lets the client close if that does not happen "in a reasonable time period"."""

MOST_FIN_WAIT = 15 * SECOND
"""The same, if the linger is longer: wsprobe waits as long as an engine would (Chromium 2 s, libsoup 5 s,
undici without limit), to see what still arrives and how the connection ends."""

FRAMES_LEAST = 5_000
"""Frames that are always taken, even where little of a session is kept (`compare` and `trace` keep several)."""

PONGS_MAX = 1000
"""Pings answered in one session, so that wsprobe does not answer a flood with a flood."""

OPCODES = {"text": TEXT, "binary": BINARY, "ping": PING}


class PlannedSession(OpenSession):
    """Watches an open session for the plan's linger, acts as planned, and closes with 1000.

    Faults of the peer change nothing: a probe records until the linger is over.
    """

    def __init__(self, plan: Plan, framing: Framing, at: int) -> None:
        super().__init__(plan, framing, at)
        self._framing = framing
        self._linger_over = self._deadline = at + round(plan.limits.linger * SECOND)
        self._most = self._room = plan.limits.max_session
        self._most_frames = in_proportion(FRAMES_MAX, self._room, USUAL.max_session, FRAMES_LEAST)
        self._acts = tuple(act for act in plan.acts if act.when != "time" or act.after >= at)
        self._pings = frozenset(act.data for act in plan.acts if act.do == "ping")
        self._pongs = PONGS_MAX

    @property
    def frames(self) -> int:
        """The number of frames that the peer has begun."""
        return self._framing.frames

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
        send = b"".join([self._react(each) for each in self._framing.receive(data)])
        self._room -= len(data)
        if self.phase is not Phase.DONE:
            if self._room <= 0:
                self._end("limit", f"{self._most} bytes after the 101")
            elif self._framing.frames > self._most_frames:
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
            return self._framing.frame(OPCODES[act.do], act.data)
        watched = self._deadline
        send = self._closing_with(act.data, act.code)
        self._deadline = max(self._deadline, watched)
        return send

    def _closing_with(self, reason: bytes, code: int | None) -> bytes:
        self._acts = ()
        return self._closing(self._framing.close(code, reason), ANSWER_WAIT)

    def _react(self, each: Incoming) -> bytes:
        if self.close_received is not None:
            return b""
        if not isinstance(each, Control):
            return self._perform("message")
        if each.what == "close":
            self._acts = ()
            wait = max(FIN_WAIT, min(MOST_FIN_WAIT, self._linger_over - self._now))
            return self._answered(each, wait)
        if each.what == "ping":
            return self._pong(each.data)
        return self._perform("pong") if each.data in self._pings else b""

    def _pong(self, data: bytes) -> bytes:
        """The answer to a Ping: also after our own Close, until the peer's (RFC 6455 section 5.5.2)."""
        if len(data) > CONTROL_MAX or not self._pongs:
            return b""
        self._pongs -= 1
        return self._framing.frame(PONG, data)
