"""Output that waits in memory for a slow reader, while everything else goes on."""

from __future__ import annotations

import io
import os
import select
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 4096
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
            for piece in self._pieces():
                self._write(piece)
        except OSError as error:
            with self._changed:
                self._error = error
                self._queue.clear()
                self._waiting = 0
                self._changed.notify_all()

    def _pieces(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue))
                piece = self._queue.popleft()
            yield piece

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                written = os.write(self._descriptor, rest[:PIECE])
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


__all__ = ["QueuedOutput", "room"]
