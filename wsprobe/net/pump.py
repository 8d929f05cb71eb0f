"""Carries a conversation on a wire, both ways, until it ends.

Three tasks share it. One reads the wire and gives the bytes to the client, one writes what the client answers,
and one waits for the clock. So wsprobe sees an answer before the whole request is sent (a server may refuse a
large one early), and reads the bytes before a reset even if sending failed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
from msgspec.structs import replace

from wsprobe.exchange import Received, Sent
from wsprobe.net.stream import READ, End, Tape, Wire
from wsprobe.session.conversation import Speaking, Turn
from wsprobe.session.open_session import Phase

READS = 100_000
"""The most reads to keep: a peer that sends byte by byte makes an event of each."""

FLUSH = 1.0
"""Seconds that the last bytes may wait for room in the send buffer."""

END_TURNS = 6
"""Turns of trio's loop in which the reader finds out whether the stream has ended, over TLS or not."""


class Pump:
    """The two directions of one wire. Records every read and every write."""

    busy = False
    """True while the reader waits for something other than the wire: no time limit of the client counts."""

    def __init__(self, wire: Wire, client: Speaking, tape: Tape, size: int = READ, reads: int = READS) -> None:
        """*reads*: the number of further reads, each of *size* bytes at most."""
        self._wire = wire
        self._client = client
        self._tape = tape
        self._size = size
        self._reads = reads
        self._turn = Turn(b"", Phase.HEAD, None, False)
        self.end: End | None = None
        """How the conversation ended, once it has."""
        self._out: list[bytes] = []
        self.waiting = 0
        """Bytes that are not written yet."""
        self._looks = False
        self._closing = False
        self._more = trio.Event()
        self._less = trio.Event()
        self._woken = trio.Event()
        self._asleep_until: int | None = None

    async def run(self, turn: Turn, *others: Callable[[], Awaitable[None]]) -> End:
        """Continue from *turn*; return how it ended. *others* run meanwhile, and are cancelled at the end."""
        async with trio.open_nursery() as nursery:
            for each in (self._write, self._read, *others):
                nursery.start_soon(each)
            self.take(turn)
            end = await self._until_end()
            with trio.move_on_after(FLUSH):
                while self.waiting:
                    await self.written()
            nursery.cancel_scope.cancel()
        return end

    def push(self, data: bytes) -> None:
        """Send *data* after the bytes that still wait."""
        if data:
            self._out.append(data)
            self.waiting += len(data)
            self._more.set()

    def take(self, turn: Turn) -> None:
        """Do as the client says."""
        self._turn = turn
        if turn.phase is Phase.CLOSING and not self._closing:
            # The reader is to notice an end that has already happened, before our Close is sent. This tells a
            # server that ends the connection by itself from one that waits for the Close.
            self._closing = self._looks = True
        self.push(turn.send)
        if turn.done:
            self.end = self.end or End(turn.stop, turn.why)
        self.wake()

    def stop(self, end: End) -> None:
        """End the conversation, if nothing has ended it before."""
        self.end = self.end or end
        self.wake()

    def wake(self) -> None:
        """Wake the clock's task, if it sleeps too long or without need."""
        due, until = self._turn.wake_at, self._asleep_until
        if self.end is not None or (due is not None and (until is None or due < until)):
            self._woken.set()

    def tick(self) -> None:
        """Let the client do what is due by now."""
        if self.end is None:
            self.take(self._client.timer(self._tape.now()))

    def read_size(self) -> int:
        """The most bytes of the next read."""
        return self._size

    async def received(self, data: bytes, at: int) -> None:
        """Take the bytes of one read."""
        self._tape.add(Received(at, data))
        self.take(self._client.receive(data, at))
        self._reads -= 1
        if not self._reads:
            self.stop(End("limit", f"{READS} reads"))

    def sent(self, data: bytes, at: int) -> None:
        """Record the bytes of one write."""
        self._tape.add(Sent(at, data))

    async def _read(self) -> None:
        while self.end is None:
            data = await self._wire.receive(self.read_size())
            at = self._tape.now()
            if isinstance(data, End):
                self.push(self._client.receive_eof(at).send)
                self.stop(replace(data, seen=at))
            else:
                await self.received(data, at)

    async def _write(self) -> None:
        broken = False
        while True:
            if not self._out:
                self._more = trio.Event()
                await self._more.wait()
            if self._looks:
                self._looks = False
                # Here, not in the clock's task: its stack is deeper, and a turn costs four times as much.
                for _ in range(END_TURNS):
                    await trio.lowlevel.checkpoint()
            data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out.clear()
            if not broken:
                self.sent(data, self._tape.now())
                broken = await self._wire.send(data) is not None
            self.waiting -= len(data)
            self._less.set()

    async def written(self) -> None:
        """Wait until something more is written."""
        self._less = trio.Event()
        await self._less.wait()

    async def _until_end(self) -> End:
        """Do what is due by the clock, until the end."""
        while self.end is None or self.busy:
            self._woken = trio.Event()
            self._asleep_until = None if self.busy else self._turn.wake_at
            with trio.move_on_at(self._tape.deadline(self._asleep_until)):
                await self._woken.wait()
            now, due = self._tape.now(), self._turn.wake_at
            # Otherwise rounding would wake this task slightly too early, many times.
            if due is not None and due <= now + 1 and not self.busy and self.end is None:
                self.take(self._client.timer(max(now, due)))
        return self.end
