"""The client's side of the conversation: decides what to send and when to stop, from the plan and the bytes
received.

No socket, no clock, no chance: bytes and times come in, bytes and times go out. The caller feeds ``Client``.
``Answering`` is its half up to the end of the handshake, a ``SessionHalf`` the half after a 101. Each returns a
``Turn``.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Literal, Protocol

from msgspec import Struct

from wsprobe.exchange import SECOND, Act, Limits, Plan
from wsprobe.read import response_of
from wsprobe.read.body import BodyReader
from wsprobe.read.frames import FRAMES_MAX
from wsprobe.read.head import LINES_MAX, HeadSplitter, opens_session
from wsprobe.read.looks import looks_like
from wsprobe.read.reading import INTERIM_MAX, Head
from wsprobe.wire import WIRES, spoken
from wsprobe.wire.framing import Framing, Heard

USUAL = Limits()


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


class Turn(Struct, frozen=True):
    """The client's answer to bytes, to the end of the stream, or to the clock."""

    send: bytes
    """Bytes to send now, in one write; often empty. The last turn may have some too."""
    phase: Phase
    wake_at: int | None
    """Call ``timer`` at this time (microseconds since the start) if nothing arrives before; None: no need."""
    done: bool
    """The conversation is complete: send *send*, then close the connection."""
    stop: Stop = "local"
    """When *done* and the peer did not end the stream: ``Ended.how``."""
    why: str = ""
    """With ``limit``: the limit, in words, for ``Ended.error``."""


BODY_WAIT = 5 * SECOND
"""Time without a byte of an unfinished body. Status and headers are known by then. Some servers announce a body
that ends with the connection, and never close the connection."""

NOT_HTTP_WAIT = SECOND
"""Time after the first bytes that cannot begin an HTTP answer. The rest of a banner arrives at once or never.
A longer linger applies here too: what the server does next may matter."""

NOT_HTTP_MAX = 65536
"""Bytes of what is not HTTP: a banner is shorter, and of a stream of something else the beginning is enough."""

BEHIND_WAIT = 5 * SECOND
"""Time for handshake bytes after the head: a server sends them with the head, but an intermediary that does not
know them may hold them back."""

BEGINNING = 64
"""Bytes that show whether this is HTTP: they include the protocol of the start line."""


class Answering:
    """Follows the answer: a 101 to the end of the handshake, any other to the end of its body."""

    def __init__(self, plan: Plan) -> None:
        self.phase = Phase.HEAD
        self.stop: Stop = "local"
        self.why = ""
        self.wake_at: int | None = None
        self.opened_by: Head | None = None
        """The head of the 101, once it has arrived."""
        self.rest = b""
        """Bytes after the head that no reader has taken yet."""
        self._opening: Head | None = None
        self._plan = plan
        self._heads = bytearray()
        self._splitter = HeadSplitter()
        self._behind = WIRES[plan.wire].behind_the_head
        self._is_http = True
        self._body: BodyReader | None = None
        self._interim = self._lines = 0

    def receive(self, data: bytes, at: int) -> bytes:
        """Take the next bytes. Unlike a session, this half never sends."""
        if self._opening is not None:
            self._receive_behind(data, at)
        elif self._body is None:
            data = self._receive_heads(data, at)
        if self._body is not None:
            self._receive_body(self._body, data, at)
        return b""

    def timer(self, at: int) -> bytes:
        """Take the time."""
        if self.wake_at is not None and self.wake_at <= at:
            self._end("timeout" if self._is_http else "local")
        return b""

    def _receive_heads(self, data: bytes, at: int) -> bytes:
        """Take bytes of heads; return what follows the final one."""
        already = len(self._heads)
        self._heads += data
        if already < BEGINNING:
            self._look_at_beginning(at)
        while (head := self._splitter.advance(self._heads)) is not None:
            end = head.start + len(head.raw)
            response = response_of(head)
            if opens_session(response):
                self._opening = head
                self._receive_behind(bytes(self._heads[end:]), at)
                return b""
            if not response.interim:
                self._begin_body(head, response.status)
                rest = bytes(self._heads[end:])
                self._heads, self._splitter = bytearray(), HeadSplitter()  # several times the bytes of the head
                return rest
            self._interim += 1
            self._lines += self._splitter.lines
            most = self._in_proportion(INTERIM_MAX)
            if self._interim > most:
                self._end("limit", f"{most} interim answers")
                return b""
            self._splitter = HeadSplitter(end)
        most = self._in_proportion(LINES_MAX)
        if not self._is_http and len(self._heads) >= NOT_HTTP_MAX:
            self._end("local")
        elif self._lines + self._splitter.lines > most:
            self._end("limit", f"{most} lines of {'all heads' if self._interim else 'one head'}")
        elif len(self._heads) >= self._plan.limits.max_head:
            self._end("limit", f"{self._plan.limits.max_head} bytes of heads")
        return b""

    def _in_proportion(self, most: int) -> int:
        return in_proportion(most, self._plan.limits.max_head, USUAL.max_head)

    def _receive_behind(self, data: bytes, at: int) -> None:
        """Take bytes after the head of a 101, until the handshake is complete."""
        self.rest += data
        if len(self.rest) >= self._behind:
            self.opened_by = self._opening
        else:
            self.wake_at = at + BEHIND_WAIT

    def _look_at_beginning(self, at: int) -> None:
        self._is_http = not looks_like(bytes(self._heads[:BEGINNING]))
        if self._is_http:
            self.wake_at = None
        elif self.wake_at is None:
            self.wake_at = at + max(NOT_HTTP_WAIT, round(self._plan.limits.linger * SECOND))

    def _begin_body(self, head: Head, status: int | None) -> None:
        method = self._plan.request.partition(b" ")[0]
        self.phase = Phase.BODY
        # The bytes are in the recording; here only the end of the body matters.
        self._body = BodyReader(head, status, method, self._plan.limits.max_body, keeps=False)

    def _receive_body(self, body: BodyReader, data: bytes, at: int) -> None:
        if data:
            body.feed(data)
        if self._is_http:
            self.wake_at = at + BODY_WAIT
        if body.complete:
            self._end("local")
        elif body.cut:
            self._end("limit", body.cut_by)

    def _end(self, stop: Stop, why: str = "") -> None:
        self.phase = Phase.DONE
        self.stop = stop
        self.why = why


