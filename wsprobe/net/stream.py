"""The interface of a connection, and the tape that records its events, with their common clock.

The end of a connection is a value; no act of a peer raises an exception here.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from struct import pack
from typing import Protocol

import trio
from msgspec import Struct

from wsprobe.exchange import SECOND, Event, Exchange, How, Plan


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
        return round((self._seconds() - self._zero) * SECOND)

    def deadline(self, at: int | None) -> float:
        """The moment *at* in trio's time; infinity for None."""
        return float("inf") if at is None else self._zero + at / SECOND

    def add(self, event: Event) -> None:
        """Record *event*, and pass it to the function that watches."""
        self.events.append(event)
        if self._watch is not None:
            self._watch(event)

    def exchange(self, plan: Plan) -> Exchange:
        """The events so far, as the recording of *plan*."""
        return Exchange(plan, tuple(self.events), utc(self._started))


def utc(seconds: float) -> str:
    """*seconds* since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


READ = 65536
"""The default size of one read, in bytes."""

_CLOSED = "this socket was already closed"
_RESET = {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE}


class End(Struct, frozen=True):
    """Why no more bytes go in this direction."""

    how: How
    error: str = ""
    errno: str = ""
    """Symbolic name, "" if there is none."""
    alert: int | None = None
    """The TLS alert that the peer sent, by its number."""
    seen: int | None = None
    """Microseconds since the start, where the end was read some time before it was acted on."""


class Wire(Protocol):
    """Bytes in order, both ways."""

    async def send(self, data: bytes) -> End | None:
        """Send all of *data*; returns the end if that fails."""

    async def receive(self, most: int = READ) -> bytes | End:
        """One read of at least one and at most *most* bytes, or the end."""

    async def finish(self) -> None:
        """Close our side of the stream; the peer's bytes can still be received."""

    async def close(self) -> None:
        """Send the protocol's end message, if it has one, and close immediately."""

    async def reset(self) -> None:
        """Close with RST."""


class SocketWire:
    """A wire over a connected socket that does not block.

    It does the same as a trio stream over the socket, with a fifth of the steps, which are most of the cost of
    a URL in a list.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._reset: End | None = None
        """How the connection ended, if only a write has noticed it. Linux reports RST only once; after that,
        reading ends as with FIN."""
        self._said_nothing = self._heard_nothing = True

    async def send(self, data: bytes) -> End | None:
        rest: bytes | memoryview = data
        # The first bytes fit into the buffer of a new connection, and the caller then waits for the answer, so
        # no other task needs a turn. Each later send gives a turn, so that a fast peer blocks no timer.
        waited, self._said_nothing = self._said_nothing, False
        try:
            if not waited:
                await trio.lowlevel.checkpoint_if_cancelled()
            while rest:
                try:
                    sent = self._socket.send(rest)
                except BlockingIOError:
                    await trio.lowlevel.wait_writable(self._socket)
                    waited = True
                else:
                    rest = memoryview(rest)[sent:] if sent < len(rest) else b""
        except (OSError, trio.ClosedResourceError) as error:
            end = _end(error)
            self._reset = end if end.errno == "ECONNRESET" else self._reset
            return end
        if not waited:
            await trio.lowlevel.cancel_shielded_checkpoint()
        return None

    async def receive(self, most: int = READ) -> bytes | End:
        # The answer to a request just sent cannot be here yet, so trying to read at once is useless.
        waited, self._heard_nothing = self._heard_nothing, False
        try:
            if waited:
                await trio.lowlevel.wait_readable(self._socket)
            else:
                await trio.lowlevel.checkpoint_if_cancelled()
            while True:
                try:
                    data = self._socket.recv(most)
                    break
                except BlockingIOError:
                    await trio.lowlevel.wait_readable(self._socket)
                    waited = True
        except (OSError, trio.ClosedResourceError) as error:
            return _end(error)
        except ValueError:  # trio waits for no closed socket
            return End("error", _CLOSED)
        if not waited:
            await trio.lowlevel.cancel_shielded_checkpoint()
        return data or await self._no_more()

    async def _no_more(self) -> End:
        """The end that a read has met. trio informs the writer up to two turns of its loop after the reader."""
        for _ in range(2):
            await trio.lowlevel.checkpoint()
        return self._reset or End("fin")

    async def finish(self) -> None:
        with suppress(OSError):  # already closed
            self._socket.shutdown(socket.SHUT_WR)

    async def reset(self) -> None:
        # A linger time of zero drops the unsent bytes and sends RST (socket(7)).
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        shut(self._socket)

    async def close(self) -> None:
        shut(self._socket)


def shut(connected: socket.socket) -> None:
    """Close a socket and wake the tasks that wait for it. A second call does nothing."""
    if connected.fileno() != -1:
        trio.lowlevel.notify_closing(connected)
        connected.close()


class After:
    """A wire with some bytes that were already read; they come first."""

    def __init__(self, wire: Wire, read: bytes) -> None:
        self._wire = wire
        self._read = read
        self.send, self.finish, self.close, self.reset = wire.send, wire.finish, wire.close, wire.reset

    async def receive(self, most: int = READ) -> bytes | End:
        if self._read:
            data, self._read = self._read, b""
            return data
        return await self._wire.receive(most)


def said_of(error: OSError) -> tuple[str, str]:
    """The symbolic name and the words of *error*, both as the operating system has them."""
    number = error.errno
    if isinstance(number, int) and number in errno.errorcode:
        return errno.errorcode[number], os.strerror(number)
    return "", error.strerror or str(error) or type(error).__name__


def _end(error: BaseException) -> End:
    """The end that *error* means."""
    if not isinstance(error, OSError):
        return End("error", str(error) or "the connection is broken")
    if error.errno in (errno.EBADF, errno.ENOTSOCK):
        return End("error", _CLOSED)
    name, words = said_of(error)
    return End("reset" if error.errno in _RESET else "error", words, name)
