"""The client's side of the conversation: from the plan and what was received, what to send and when to stop.

No socket, no clock, no chance: bytes and times come in, bytes and times go out.
"""

from __future__ import annotations

from wsprobe.exchange import Plan
from wsprobe.session.answer import Answering
from wsprobe.session.framing import maker
from wsprobe.session.opened import Opened, Saying
from wsprobe.session.turn import Phase, Turn


class Client:
    """One conversation. Feed it in the order of time; nothing that is received makes it raise."""

    def __init__(self, plan: Plan) -> None:
        """Raises ValueError, one line, if the plan's wire version is not spoken."""
        self._plan = plan
        self._make_framing = maker(plan.wire)
        self._half: Answering | Opened = Answering(plan)
        self._ended = False

    @property
    def opening(self) -> bytes:
        """The opening handshake, to be sent first."""
        return self._plan.request

    @property
    def phase(self) -> Phase:
        return Phase.DONE if self._ended else self._half.phase

    def receive(self, data: bytes, at: int) -> Turn:
        """Take bytes that came in one read."""
        if self.phase is Phase.DONE:
            return self._turn(b"")
        send = self._half.receive(data, at)
        if isinstance(self._half, Answering) and self._half.opened_by is not None:
            rest = self._half.rest
            framing = self._make_framing(self._plan.request, self._half.opened_by.raw)
            self._half = Opened(self._plan, framing, at)
            send = self._half.begin() + self._half.receive(rest, at)
        return self._turn(send + self._half.timer(at))

    def receive_eof(self, at: int) -> Turn:
        """Take the end of the peer's stream, however it ended."""
        self._ended = True
        return self._turn(b"")

    def timer(self, at: int) -> Turn:
        """Take the time. May be called at any time; nothing is due before ``Turn.wake_at``."""
        return self._turn(b"" if self.phase is Phase.DONE else self._half.timer(at))

    def say(self, what: Saying, data: bytes = b"", code: int | None = None) -> bytes:
        """Return a message, ping or Close (*data*: its reason) to send now; b"" if none may be sent.

        Nothing may be sent before the session is open, nor after a Close (RFC 6455 section 5.5.1). Call
        ``timer`` after a Close, to learn the new time to wake.
        """
        return self._half.say(what, data, code) if isinstance(self._half, Opened) else b""

    def _turn(self, send: bytes) -> Turn:
        if self.phase is Phase.DONE:
            return Turn(send, Phase.DONE, None, True, self._half.stop, self._half.why)
        return Turn(send, self.phase, self._half.wake_at, False)
