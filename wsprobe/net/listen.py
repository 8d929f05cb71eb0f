"""A door of this machine: a socket that listens, its clients, their requests, and farewells.

The relay, the lab and the metrics each have one.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable

import trio
from msgspec import Struct

from wsprobe.exchange import How
from wsprobe.net.stream import End, Wire
from wsprobe.read.request import Request, RequestReader, is_hello
from wsprobe.request.target import authority

BACKLOG = 128
GOODBYE = 2.0
"""Seconds for a client to close its side, once there is nothing more to send."""

_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE = 0.1


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens at *host* (localhost: 127.0.0.1) on *port*, any free one for 0. Raises OSError."""
    bind = "127.0.0.1" if host == "localhost" else host
    made = socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((bind, port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


async def _at_once() -> None:
    """Wait for nothing."""


async def clients(
    at: socket.socket, room: Callable[[], Awaitable[None]] = _at_once
) -> AsyncGenerator[tuple[socket.socket, str], None]:
    """The clients that connect to *at*: a socket that does not block, and ``address:port``. Waits for *room*
    before each."""
    while True:
        await trio.lowlevel.wait_readable(at)
        await room()
        try:
            client, peer = at.accept()
        except OSError as error:  # also a client that has gone
            if error.errno in _FULL:
                await trio.sleep(_PAUSE)
            continue
        client.setblocking(False)
        yield client, authority(peer[0], peer[1])


class Heard(Struct, frozen=True):
    """What a client said first."""

    came: bytes
    request: Request | None
    """None if *came* is no request, is longer than allowed, or was not complete in time."""


async def request_of(receive: Callable[[], Awaitable[bytes | End]], longest: int, patience: float) -> Heard:
    """Read a client's request, with *receive* for each read (b"" or an End: no more will come). Stops after
    *longest* bytes, or *patience* seconds, however slowly the bytes arrive."""
    reader = RequestReader()
    with trio.move_on_after(patience):
        while len(reader.came) <= longest and not is_hello(reader.came):
            data = await receive()
            if isinstance(data, End) or not data:
                break
            if (request := reader.receive(data)) is not None:
                return Heard(bytes(reader.came), request)
    return Heard(bytes(reader.came), None)


async def dismiss(client: Wire, answer: bytes) -> None:
    """Send *answer*, end our side, and give the client time to read: closing at once could destroy it."""
    await client.send(answer)
    await client.finish()
    with trio.move_on_after(GOODBYE):
        await drained(client)


async def drained(client: Wire, most: int = 0) -> tuple[bytes, How]:
    """The first *most* further bytes, and how the connection ended."""
    kept = b""
    while True:
        data = await client.receive()
        if isinstance(data, End):
            return kept, data.how
        kept += data[: most - len(kept)]
