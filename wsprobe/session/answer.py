"""The HTTP half of the conversation: heads until the final one, then the body of an answer that is no 101."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsprobe.exchange import Limits, Plan
from wsprobe.read import INTERIM_MAX, opens_session, response_of
from wsprobe.read.guess import looks_like
from wsprobe.read.http.heads import LINES_MAX, HeadSplitter
from wsprobe.read.reading import Head
from wsprobe.session.framing import BEHIND_THE_HEAD
from wsprobe.session.turn import SECOND, Phase, Stop, in_proportion

if TYPE_CHECKING:
    from wsprobe.read.http.bodies import BodyReader

BODY_WAIT = 5 * SECOND
"""Without a byte of a body that has not ended. Status and headers are known by then; some servers announce that
a body ends with the connection and then never end that."""

NOT_HTTP_WAIT = SECOND
"""From the first bytes that cannot begin an HTTP answer. The rest of a banner comes at once or not at all.
Who would watch a session for longer waits for longer here, too: what the server does next may count."""

BEHIND_WAIT = 5 * SECOND
"""For what belongs to the handshake behind the head: a server sends it with the head, but an intermediary that
knows nothing of it may keep it back."""

BEGINNING = 64
"""Bytes by which to tell whether this is HTTP: the start line's protocol is within them."""


class Answering:
    """Follows the answer up to the head of a 101 and what belongs to it, or to the end of any other's body."""

    def __init__(self, plan: Plan) -> None:
        self.phase = Phase.HEAD
        self.stop: Stop = "local"
        self.why = ""
        self.wake_at: int | None = None
        self.opened_by: Head | None = None
        """The head of the 101, once it came."""
        self.rest = b""
        """What came after it, and has not been taken for anything yet."""
        self._opening: Head | None = None
        self._plan = plan
        self._heads = bytearray()
        self._splitter = HeadSplitter()
        self._behind = BEHIND_THE_HEAD.get(plan.wire, 0)
        self._is_http = True
        self._body: BodyReader | None = None
        self._interim = 0
        room, usual = plan.limits.max_head, Limits().max_head
        self._most_interim = in_proportion(INTERIM_MAX, room, usual)
        self._most_lines = in_proportion(LINES_MAX, room, usual)

    def receive(self, data: bytes, at: int) -> bytes:
        """Take the next bytes. There is never anything to send, unlike in a session."""
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
            if opens_session(head):
                self._opening = head
                self._receive_behind(bytes(self._heads[end:]), at)
                return b""
            if not response.interim:
                self._begin_body(head, response.status)
                return bytes(self._heads[end:])
            self._interim += 1
            if self._interim > self._most_interim:
                self._end("limit", f"{self._most_interim} interim answers")
                return b""
            self._splitter = HeadSplitter(end)
        if self._splitter.lines > self._most_lines:
            self._end("limit", f"{self._most_lines} lines of one head")
        elif len(self._heads) >= self._plan.limits.max_head:
            self._end("limit", f"{self._plan.limits.max_head} bytes of heads")
        return b""

    def _receive_behind(self, data: bytes, at: int) -> None:
        """Take bytes behind the head of a 101, until those are there that belong to the handshake."""
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
        # h11, which frames bodies, takes tens of milliseconds to import; a 101 need not pay for it.
        from wsprobe.read.http.bodies import BodyReader

        method = self._plan.request.partition(b" ")[0]
        self.phase = Phase.BODY
        self._body = BodyReader(head, status, method, self._plan.limits.max_body)

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
