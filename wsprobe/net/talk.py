"""A held session on a wire: input goes out, received messages go to the output, each at its own pace.

Four tasks share a session. One reads the wire and hands the bytes on, and reads no more until they are
consumed. One reads input, but no more than the wire accepts. One writes, and one waits for the clock. So
nothing piles up on either side: a slow consumer makes its producer wait, up to the far end of the connection.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from functools import cache, partial
from typing import Generic, TypeVar

import trio

from wsprobe.conversation import Client, Maker, Phase, Speaking, Turn
from wsprobe.exchange import Plan, Received, Sent
from wsprobe.net.stream import READ, End, Tape, Wire
from wsprobe.read.frames import agreed_deflate
from wsprobe.read.reading import Head
from wsprobe.talk.codec import Incoming
from wsprobe.talk.older import halves
from wsprobe.talk.recording import SessionRecording
from wsprobe.talk.session import Outgoing, Rules, TalkSession

PIECE = 256 * 1024
"""Bytes of one read, from the wire or from a pipe; a pipe gets as much room, if the system allows it."""
LEAST = 4096
"""The same with compressed messages, which may grow a thousandfold."""
DEFLATE = b"permessage-deflate"
FRAMES = 8192
"""Frames in one read. If a server sends more, reads become shorter, because nothing else happens meanwhile."""
WAITING = 256 * 1024
"""Unwritten bytes above which no more input is read."""
BACKLOG = 64 * 1024
"""Unwritten bytes above which no Pong is added."""
MOMENT = 10_000
"""Microseconds that handing on may take without counting as slow."""
LEAVING = 2.0
"""Seconds for our Close, its answer, and handing on the bytes until then, after ^C."""
LATE = 0.5
"""The same, after the time limit (-m)."""
FLUSH = 1.0
"""Seconds that the last bytes may wait for room in the send buffer."""

Hear = Callable[[Sequence[Incoming], int], Awaitable[None]]
"""Called with the bytes received at a time (microseconds); returns when there is room for more."""


class Talk:
    """A ``Talking``. Give a new one to each exchange."""

    def __init__(
        self,
        make: Callable[[Plan, Head, int], TalkSession],
        said: AsyncGenerator[Sequence[Outgoing], None],
        hear: Hear,
        kept: Callable[[Plan, Tape], Sequence[SessionRecording]],
        opened: Callable[[TalkSession, Head, int], Awaitable[None]],
        hold: float | None = None,
    ) -> None:
        """*said*: the input, until it ends. *kept*: records the session. *opened* is called when it is open.
        *hold*: the longest duration in seconds, instead of the rest of the plan's max_time."""
        self._make = make
        self._said = said
        self._hear = hear
        self._keeping = kept
        self._opened = opened
        self._hold = hold
        self._held: TalkSession | None = None
        self._head: Head | None = None
        self._out: list[bytes] = []
        self._waiting = self._received = 0
        self._seen = 0, 0
        self._more = trio.Event()
        self._less = trio.Event()
        self._busy = self._compressed = False
        self._turned = trio.Event()
        self._asleep_until: int | None = None
        self._is_open = trio.Event()
        self._no_more = False
        self._kept: Sequence[SessionRecording] = ()

    @property
    def make(self) -> Maker:
        """See ``Talking``."""

        def made(plan: Plan, head: Head, at: int) -> TalkSession:
            self._head = head
            self._held = self._make(plan, head, at)
            return self._held

        return made

    async def converse(self, wire: Wire, client: Speaking, tape: Tape, whole: trio.CancelScope) -> End:
        """See ``Talking``. When cancelled, it first closes the session, and hands on what has arrived."""
        self._wire, self._client, self._tape, self._whole = wire, client, tape, whole
        self._turn = client.timer(tape.now())
        self._end: End | None = None
        _keep_memory()
        over = trio.Event()
        leaving = trio.CancelScope(shield=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._all, leaving, over)
            try:
                await over.wait()
            except trio.Cancelled:
                leaving.deadline = trio.current_time() + self._time_to_leave()
                self._leave()
                raise
        assert self._end is not None
        return self._end

    def _time_to_leave(self) -> float:
        if self._held is None:
            return 0
        return LATE if self._whole.cancel_called and self._hold is None else LEAVING

    async def _all(self, leaving: trio.CancelScope, over: trio.Event) -> None:
        try:
            with leaving:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    nursery.start_soon(self._speak)
                    nursery.start_soon(self._clock, nursery.cancel_scope)
                    self._push(self._client.opening)
                    await self._read()
                    await self._finish()
                    nursery.cancel_scope.cancel()
        finally:
            for each in self._kept:
                each.end(self._tape.now())
            over.set()

    async def _read(self) -> None:
        """Read until the end, and set it."""
        tape, client = self._tape, self._client
        while self._end is None:
            data = await self._wire.receive(self._at_once())
            if self._end is not None:
                return
            if isinstance(data, End):
                self._push(client.receive_eof(tape.now()).send)
                self._end = data
                return
            at = tape.now()
            held = self._held
            if held is None:
                tape.add(Received(at, data))
                self._take(client.receive(data, at))
                if self._held is not None:
                    await self._open(at)
            else:
                held.congested = self._waiting > BACKLOG
                self._take(client.receive(data, at))
                close = held.close_received.frame if held.close_received is not None else None
                for each in self._kept:
                    each.received(at, data, held.boundary, held.ahead, close)
                self._bound(len(data))
            await self._hand_on(at)

    def _at_once(self) -> int:
        """The size of the next read. The first is small, because the report keeps whole reads."""
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

    def _bound(self, size: int) -> None:
        """Over HTTP/2 the whole session is recorded, because its frames cannot be cut; so it has a limit."""
        self._received += size
        limits = self._held._plan.limits if self._held is not None else None
        if limits is not None and not isinstance(self._client, Client) and self._received > limits.max_session:
            self._end = self._end or End("limit", f"{limits.max_session} bytes after the 200")

    def _take(self, turn: Turn) -> None:
        self._turn = turn
        self._push(turn.send)
        if turn.done:
            self._end = self._end or End(turn.stop, turn.why)
        self._wake_clock()

    async def _open(self, at: int) -> None:
        held = self._held
        assert held is not None
        assert self._head is not None
        self._compressed = agreed_deflate(self._head) is not None
        self._kept = self._keeping(held._plan, self._tape)
        if self._hold is not None:
            self._whole.deadline = trio.current_time() + self._hold
        await self._opened(held, self._head, at)
        self._is_open.set()

    async def _hand_on(self, at: int) -> None:
        """Wait until the output has taken the received bytes, however long that takes: that is not silence of
        the server."""
        held = self._held
        if held is None or not held.heard:
            return
        heard, held.heard = held.heard, []
        self._busy = True
        try:
            await self._hear(heard, at)
        finally:
            self._busy = False
        now = self._tape.now()
        if now - at > MOMENT:
            held.touch(now)
        if not self._turn.done and (now - at > MOMENT or now >= (self._turn.wake_at or now + 1)):
            self._take(self._client.timer(now))
        else:
            self._wake_clock()  # it may sleep without a limit, because it ignores time while this is busy

    async def _speak(self) -> None:
        """Send the input as it is read."""
        await self._is_open.wait()
        held = self._held
        assert held is not None
        async with aclosing(self._said) as batches:
            async for batch in batches:
                for said in batch:
                    await self._room(WAITING)
                    if self._end is not None or held.phase is not Phase.OPEN:
                        return
                    self._push(self._client.carry(held.say(said, self._tape.now())))
                self._take_clock()
        await self._room(1)
        if held.phase is Phase.OPEN:
            self._push(self._client.carry(held.input_over(self._tape.now())))
            self._take_clock()

    def _take_clock(self) -> None:
        if self._end is None:
            self._take(self._client.timer(self._tape.now()))

    async def _room(self, most: int) -> None:
        """Wait until fewer than *most* bytes wait to be written."""
        while self._waiting + getattr(self._client, "held_back", 0) >= most and self._end is None:
            self._less = trio.Event()
            await self._less.wait()

    def _push(self, data: bytes) -> None:
        if data:
            self._out.append(data)
            self._waiting += len(data)
            self._more.set()

    async def _write(self) -> None:
        tape = self._tape
        broken = False
        while True:
            if not self._out:
                self._less.set()
                if self._no_more:
                    return
                self._more = trio.Event()
                await self._more.wait()
                continue
            data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out.clear()
            if not broken:
                if self._kept:
                    close = self._held.close_sent if self._held is not None else None
                    for each in self._kept:
                        each.sent(tape.now(), data, close)
                else:
                    tape.add(Sent(tape.now(), data))
                broken = await self._wire.send(data) is not None
            self._waiting -= len(data)
            self._less.set()

    async def _clock(self, session: trio.CancelScope) -> None:
        """Do what is due, and end *session* if it is over."""
        while True:
            self._turned = trio.Event()
            if self._end is not None and not self._busy:
                await self._finish()
                session.cancel()
                return
            self._asleep_until = None if self._busy else self._turn.wake_at
            with trio.move_on_at(self._tape.deadline(self._asleep_until)):
                await self._turned.wait()
            now, due = self._tape.now(), self._turn.wake_at
            # Otherwise rounding would wake this task slightly too early, many times.
            if due is not None and due <= now + 1 and not self._busy and self._end is None:
                self._take(self._client.timer(max(now, due)))

    def _wake_clock(self) -> None:
        """Wake the clock's task, if it sleeps too long or without need."""
        due, until = self._turn.wake_at, self._asleep_until
        if self._end is not None or (due is not None and (until is None or due < until)):
            self._turned.set()

    async def _finish(self) -> None:
        """Give the waiting bytes a moment to be written."""
        self._no_more = True
        self._more.set()
        with trio.move_on_after(FLUSH):
            while self._waiting:
                self._less = trio.Event()
                await self._less.wait()

    def _leave(self) -> None:
        if self._held is not None and self._end is None:
            self._push(self._client.carry(self._held.leave(self._tape.now())))
            self._take_clock()


