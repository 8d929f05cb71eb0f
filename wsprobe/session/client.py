"""The client's side of the conversation: from the plan and what was received, what to send and when to stop.

No socket, no clock, no chance: times come in, bytes and times go out.
"""

from __future__ import annotations

from typing import Literal

from wsprobe.exchange import Act, Plan
from wsprobe.session.body import Body, body, status
from wsprobe.session.framing import Framing, Heard, framing
from wsprobe.session.scan import HeadScan
from wsprobe.session.turn import Phase, Stop, Turn

SECOND = 1_000_000

ANSWER_WAIT = 2 * SECOND
"""For the peer's answer to our Close. RFC 6455 names no time; a server that reads its frames at all answers
within a round trip, and the slowest round trips on the Internet are under one second."""

FIN_WAIT = SECOND
"""For the peer's end of stream once both sides have sent a Close: RFC 6455 section 7.1.1 has the server close
first, and lets the client close when it has not done so "in a reasonable time period"."""

BODY_WAIT = 5 * SECOND
"""Without a byte of a body that has not ended. Status and headers are known by then; some servers announce a
body by its end only and never end it."""

NOT_HTTP_WAIT = SECOND
"""From the first bytes that cannot begin an HTTP answer. The rest of a banner comes at once or never."""


class Client:
    """One conversation. Feed it in the order of time; it never raises on received bytes."""

    def __init__(self, plan: Plan) -> None:
        """Raises ValueError, one line, if the plan's wire version is not spoken."""
        self._plan = plan
        self._make_framing = framing(plan.wire)
        self._phase = Phase.HEAD
        self._stop: Stop = "local"
        self._head = HeadScan()
        self._head_bytes = 0
        self._body: Body | None = None
        self._body_bytes = 0
        self._framing: Framing | None = None
        self._session_bytes = 0
        self._opened_at = 0
        self._acts: list[Act] = []
        self._close_sent = False
        self._close_received = False
        self._deadline: int | None = None

    @property
    def opening(self) -> bytes:
        """The opening handshake, to be sent first."""
        return self._plan.request

    @property
    def phase(self) -> Phase:
        return self._phase

    def receive(self, data: bytes, at: int) -> Turn:
        """Take bytes that came in one read."""
        if self._framing is None and self._body is None:
            data = self._receive_head(data, at)
        send = b""
        if self._framing is not None:
            send = self._receive_session(data, at)
        elif self._body is not None:
            self._receive_body(data, at)
        return self._turn(send, at)

    def receive_eof(self, at: int) -> Turn:
        """Take the end of the peer's stream, however it ended."""
        self._phase = Phase.DONE
        return self._turn(b"", at)

    def timer(self, at: int) -> Turn:
        """Take the time."""
        return self._turn(b"", at)

    def say(
        self, what: Literal["text", "binary", "ping", "close"], data: bytes = b"", code: int | None = None
    ) -> bytes:
        """Return the bytes of a message, ping or Close (*data*: the reason) to send now; b"" if none may be sent.

        Nothing may be sent before the session is open, nor after a Close (RFC 6455 section 5.5.1). Call
        ``timer`` after a Close, to learn the new time to wake.
        """
        if self._framing is None or self._phase is not Phase.OPEN:
            return b""
        if what == "close":
            return self._close(self._framing.close(code, data), self._now)
        return {"text": self._framing.text, "binary": self._framing.binary, "ping": self._framing.ping}[what](
            data
        )

    _now = 0

    def _receive_head(self, data: bytes, at: int) -> bytes:
        """Take bytes of heads; return what follows the final one."""
        while True:
            found = self._head.receive(data)
            if found is None:
                if self._head_bytes + len(self._head) >= self._plan.limits.max_head:
                    self._end("limit")
                elif self._deadline is None and not _may_be_http(self._head):
                    self._deadline = at + NOT_HTTP_WAIT
                return b""
            head, data = found
            self._head_bytes += len(head)
            self._head = HeadScan()
            code = status(head)
            if code == 101:
                self._phase = Phase.OPEN
                self._framing = self._make_framing(self._plan.request, head)
                self._opened_at = at
                self._deadline = at + round(self._plan.limits.linger * SECOND)
                self._acts = [act for act in self._plan.acts if act.when != "time" or act.after >= at]
                return data
            if code is None or not 100 <= code < 200:
                self._phase = Phase.BODY
                self._body = body(head)
                return data

    def _receive_body(self, data: bytes, at: int) -> None:
        assert self._body is not None
        self._body_bytes += len(data)
        self._deadline = at + BODY_WAIT
        if self._body.receive(data):
            self._end("local")
        elif self._body_bytes >= self._plan.limits.max_body:
            self._end("limit")

    def _receive_session(self, data: bytes, at: int) -> bytes:
        assert self._framing is not None
        self._now = at
        send = self._perform("open")
        send += b"".join(self._answer(heard, at) for heard in self._framing.receive(data))
        self._session_bytes += len(data)
        if self._session_bytes >= self._plan.limits.max_session and self._phase is not Phase.DONE:
            self._end("limit")
        return send

    def _answer(self, heard: Heard, at: int) -> bytes:
        assert self._framing is not None
        if self._close_received:
            return b""
        if heard.what == "message":
            return self._perform("message")
        if heard.what == "ping" and not heard.too_long:
            return self._framing.pong(heard.data)
        if heard.what == "close":
            self._close_received = True
            send = b"" if self._close_sent else self._close(self._framing.answer(heard.data), at)
            self._deadline = at + FIN_WAIT
            return send
        return b""

    def _perform(self, when: Literal["open", "message", "time"]) -> bytes:
        """Do every act that waits for *when*, once."""
        due = [act for act in self._acts if act.when == when]
        self._acts = [act for act in self._acts if act.when != when]
        return b"".join(self.say(act.do, act.data, act.code) for act in due)

    def _close(self, frame: bytes | None, at: int) -> bytes:
        """Go closing with *frame*; None: this wire closes by dropping the connection."""
        self._close_sent = True
        self._acts = []
        if frame is None:
            self._end("local")
            return b""
        self._phase = Phase.CLOSING
        self._deadline = at + ANSWER_WAIT
        return frame

    def _end(self, stop: Stop) -> None:
        self._phase = Phase.DONE
        self._stop = stop

    def _turn(self, send: bytes, at: int) -> Turn:
        """Do what the clock asks for at *at*, and say how things stand."""
        self._now = at
        while self._phase is Phase.OPEN and (timed := self._next_act()) and timed.after <= at:
            self._acts.remove(timed)
            send += self.say(timed.do, timed.data, timed.code)
        if self._deadline is not None and self._deadline <= at:
            if self._phase is Phase.OPEN and self._framing is not None:
                send += self._close(self._framing.close(1000, b""), at)
            elif self._phase is not Phase.DONE:
                self._end("timeout" if self._phase is Phase.BODY else "local")
        if self._phase is Phase.DONE:
            return Turn(send, Phase.DONE, None, True, self._stop)
        wake_at = self._deadline
        if self._phase is Phase.OPEN and (timed := self._next_act()) and wake_at is not None:
            wake_at = min(wake_at, timed.after)
        return Turn(send, self._phase, wake_at, False)

    def _next_act(self) -> Act | None:
        return min((act for act in self._acts if act.when == "time"), key=lambda act: act.after, default=None)


def _may_be_http(head: HeadScan) -> bool:
    """Return False if no HTTP answer begins like this, white space and a few stray bytes allowed for."""
    begin = head.data[:64].lstrip(b"\r\n \t").lower() if len(head) <= 64 else head.data[:64].lower()
    return b"http"[: len(begin)] == begin[:4] or b"http" in begin
