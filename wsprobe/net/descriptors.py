"""Pipes, files and terminals of this process, each at its own pace; and items and calls from other threads."""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

import trio

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 256 * 1024
"""Bytes of one read; a pipe gets as much room, if the system allows it."""
Done = TypeVar("Done")
LAST = 0.2
"""Seconds after ^C in which a reader may take the rest of a line, and the last one."""


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
        self._begun: Iterator[bytes] = iter(())
        """The rest of the line that a cancelled write left."""

    async def write(self, data: bytes) -> None:
        """Write all of *data*. Raises OSError, BrokenPipeError if the reader is gone."""
        await self.write_pieces(iter((data,)))

    async def write_pieces(self, pieces: Iterator[bytes]) -> None:
        """As ``write``, for data of which each of *pieces* takes time to make: other tasks run in between."""
        begun = next(self._begun, b"")
        whole = chain((begun,), self._begun, pieces) if begun else pieces
        rest, in_line = memoryview(b""), bool(begun)
        try:
            for number, piece in enumerate(whole):
                rest = memoryview(piece)
                if number:
                    await trio.lowlevel.checkpoint()
                while rest:
                    written = await self._way.write(rest)
                    in_line, rest = rest[written - 1 : written] != self._line_end, rest[written:]
        except trio.Cancelled:
            self._begun = self._to_line_end(bytes(rest), whole) if in_line else iter(())
            raise

    async def finish(self, line: bytes) -> None:
        """As ``write``, for the last line. If this is cancelled already, the reader has LAST seconds to take
        the rest of the line before it, and this one: ^C should not cut a line for a reader that reads."""
        if trio.current_effective_deadline() > -inf:
            await self.write(line)
            return
        with trio.move_on_after(LAST, shield=True):
            await self.write(line)
        await trio.lowlevel.checkpoint_if_cancelled()

    def _to_line_end(self, rest: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """*rest*, and as many of *pieces* as its line has."""
        for piece in chain((rest,), pieces):
            end = piece.find(self._line_end) + 1
            yield piece[: end or None]
            if end:
                return

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
        return await self._tried(partial(os.read, self._descriptor, size), trio.lowlevel.wait_readable)

    async def write(self, data: memoryview) -> int:
        if self._file:  # No turn of the loop for each message: the caller has just waited for a read.
            return os.write(self._descriptor, data)
        if not self._waits:
            return await trio.to_thread.run_sync(self._write_whole, data, abandon_on_cancel=True)
        return await self._tried(partial(os.write, self._descriptor, data), trio.lowlevel.wait_writable)

    async def _tried(self, call: Callable[[], Done], until_ready: Callable[[int], Awaitable[None]]) -> Done:
        """The result of *call*, as soon as the descriptor is ready for it."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                done = call()
            except BlockingIOError:
                await until_ready(self._descriptor)
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return done

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


async def told(start: Callable[[Callable[..., None]], object]) -> None:
    """Call *start* with a function, and wait until any thread calls that function."""
    token, over = trio.lowlevel.current_trio_token(), trio.Event()

    def done(*_: object) -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(over.set)

    start(done)
    await over.wait()


PIECE_WRITTEN = 4096
"""Bytes of one write(2); each successful write shows that the reader still reads."""
MOST = 8 * 1024 * 1024
"""Bytes that may wait before ``room`` waits."""
PATIENCE = 0.5
"""Seconds without progress after which ``finish`` stops waiting."""


class QueuedOutput(io.RawIOBase):
    """Bytes for the file *descriptor*. A write never waits: a thread of its own empties the queue."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._waiting = 0
        self._error: OSError | None = None
        # Without a reader, the thread is left behind in write(2), where it does not hold Python's lock.
        threading.Thread(target=self._empty, daemon=True).start()

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def writable(self) -> bool:
        """True: as for a file, writing is allowed."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Queue *data*. Raises OSError, BrokenPipeError once the reader is gone."""
        piece = bytes(data)
        with self._changed:
            if self._error is not None:
                raise self._error
            self._queue.append(piece)
            self._waiting += len(piece)
            self._changed.notify_all()
        return len(piece)

    async def room(self) -> None:
        """Wait until at most MOST bytes wait, or none will ever be read."""
        if self._waiting > MOST:
            await trio.to_thread.run_sync(self._until_there_is_room, abandon_on_cancel=True)

    def finish(self) -> int:
        """Wait while the reader reads; returns the number of unread bytes."""
        with self._changed:
            while (left := self._waiting) and self._changed.wait(PATIENCE):
                pass  # notified: the reader has taken some bytes
            self._queue.clear()
            return left

    def _until_there_is_room(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting <= MOST)

    def _empty(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: bool(self._queue))
                    piece = self._queue.popleft()
                self._write(piece)
        except OSError as error:
            with self._changed:
                self._error = error
                self._queue.clear()
                self._waiting = 0
                self._changed.notify_all()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                written = os.write(self._descriptor, rest[:PIECE_WRITTEN])
            except BlockingIOError:  # another process that shares the pipe made it non-blocking
                select.select([], [self._descriptor], [])
                continue
            rest = rest[written:]
            with self._changed:
                self._waiting -= written
                self._changed.notify_all()


async def room(outputs: Sequence[QueuedOutput]) -> None:
    """Wait until all of *outputs* have room."""
    for output in outputs:
        await output.room()


@asynccontextmanager
async def while_read(descriptor: int) -> AsyncIterator[None]:
    """Raise BrokenPipeError as soon as the reader of the pipe *descriptor* is gone, not only at the next write.
    If the system cannot report that, or *descriptor* is not a pipe, the writer has to notice."""

    if not (stat.S_ISFIFO(os.fstat(descriptor).st_mode) and _only_written(descriptor)):
        yield
        return
    gone, over = False, trio.Event()
    waiting, work = trio.CancelScope(), trio.CancelScope()

    async def until_gone() -> None:
        nonlocal gone
        try:
            with waiting:
                # A descriptor open only for writing becomes readable only after an error.
                await trio.lowlevel.wait_readable(descriptor)
                gone = True
                work.cancel()
        except OSError:
            return
        finally:
            over.set()

    # Not in a nursery, which would put an exception of the work into a group.
    trio.lowlevel.spawn_system_task(until_gone)
    try:
        with work:
            yield
    finally:
        waiting.cancel()
        with trio.CancelScope(shield=True):
            await over.wait()
    if gone and work.cancelled_caught:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _only_written(descriptor: int) -> bool:
    """Whether *descriptor* is open only for writing: if a shell opened it both ways, this process is a reader
    itself."""
    try:
        import fcntl  # not on Windows
    except ImportError:
        return False
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