def silent_session(said: AsyncGenerator[Sequence[Outgoing], None], hold: float) -> Talk:
    """A session that sends *said*, only records what arrives, and is then closed."""

    def make(plan: Plan, head: Head, at: int) -> TalkSession:
        reader, writer = halves(plan.wire, plan.request, head, agreed_deflate(head))
        return TalkSession(plan, reader, writer, Rules(eof="close"), at)

    async def hear(heard: Sequence[Incoming], at: int) -> None: ...

    async def opened(held: TalkSession, head: Head, at: int) -> None: ...

    return Talk(
        make, said, hear, lambda plan, tape: [SessionRecording(plan.limits.max_session, tape.add)], opened, hold
    )


@cache
def _keep_memory() -> None:
    """Make the C library keep its memory for further blocks of this size.

    After glibc frees one large block, it serves blocks of that size from its own store, and trims the store at
    twice the size (mallopt(3), M_MMAP_THRESHOLD). Otherwise each block is new memory, cleared page by page,
    which takes a tenth of the time of a long session. The block itself is never touched.
    """
    bytes(16 * PIECE)


async def pieces(descriptor: int, size: int, first: int | None = None) -> AsyncGenerator[bytes, None]:
    """The bytes of *descriptor* until its end: at most *size* bytes at a time, *first* in the first read."""
    way = _Way(descriptor, os.O_RDONLY)
    try:
        data = await way.read(size if first is None else first)
        while data:
            yield data
            data = await way.read(size)
    finally:
        way.close()


