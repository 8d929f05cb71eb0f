"""A session that is held, on a wire: what is said goes out, what is heard is handed on, each at its own pace.

Four tasks share a session. One reads the wire and hands on what came, and reads no more until that is taken;
one takes what is to be said, and no more than the wire takes; one writes; one waits for the clock. So nothing
piles up on either side: whoever is slow makes the one before wait, as far as the far end of the connection.
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
"""Bytes taken at once, from the wire or from a pipe, which is given as much room where the system allows it."""
LEAST = 4096
"""The same where messages are compressed: they may grow by a thousand times."""
DEFLATE = b"permessage-deflate"
FRAMES = 8192
"""Frames in one read; of a server that sends more, less is read at once: nothing else is done meanwhile."""
WAITING = 256 * 1024
"""Bytes that wait to be written, at which no more is taken to be said."""
BACKLOG = 64 * 1024
"""Bytes that wait, at which no Pong is added to them."""
MOMENT = 10_000
"""Microseconds that handing on may take without being anything to speak of."""
LEAVING = 2.0
"""Seconds for our Close, its answer, and handing on what came until then, once we are told to go (^C)."""
LATE = 0.5
"""The same, once the time is over (-m)."""
FLUSH = 1.0
"""Seconds that the last bytes may wait for room in the send buffer."""

Hear = Callable[[Sequence[Incoming], int], Awaitable[None]]
"""Takes what came at a time (microseconds); returns when there is room for more."""


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
        """*said*: what is to be sent, until it ends. *kept*: who records the session. *opened* is told that it
        is open. *hold*: seconds that it may last, in place of what is left of the plan's max_time."""
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
        """See ``Talking``. Told to go, it says goodbye first, and hands on what has come."""
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
        """Take what comes until the end, and set it."""
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
        """Bytes to read next. The first read is to be a small one: the report keeps whole reads."""
        held = self._held
        if self._compressed:
            return LEAST
        if held is None and (not isinstance(self._client, Client) or DEFLATE in self._client.opening):
            return LEAST  # the first messages may come with the head; over HTTP/2 the request is sent later
        if held is None or held.totals.wire_received < READ:
            return READ
        received, frames = held.totals.wire_received - self._seen[0], held.frames - self._seen[1]
        self._seen = held.totals.wire_received, held.frames
        return min(max(received * FRAMES // max(frames, 1), LEAST), PIECE)

    def _bound(self, size: int) -> None:
        """Over HTTP/2 all of a session is recorded: there is no cutting its frames, so it has an end."""
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
        """Let what was heard be taken, however long that takes: it is not the server that is silent."""
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
            self._wake_clock()  # meanwhile it may have lain down for good: it minds no time while we are busy

    async def _speak(self) -> None:
        """Say what is to be said, as far as it is read."""
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
        """Do what is due, and end *session* where that is the end."""
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
            # Rounding must not wake us a moment too early again and again.
            if due is not None and due <= now + 1 and not self._busy and self._end is None:
                self._take(self._client.timer(max(now, due)))

    def _wake_clock(self) -> None:
        """Let the clock look again, if it sleeps too long, or for nothing."""
        due, until = self._turn.wake_at, self._asleep_until
        if self._end is not None or (due is not None and (until is None or due < until)):
            self._turned.set()

    async def _finish(self) -> None:
        """Let what waits be written, for a moment."""
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
    """A session in which *said* is said and what comes is only recorded, and which is closed after that."""

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
    """Let the C library keep what it has had from the system, for the next pieces of this size.

    What glibc has once given back as one block, it serves from its own store from then on, and trims that store
    at twice the size (mallopt(3), M_MMAP_THRESHOLD). Else each piece is new memory, to be cleared page by page:
    a tenth of the time of a long session. The block itself is never touched.
    """
    bytes(16 * PIECE)


async def pieces(descriptor: int, size: int, first: int | None = None) -> AsyncGenerator[bytes, None]:
    """What is read from *descriptor* until its end: at most *size* bytes at a time, *first* at first."""
    way = _Way(descriptor, os.O_RDONLY)
    try:
        data = await way.read(size if first is None else first)
        while data:
            yield data
            data = await way.read(size)
    finally:
        way.close()


class DescriptorWriter:
    """Bytes to *descriptor*, however slowly it takes them.

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
        """Write all of *data*. Raises OSError, BrokenPipeError where nobody reads it any more."""
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
    """A descriptor that is waited for.

    A pipe is opened once more where the system can do that (Linux: /proc), not to block: the flag then is ours
    alone, and not that of whoever else holds the pipe's end. A file never blocks, nor does /dev/null. Anything
    else is left to a thread, which waits in read(2) or write(2) without a lock of Python's: left behind there
    when the session ends, it does not keep the interpreter from ending. Such a thread writes all that it was
    given, and the next one waits for it.
    """

    def __init__(self, descriptor: int, flags: int) -> None:
        self._descriptor = descriptor
        self._own = False
        self._one_thread = threading.Lock()
        status = os.fstat(descriptor)
        self._file = stat.S_ISREG(status.st_mode) or _is_null(status)
        self._waits = False
        if stat.S_ISFIFO(status.st_mode) and hasattr(os, "O_NONBLOCK"):  # Windows has none
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
        if self._file:  # no turn of the loop for each message: whoever writes has just waited for a read
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
    """Give *pipe* room for a piece, where it has less: each turn of the loop takes as much as there is."""
    try:
        import fcntl  # Windows has none

        if fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) < PIECE:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIECE)
    except (ImportError, AttributeError, OSError):
        return  # it is slower, that is all: the system has none of it, or no more room for this user


Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """What other threads post, in order, for one task here."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._put, self._get = trio.open_memory_channel[Item](float("inf"))

    def post(self, item: Item) -> None:
        """To be called in any thread. Where nobody waits any more, it is dropped."""
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._put.send_nowait, item)

    async def each(self) -> AsyncGenerator[Item, None]:
        """Every item, as it comes."""
        async for item in self._get:
            yield item


async def told(start: Callable[[Callable[[], None]], object]) -> None:
    """Call *start* with a function, and wait until that was called, in whatever thread."""
    token, over = trio.lowlevel.current_trio_token(), trio.Event()

    def done() -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(over.set)

    start(done)
    await over.wait()


async def apart(work: Callable[[], object]) -> None:
    """Do *work*, which blocks, in a thread, to its end also when cancelled."""
    with trio.CancelScope(shield=True):
        await trio.to_thread.run_sync(work)


__all__ = ["DescriptorWriter", "Mailbox", "Talk", "apart", "pieces", "told"]