ANSWER_WAIT = 2 * SECOND
"""Time for the peer's answer to our Close. RFC 6455 sets no limit. A server that reads its frames answers
within a round trip, and the slowest round trips on the Internet take under one second."""

FIN_WAIT = SECOND
"""Time for the peer to end its stream once both sides have sent a Close. RFC 6455 section 7.1.1 requires the
server to close first, and lets the client close if that does not happen "in a reasonable time period"."""

MOST_FIN_WAIT = 15 * SECOND
"""The same, if the linger is longer: wsprobe waits as long as an engine would (Chromium 2 s, libsoup 5 s,
undici without limit), to see what still arrives and how the connection ends."""

FRAMES_LEAST = 8_192
"""Frames that are always taken, even where little of a session is kept (`compare` and `trace` keep several)."""

PONGS_MAX = 1000
"""Pings answered in one session, so that wsprobe does not answer a flood with a flood."""

Saying = Literal["text", "binary", "ping", "close"]


class Opened:
    """Watches an open session for the plan's linger, acts as planned, and closes with 1000.

    Faults of the peer change nothing: a probe records until the linger is over.
    """

    def __init__(self, plan: Plan, framing: Framing, at: int) -> None:
        self.phase = Phase.OPEN
        self.stop: Stop = "local"
        self.why = ""
        self._framing = framing
        self._linger_over = self._deadline = at + round(plan.limits.linger * SECOND)
        self._most = self._room = plan.limits.max_session
        self._most_frames = in_proportion(FRAMES_MAX, self._room, USUAL.max_session, FRAMES_LEAST)
        self._acts = tuple(act for act in plan.acts if act.when != "time" or act.after >= at)
        self._pings = frozenset(act.data for act in plan.acts if act.do == "ping")
        self._pongs = PONGS_MAX
        self.close_received = False
        self._now = at

    @property
    def closed_by_peer(self) -> bool:
        """Whether the peer's Close has arrived."""
        return self.close_received

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
        """The frame for it; b"" once a Close was sent (RFC 6455 section 5.5.1)."""
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
        """Do the first act due at *when*; close if the linger is over."""
        for act in self._acts:
            if act.when == "time" and act.after <= when:
                self._acts = tuple(other for other in self._acts if other is not act)
                return self._act(act)
        return self.say("close", b"", 1000)

    def _perform(self, when: Literal["open", "message", "pong"]) -> bytes:
        """Do every act that waits for *when*, once."""
        due = [act for act in self._acts if act.when == when]
        if not due:
            return b""
        self._acts = tuple(act for act in self._acts if act.when != when)
        return b"".join([self._act(act) for act in due])

    def _act(self, act: Act) -> bytes:
        """Do it. After a Close that the plan sends, the session is still watched for the whole linger."""
        watched = self._deadline
        send = self.say(act.do, act.data, act.code)
        if send and self.phase is Phase.CLOSING:
            self._deadline = max(self._deadline, watched)
        return send

    def _react(self, heard: Heard) -> bytes:
        if self.close_received:
            return b""
        match heard.what:
            case "message":
                return self._perform("message")
            case "ping":
                return self._pong(heard)
            case "pong" if heard.data in self._pings:
                return self._perform("pong")
            case "close":
                self.close_received = True
                wait = max(FIN_WAIT, min(MOST_FIN_WAIT, self._linger_over - self._now))
                if self.phase is Phase.OPEN:
                    return self._close(self._framing.answer(heard.data), wait)
                self._deadline = self._now + wait
        return b""

    def _pong(self, ping: Heard) -> bytes:
        """The answer to a Ping: also after our own Close, until the peer's (RFC 6455 section 5.5.2)."""
        if ping.too_long or not self._pongs:
            return b""
        self._pongs -= 1
        return self._framing.pong(ping.data)

    def _close(self, frame: bytes | None, wait: int) -> bytes:
        """Begin to close with *frame*; None: this wire version closes by dropping the connection."""
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


