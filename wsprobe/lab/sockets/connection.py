"""One connection of the lab: the performance of a scenario over a real socket."""

from __future__ import annotations

import socket
from struct import pack
from typing import Protocol

import trio

from wsprobe.lab.stage.performance import CloseNotify, Finish, Pause, Performance, Read, Reset, Send

READ = 65536


class Wire(Protocol):
    """A connection as a performance uses it. Raises trio.BrokenResourceError when it is gone."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes:
        """Return what one read gave, b"" at the end of the client's stream."""

    async def finish(self, notify: bool) -> None:
        """End our side of the stream; over TLS with a close_notify if *notify*."""

    def reset(self) -> None: ...


class Clear:
    """A connection in clear."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream

    async def send(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def receive(self) -> bytes:
        return bytes(await self._stream.receive_some(READ))

    async def finish(self, notify: bool) -> None:
        await self._stream.send_eof()

    def reset(self) -> None:
        """Close with RST: a linger time of zero drops what is unsent and says so (socket(7))."""
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        self._stream.socket.close()


async def drive(performance: Performance, wire: Wire, most: int) -> None:
    """Carry out *performance* on *wire*, until it is over, the client is gone, or has sent *most* bytes."""
    heard = 0
    answer: bytes | None = None
    while True:
        try:
            deed = performance.send(answer)
        except StopIteration:
            return
        answer = None
        match deed:
            case Send():
                await wire.send(deed.data)
            case Pause():
                await trio.sleep(deed.seconds)
            case Read():
                with trio.move_on_at(deed.until):
                    answer = await wire.receive()
                    heard += len(answer)
                if heard > most:
                    return wire.reset()
            case Finish() | CloseNotify():
                await wire.finish(notify=isinstance(deed, CloseNotify))
            case Reset():
                return wire.reset()
