"""A connection as the rest sees it, and the tape that its events are written on, with the one clock they share.

The end of a connection is a value; nothing here raises for what a peer does.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import trio
from msgspec import Struct

from wsprobe.exchange import Event, Exchange, How, Plan

MICRO = 1_000_000


class Tape:
    """Events in the order in which they happened."""

    def __init__(self, watch: Callable[[Event], object] | None = None) -> None:
        """Start the clock. *watch* is called with each event as it is written."""
        self._seconds = trio.lowlevel.current_clock().current_time
        self._zero = self._seconds()
        self._started = time.time()
        self._watch = watch
        self.events: list[Event] = []

    def now(self) -> int:
        """Whole microseconds since the start."""
        return round((self._seconds() - self._zero) * MICRO)

    def deadline(self, at: int | None) -> float:
        """The moment *at* in trio's time; infinity for None."""
        return float("inf") if at is None else self._zero + at / MICRO

    def add(self, event: Event) -> None:
        self.events.append(event)
        if self._watch is not None:
            self._watch(event)

    def exchange(self, plan: Plan) -> Exchange:
        """What has been written so far, as the recording of *plan*."""
        return Exchange(plan, tuple(self.events), utc(self._started))


def utc(seconds: float) -> str:
    """*seconds* since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


READ = 65536
"""Bytes asked for in one read, if nothing else is said."""

_RESET = {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE}


class End(Struct, frozen=True):
    """Why no more bytes go this way."""

    how: How
    error: str = ""
    errno: str = ""
    """Symbolic name, "" if there is none."""
    alert: int | None = None
    """The TLS alert that the peer sent, by its number."""


class Wire(Protocol):
    """Bytes in order, both ways."""

    async def send(self, data: bytes) -> End | None:
        """Hand over all of *data*; the end if that cannot be done."""

    async def receive(self, most: int = READ) -> bytes | End:
        """What one read of at most *most* bytes gave, at least one byte, or the end."""

    async def close(self) -> None:
        """Say goodbye where the protocol has a word for it, and close at once."""


class StreamWire:
    """A wire over a trio stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._reset: End | None = None

    async def send(self, data: bytes) -> End | None:
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as broken:
            end = _end_of(broken)
            if end.errno == "ECONNRESET":
                self._reset = end
            return end
        return None

    async def receive(self, most: int = READ) -> bytes | End:
        try:
            data = await self._stream.receive_some(most)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as broken:
            return _end_of(broken)
        if not data:
            # Linux shows RST once: where a write has met it, reading ends as if with FIN. trio tells the writer
            # up to two turns of its loop after the reader.
            for _ in range(2):
                await trio.lowlevel.checkpoint()
            return self._reset or End("fin")
        return bytes(data)

    async def close(self) -> None:
        if isinstance(self._stream, trio.SocketStream):
            # The same as below, without a scope that is made only to be cancelled.
            self._stream.socket.close()
            await trio.lowlevel.cancel_shielded_checkpoint()
        else:
            await trio.aclose_forcefully(self._stream)


class After:
    """A wire of which some bytes were read already: they come first."""

    def __init__(self, wire: Wire, read: bytes) -> None:
        self._wire = wire
        self._read = read

    async def send(self, data: bytes) -> End | None:
        return await self._wire.send(data)

    async def receive(self, most: int = READ) -> bytes | End:
        if self._read:
            data, self._read = self._read, b""
            return data
        return await self._wire.receive(most)

    async def close(self) -> None:
        await self._wire.close()


def said_of(error: OSError) -> tuple[str, str]:
    """The symbolic name and the words of *error*, both as the operating system has them."""
    number = error.errno
    if isinstance(number, int) and number in errno.errorcode:
        return errno.errorcode[number], os.strerror(number)
    return "", error.strerror or str(error) or type(error).__name__


def _end_of(broken: BaseException) -> End:
    cause = broken.__cause__
    if not isinstance(cause, OSError):
        return End("error", str(broken) or "the connection is broken")
    name, words = said_of(cause)
    return End("reset" if cause.errno in _RESET else "error", words, name)