class DescriptorWriter:
    """Writes bytes to *descriptor*, however slowly it accepts them.

    A write may be cancelled in the middle of a line, when time is up and the reader is slow. The next write
    first writes the rest of that line, so that a reader never gets two lines as one. Later lines are dropped.
    """

    def __init__(self, descriptor: int, line_end: bytes = b"\n") -> None:
        """*line_end*: one byte."""
        self._way = _Way(descriptor, os.O_WRONLY)
        self._line_end = line_end
        self._begun = b""
        """The rest of the line that a cancelled write left."""

    async def write(self, data: bytes) -> None:
        """Write all of *data*. Raises OSError, BrokenPipeError if the reader is gone."""
        begun, self._begun = self._begun, b""
        if begun:
            data = begun + data
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[await self._way.write(rest) :]
        except trio.Cancelled:
            written = len(data) - len(rest)
            if data[written - 1 : written] != self._line_end if written else begun:
                whole = data.find(self._line_end, written) + 1
                self._begun = data[written : whole or None]
            raise

    def close(self) -> None:
        self._way.close()


class _Way:
    """Waits for a descriptor.

    If the system can (Linux: /proc), a pipe is opened once more, non-blocking, so that the flag does not affect
    other holders of the pipe's end. A file and /dev/null never block. For anything else a thread waits in
    read(2) or write(2) without a lock of Python: if the session ends while it waits, it does not keep the
    interpreter alive. Such a thread writes all its data, and the next one waits for it.
    """

    def __init__(self, descriptor: int, flags: int) -> None:
        self._descriptor = descriptor
        self._own = False
        self._one_thread = threading.Lock()
        status = os.fstat(descriptor)
        self._file = stat.S_ISREG(status.st_mode) or _is_null(status)
        self._waits = False
        if stat.S_ISFIFO(status.st_mode) and hasattr(os, "O_NONBLOCK"):  # not on Windows
            try:
                self._descriptor = os.open(f"/proc/self/fd/{descriptor}", flags | os.O_NONBLOCK)
            except OSError:
                return
            self._own = self._waits = True
            _widen(self._descriptor)

    async def read(self, size: int) -> bytes:
        if self._file:
            await trio.lowlevel.checkpoint()
            return os.read(self._descriptor, size)
        if not self._waits:
            return await trio.to_thread.run_sync(
                partial(os.read, self._descriptor, size), abandon_on_cancel=True
            )
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                data = os.read(self._descriptor, size)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._descriptor)
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return data

    async def write(self, data: memoryview) -> int:
        if self._file:  # No turn of the loop for each message: the caller has just waited for a read.
            return os.write(self._descriptor, data)
        if not self._waits:
            return await trio.to_thread.run_sync(self._write_whole, data, abandon_on_cancel=True)
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                written = os.write(self._descriptor, data)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._descriptor)
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return written

    def _write_whole(self, data: memoryview) -> int:
        with self._one_thread:
            rest = data
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        return len(data)

    def close(self) -> None:
        if self._own:
            trio.lowlevel.notify_closing(self._descriptor)
            os.close(self._descriptor)


def _is_null(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev


def _widen(pipe: int) -> None:
    """Enlarge *pipe* to one read, if it is smaller: each turn of the loop reads as much as there is."""
    try:
        import fcntl  # not on Windows

        if fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) < PIECE:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIECE)
    except (ImportError, AttributeError, OSError):
        return  # A smaller pipe is only slower. The system cannot enlarge it, or this user has reached a limit.


Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Items from other threads, in order, for one task here."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._put, self._get = trio.open_memory_channel[Item](float("inf"))

    def post(self, item: Item) -> None:
        """Can be called in any thread. The item is dropped if the task is gone."""
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._put.send_nowait, item)

    async def each(self) -> AsyncGenerator[Item, None]:
        """Every item, as it arrives."""
        async for item in self._get:
            yield item


async def told(start: Callable[[Callable[[], None]], object]) -> None:
    """Call *start* with a function, and wait until any thread calls that function."""
    token, over = trio.lowlevel.current_trio_token(), trio.Event()

    def done() -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(over.set)

    start(done)
    await over.wait()


__all__ = ["DescriptorWriter", "Mailbox", "Talk", "pieces", "told"]
