"""A held session on a wire: input goes out, received messages go to the output, each at its own pace.

This adds a task to those of ``wsprobe.net.pump``: it reads input, but no more than the wire accepts. The reader
of the wire hands the bytes on, and reads no more until they are consumed. So nothing piles up on either side: a
slow consumer makes its producer wait, up to the far end of the connection.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import cache

import trio

from wsprobe.exchange import Plan
from wsprobe.net.descriptors import PIECE
from wsprobe.net.pump import Pump
from wsprobe.net.stream import READ, End, Tape, Wire
from wsprobe.read.frames import agreed_deflate
from wsprobe.read.reading import Head
from wsprobe.session.conversation import Client, Speaking
from wsprobe.session.kept import SessionRecording
from wsprobe.session.open_session import Awaited, Phase, SessionMaker
from wsprobe.talk.codec import MESSAGE_MAX, Shape, halves
from wsprobe.talk.session import Outgoing, Rules, TalkSession
from wsprobe.wire.framing import Incoming

LEAST = 4096
"""Bytes of one read with compressed messages, which may grow a thousandfold."""
DEFLATE = b"permessage-deflate"
FRAMES = 8192
"""Frames in one read. If a server sends more, reads become shorter, because nothing else happens meanwhile."""
WAITING = 256 * 1024
"""Unwritten bytes above which no more input is read."""
BACKLOG = 64 * 1024
"""Unwritten bytes above which no Pong is added."""
MOMENT = 10_000
"""Microseconds that handing on may take without counting as slow."""
LEAVING = 0.3
"""Seconds for our Close, its answer, and handing on the bytes until then, after ^C and the time limit (-m)."""


class Talk:
    """Holds one session, with the input that it sends and the output that gets what arrives."""

    rules = Rules()
    shape: Shape | None = None
    max_message = MESSAGE_MAX
    awaited: Awaited | None = None
    hold: float | None = None
    """The longest duration in seconds, instead of the rest of the plan's max_time."""

    def make(self, plan: Plan, head: Head, at: int) -> TalkSession:
        """The session that *head* opens."""
        deflate = agreed_deflate(head)
        reader, writer = halves(plan.wire, plan.request, head, deflate, self.shape, self.max_message)
        return TalkSession(plan, reader, writer, self.rules, at, self.awaited)

    def kept(self, plan: Plan, tape: Tape) -> Sequence[SessionRecording]:
        """Record the session."""
        return [SessionRecording(plan.limits.max_session, tape.add)]

    async def opened(self, held: TalkSession, head: Head, at: int) -> None:
        """The session is open."""

    def said(self) -> AsyncGenerator[Sequence[Outgoing], None]:
        """The input, until it ends; called when the session is open."""
        raise NotImplementedError

    async def hear(self, heard: Sequence[Incoming], at: int) -> None:
        """Take what one read brought *at* a time (microseconds); return when there is room for more."""

    async def converse(
        self, wire: Wire, client: Callable[[SessionMaker], Speaking], tape: Tape, whole: trio.CancelScope
    ) -> End:
        """Run the whole conversation; return how it ended. *client* makes it, from the function that makes the
        session. *whole* is the scope of the plan's max_time. When cancelled, it first closes the session, and
        hands on what has arrived."""
        return await _TalkPump(self, wire, client, tape, whole).converse()