class SessionHalf(Protocol):
    """The half after the handshake: ``Opened``, or ``wsprobe.talk.session.Held``."""

    phase: Phase
    stop: Stop
    why: str

    @property
    def wake_at(self) -> int | None: ...
    @property
    def closed_by_peer(self) -> bool: ...
    def begin(self) -> bytes: ...
    def receive(self, data: bytes, at: int) -> bytes: ...
    def timer(self, at: int) -> bytes: ...


Maker = Callable[[Plan, Head, int], SessionHalf]
"""(plan, head of the answer that opened, time) -> the session that it opened."""


class Speaking(Protocol):
    """The interface of a conversation to the code that carries its bytes: ``Client``, or the same over
    HTTP/2."""

    @property
    def opening(self) -> bytes: ...
    def receive(self, data: bytes, at: int) -> Turn: ...
    def receive_eof(self, at: int) -> Turn: ...
    def timer(self, at: int) -> Turn: ...
    def carry(self, frames: bytes) -> bytes: ...
    def say(self, what: Saying, data: bytes = b"", code: int | None = None) -> bytes: ...


class Client:
    """One conversation. Feed it in the order of time; no received bytes make it raise."""

    def __init__(self, plan: Plan, make: Maker | None = None) -> None:
        """*make* returns the session; ``Opened`` unless given.

        Raises ValueError, one line, if the plan's wire version is unknown.
        """
        self._plan = plan
        self._make_framing = spoken(plan.wire).framing
        self._make = make
        self._half: Answering | SessionHalf = Answering(plan)
        self._ended = False

    @property
    def opening(self) -> bytes:
        """The opening handshake; send it first."""
        return self._plan.request

    @property
    def phase(self) -> Phase:
        return Phase.DONE if self._ended else self._half.phase

    def receive(self, data: bytes, at: int) -> Turn:
        """Take bytes that came in one read."""
        half = self._half
        if self._ended or half.phase is Phase.DONE:
            return self._turn(b"")
        send = half.receive(data, at)
        if isinstance(half, Answering) and half.opened_by is not None:
            session = self._session(half.opened_by, at)
            self._half = session
            send = session.begin() + session.receive(half.rest, at)
        return self._turn(send + self._half.timer(at))

    def _session(self, head: Head, at: int) -> SessionHalf:
        if self._make is not None:
            return self._make(self._plan, head, at)
        return Opened(self._plan, self._make_framing(self._plan.request, head.raw), at)

    def carry(self, frames: bytes) -> bytes:
        """*frames*, from the session, as the connection carries them."""
        return frames

    def receive_eof(self, at: int) -> Turn:
        """Take the end of the peer's stream, however it ended."""
        self._ended = True
        return self._turn(b"")

    def timer(self, at: int) -> Turn:
        """Take the time. May be called at any time; nothing is due before ``Turn.wake_at``."""
        return self._turn(b"" if self.phase is Phase.DONE else self._half.timer(at))

    def say(self, what: Saying, data: bytes = b"", code: int | None = None) -> bytes:
        """A message, ping or Close (*data*: its reason) to send now; b"" if none may be sent.

        Nothing may be sent before the session is open, nor after a Close (RFC 6455 section 5.5.1). Call
        ``timer`` after a Close, to learn the new time to wake.
        """
        return self._half.say(what, data, code) if isinstance(self._half, Opened) else b""

    def _turn(self, send: bytes) -> Turn:
        phase = self.phase
        if phase is Phase.DONE:
            return Turn(send, Phase.DONE, None, True, self._half.stop, self._half.why)
        return Turn(send, phase, self._half.wake_at, False)
