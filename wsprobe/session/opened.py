"""The half of the conversation after a 101: acts, Pongs, and the closing handshake."""

from __future__ import annotations

from typing import Literal

from wsprobe.exchange import Act, Limits, Plan
from wsprobe.read.websocket.frames import FRAMES_MAX
from wsprobe.session.framing import Framing, Heard
from wsprobe.session.turn import SECOND, Phase, Stop, in_proportion

ANSWER_WAIT = 2 * SECOND
"""For the peer's answer to our Close. RFC 6455 names no time; a server that reads its frames answers within a
round trip, and the slowest round trips on the Internet take under one second."""

FIN_WAIT = SECOND
"""For the peer's end of stream once both sides have sent a Close: RFC 6455 section 7.1.1 has the server close
first, and lets the client close when it has not done so "in a reasonable time period"."""

MOST_FIN_WAIT = 5 * SECOND
"""The same, if the linger is longer: what still comes, and how it ends, is seen as far as an engine sees it
(Chromium waits 2 s, libsoup 5)."""

PONGS_MAX = 1000
"""Pings answered in one session, so that a flood of them does not become one of ours."""

Saying = Literal["text", "binary", "ping", "close"]


class Opened:
    """Watches an open session for the plan's linger, acts as planned, and closes with 1000.

    What the peer does wrong changes nothing: a probe records until the linger is over.
    """

    def __init__(self, plan: Plan, framing: Framing, at: int) -> None:
        self.phase = Phase.OPEN
        self.stop: Stop = "local"
        self.why = ""
        self._framing = framing
        self._linger_over = self._deadline = at + round(plan.limits.linger * SECOND)
        self._most = self._room = plan.limits.max_session
        self._most_frames = in_proportion(FRAMES_MAX, self._room, Limits().max_session)
        self._acts = tuple(act for act in plan.acts if act.when != "time" or act.after >= at)
        self._pongs = PONGS_MAX
        self._close_received = False
        self._now = at

    @property
    def wake_at(self) -> int:
        """When the clock next matters, microseconds since the start."""
        return min([self._deadline, *(act.after for act in self._acts if act.when == "time")])

    def begin(self) -> bytes:
        """Return what is to be sent as soon as the session is open."""
        return self._perform("open")

    def receive(self, data: bytes, at: int) -> bytes:
        """Take the next bytes; return what they ask to be sent."""
        self._now = at
        send = b"".join([self._react(heard) for heard in self._framing.receive(data)])
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

    def say(self, what: Saying, data: bytes, code: int | None) -> bytes:
        """Return the frame that says it; b"" once a Close was sent (RFC 6455 section 5.5.1)."""
        if self.phase is not Phase.OPEN:
            return b""
        match what:
            case "text":
                return self._framing.text(data)
            case "binary":
                return self._framing.binary(data)
            case "ping":
                return self._framing.ping(data)
            case "close":
                return self._close(self._framing.close(code, data), ANSWER_WAIT)

    def _due(self, when: int) -> bytes:
        """Do the first act that is due at *when*, or, if it is the linger that is over, close."""
        for act in self._acts:
            if act.when == "time" and act.after <= when:
                self._acts = tuple(other for other in self._acts if other is not act)
                return self._act(act)
        return self.say("close", b"", 1000)

    def _perform(self, when: Literal["open", "message"]) -> bytes:
        """Do every act that waits for *when*, once."""
        due = [act for act in self._acts if act.when == when]
        if not due:
            return b""
        self._acts = tuple(act for act in self._acts if act.when != when)
        return b"".join([self._act(act) for act in due])

    def _act(self, act: Act) -> bytes:
        """Do it. What the plan closes by itself is still watched for the whole linger."""
        watched = self._deadline
        send = self.say(act.do, act.data, act.code)
        if send and self.phase is Phase.CLOSING:
            self._deadline = max(self._deadline, watched)
        return send

    def _react(self, heard: Heard) -> bytes:
        if self._close_received:
            return b""
        match heard.what:
            case "message":
                return self._perform("message")
            case "ping":
                return self._pong(heard)
            case "close":
                self._close_received = True
                wait = max(FIN_WAIT, min(MOST_FIN_WAIT, self._linger_over - self._now))
                if self.phase is Phase.OPEN:
                    return self._close(self._framing.answer(heard.data), wait)
                self._deadline = self._now + wait
        return b""

    def _pong(self, ping: Heard) -> bytes:
        """Return the answer to a Ping: also after our own Close, until the peer's (RFC 6455 section 5.5.2)."""
        if ping.too_long or not self._pongs:
            return b""
        self._pongs -= 1
        return self._framing.pong(ping.data)

    def _close(self, frame: bytes | None, wait: int) -> bytes:
        """Go closing with *frame*; None: this wire version closes by dropping the connection."""
        self._acts = ()
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