class _TalkPump(Pump):
    """Carries one conversation, and holds the session that it opens."""

    def __init__(
        self,
        talk: Talk,
        wire: Wire,
        client: Callable[[SessionMaker], Speaking],
        tape: Tape,
        whole: trio.CancelScope,
    ) -> None:
        super().__init__(wire, client(self._make), tape)
        self._talk = talk
        self._whole = whole
        self._held: TalkSession | None = None
        self._compressed = False
        self._received = 0
        self._seen = 0, 0
        self._is_open = trio.Event()
        self._arrived = trio.Event()
        self._kept: Sequence[SessionRecording] = ()

    def _make(self, plan: Plan, head: Head, at: int) -> TalkSession:
        self._head = head
        self._held = self._talk.make(plan, head, at)
        return self._held

    async def converse(self) -> End:
        _keep_memory()
        over = trio.Event()
        leaving = trio.CancelScope(shield=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._all, leaving, over)
            try:
                await over.wait()
            except trio.Cancelled:
                leaving.deadline = trio.current_time() + (LEAVING if self._held is not None else 0)
                self._leave()
                raise
        assert self.end is not None
        return self.end

    def _leave(self) -> None:
        if self._held is not None and self.end is None:
            self.push(self._client.carry(self._held.leave(self._tape.now())))
            self.tick()

    async def _all(self, leaving: trio.CancelScope, over: trio.Event) -> None:
        try:
            with leaving:
                self.push(self._client.opening)
                await self.run(self._client.timer(self._tape.now()), self._speak)
        finally:
            for each in self._kept:
                each.gap(self._tape.now())
            over.set()

    def read_size(self) -> int:
        """The first read is small, because the report keeps whole reads."""
        held = self._held
        if self._compressed:
            return LEAST
        if held is None and (not isinstance(self._client, Client) or DEFLATE in self._client.opening):
            return LEAST  # the first messages may arrive with the head; over HTTP/2 the request is sent later
        if held is None or held.totals.wire_received < READ:
            return READ
        received, frames = held.totals.wire_received - self._seen[0], held.frames - self._seen[1]
        self._seen = held.totals.wire_received, held.frames
        return min(max(received * FRAMES // max(frames, 1), LEAST), PIECE)

    async def received(self, data: bytes, at: int) -> None:
        """Take the bytes of one read, and wait until the output has taken what they complete, however long that
        takes: that is not silence of the server."""
        held = self._held
        if held is None:
            await super().received(data, at)
            if (held := self._held) is None:
                return
            await self._open(held, at)
        elif self.end is None:
            held.congested = self.waiting > BACKLOG
            self.take(self._client.receive(data, at))
            close = held.close_received.frame if held.close_received is not None else None
            for each in self._kept:
                each.received(at, data, held.boundary, held.ahead, close)
            # Over HTTP/2 the whole session is recorded, because its frames cannot be cut; so it has a limit.
            self._received += len(data)
            most = held.plan.limits.max_session
            if not isinstance(self._client, Client) and self._received > most:
                self.stop(End("limit", f"{most} bytes after the 200"))
            self._arrived.set()
        if not held.heard:
            return
        heard, held.heard = held.heard, []
        self.busy = True
        try:
            await self._talk.hear(heard, at)
        finally:
            self.busy = False
        now = self._tape.now()
        if now - at > MOMENT:
            held.touch(now)
        self.wake()  # it may sleep without a limit, because it ignores time while this is busy

    def sent(self, data: bytes, at: int) -> None:
        """Record the bytes of one write, as far as they are kept."""
        if not self._kept:
            super().sent(data, at)
        close = self._held.close_sent if self._held is not None else None
        for each in self._kept:
            each.sent(at, data, close)

    async def _open(self, held: TalkSession, at: int) -> None:
        self._compressed = agreed_deflate(self._head) is not None
        self._kept = self._talk.kept(held.plan, self._tape)
        if self._talk.hold is not None:
            self._whole.deadline = trio.current_time() + self._talk.hold
        await self._talk.opened(held, self._head, at)
        self._is_open.set()

    async def _speak(self) -> None:
        """Send the input as it is read."""
        await self._is_open.wait()
        held = self._held
        assert held is not None
        async with aclosing(self._talk.said()) as batches:
            async for batch in batches:
                for said in batch:
                    await self._room(WAITING)
                    if self.end is not None or held.phase is not Phase.OPEN:
                        return
                    if said.do == "await":
                        await self._wait_for(held, said.data[0])
                    else:
                        self.push(self._client.carry(held.say(said, self._tape.now())))
                self.tick()
        await self._room(1)
        if held.phase is Phase.OPEN:
            self.push(self._client.carry(held.input_over(self._tape.now())))
            self.tick()

    async def _wait_for(self, held: TalkSession, text: bytes) -> None:
        """Wait until a message with *text* arrives; close the session if none does in time."""
        self.tick()
        held.wait_for(text)
        with trio.move_on_after(held.patience):
            while held.awaiting is not None:
                self._arrived = trio.Event()
                await self._arrived.wait()
        if held.awaiting is not None and held.phase is Phase.OPEN:
            self.push(self._client.carry(held.leave(self._tape.now())))

    async def _room(self, most: int) -> None:
        """Wait until fewer than *most* bytes wait to be written."""
        while self.waiting + getattr(self._client, "held_back", 0) >= most and self.end is None:
            await self.written()


@cache
def _keep_memory() -> None:
    """Make the C library keep its memory for further blocks of this size.

    After glibc frees one large block, it serves blocks of that size from its own store, and trims the store at
    twice the size (mallopt(3), M_MMAP_THRESHOLD). Otherwise each block is new memory, cleared page by page,
    which takes a tenth of the time of a long session. The block itself is never touched.
    """
    bytes(16 * PIECE)
