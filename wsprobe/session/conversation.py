"""The client's side of the conversation: decides what to send and when to stop, from the plan and the bytes
received.

No socket, no clock, no chance: bytes and times come in, bytes and times go out. The caller feeds ``Client``.
``Answering`` is its half up to the end of the handshake, an ``OpenSession`` the half after a 101. The client
returns a ``Turn``.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from wsprobe.exchange import SECOND, Plan
from wsprobe.judge import CLIENT_CHECKS, rfc6455_handshake
from wsprobe.read import reading_of_101, response_of
from wsprobe.read.body import BodyReader
from wsprobe.read.head import LINES_MAX, HeadSplitter, opens_session
from wsprobe.read.looks import looks_like
from wsprobe.read.reading import INTERIM_MAX, Head
from wsprobe.session.open_session import USUAL, OpenSession, Phase, SessionMaker, Stop, in_proportion
from wsprobe.session.planned_session import NoSession, PlannedSession
from wsprobe.wire import WIRES, spoken


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


def establishes(plan: Plan, head: Head) -> bool:
    """Whether the 101 with *head* opens a session, or RFC 6455 section 4.1 requires the client to fail. True
    for other wire versions, whose rules the history has."""
    if plan.wire != "hybi-13":
        return True
    reading = reading_of_101(plan, head)
    return rfc6455_handshake([each for rule in CLIENT_CHECKS for each in rule(reading)]) != "fail"


class Speaking(Protocol):
    """The interface of a conversation to the code that carries its bytes: ``Client``, or the same over
    HTTP/2."""

    @property
    def opening(self) -> bytes: ...
    def receive(self, data: bytes, at: int) -> Turn: ...
    def receive_eof(self, at: int) -> Turn: ...
    def timer(self, at: int) -> Turn: ...
    def carry(self, frames: bytes) -> bytes: ...


class Client:
    """One conversation. Feed it in the order of time; no received bytes make it raise."""

    def __init__(self, plan: Plan, make: SessionMaker | None = None) -> None:
        """*make* returns the session of a client that keeps the rules: if the 101 opens none, nothing is sent.
        Without it, an observer takes what follows any 101 for a session, and tolerates every fault.

        Raises ValueError, one line, if the plan's wire version is unknown.
        """
        self._plan = plan
        self._make_framing = spoken(plan.wire).framing
        self._make = make
        self._half: Answering | OpenSession = Answering(plan)
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

    def _session(self, head: Head, at: int) -> OpenSession:
        if self._make is not None:
            opens = establishes(self._plan, head)
            return self._make(self._plan, head, at) if opens else NoSession(self._plan, at)
        framing = self._make_framing(self._plan.request, head.raw, None)
        return PlannedSession(self._plan, framing, framing, at)

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

    def _turn(self, send: bytes) -> Turn:
        phase = self.phase
        if phase is Phase.DONE:
            return Turn(send, Phase.DONE, None, True, self._half.stop, self._half.why)
        return Turn(send, phase, self._half.wake_at, False)
