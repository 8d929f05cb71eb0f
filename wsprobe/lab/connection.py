"""One connection of the lab: performs a scenario over a real socket, with or without TLS; and what it sent.

It moves the bytes between the socket and OpenSSL itself, so that it can send alerts even when the handshake
fails, and end the stream with or without a close_notify.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from struct import pack
from typing import Any, Protocol

import trio

from wsprobe.lab.perform import READ, CloseNotify, Finish, Pause, Performance, Read, Reset, Send
from wsprobe.text import visible

REFUSED = 2.0
"""Seconds that a refused client has to read the alert."""


class Secure:
    def __init__(self, clear: Clear, context: ssl.SSLContext) -> None:
        self._clear = clear
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)

    async def handshake(self) -> bool:
        """Do the TLS handshake. Returns False if it fails, after the alert has been sent to the client."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLError:
                await self._flush()
                await self._clear.finish(False)
                with trio.move_on_after(REFUSED):
                    while await self._clear.receive():
                        pass
                return False
            else:
                await self._flush()
                return True
            await self._fill()

    async def send(self, data: bytes) -> None:
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise trio.BrokenResourceError from error
        await self._flush()

    async def receive(self) -> bytes:
        while True:
            try:
                return self._tls.read(READ)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                return (
                    b""  # close_notify, the end of the stream without it, or an alert: nothing more will come
                )

    async def finish(self, notify: bool) -> None:
        if notify:
            with suppress(ssl.SSLWantReadError):  # raised because the client's close_notify is still missing
                self._tls.unwrap()
            await self._flush()
        await self._clear.finish(False)

    def reset(self) -> None:
        self._clear.reset()

    async def _fill(self) -> None:
        data = await self._clear.receive()
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()

    async def _flush(self) -> None:
        data = self._out.read()
        if data:
            await self._clear.send(data)


async def secured(stream: trio.SocketStream, context: ssl.SSLContext) -> Secure | None:
    """*stream* with TLS, after the handshake; None if the handshake failed."""
    made = Secure(Clear(stream), context)
    return made if await made.handshake() else None


class LabConnection(Protocol):
    """A connection for a performance. Raises trio.BrokenResourceError once it is broken."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes:
        """The bytes of one read, b"" at the end of the client's stream."""

    async def finish(self, notify: bool) -> None:
        """End the server's side of the stream; over TLS with a close_notify if *notify*."""

    def reset(self) -> None: ...


class Clear:
    """A connection without TLS."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream

    async def send(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def receive(self) -> bytes:
        return bytes(await self._stream.receive_some(READ))

    async def finish(self, notify: bool) -> None:
        await self._stream.send_eof()

    def reset(self) -> None:
        """Close with RST: a linger time of zero drops unsent bytes and resets the connection (socket(7))."""
        self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        self._stream.socket.close()


Note = Callable[[str, bytes], None]
"""Takes note of what the server does, and the bytes that it sends."""


def unnoted(do: str, data: bytes) -> None:
    """Keeps nothing."""


async def drive(performance: Performance, wire: LabConnection, most: int, note: Note = unnoted) -> None:
    """Carry out *performance* on *wire* until it ends. Resets the connection after more than *most* bytes from
    the client.

    Raises trio.BrokenResourceError if the client is gone.
    """
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
                note("sends", deed.data)
                await wire.send(deed.data)
            case Pause():
                await trio.sleep(deed.seconds)
            case Read():
                with trio.move_on_at(deed.until):
                    answer = await wire.receive()
                    heard += len(answer)
                if heard > most:
                    deed = Reset()
            case Finish():
                note("ends TCP (FIN)", b"")
                await wire.finish(notify=False)
            case CloseNotify():
                note("ends TLS with close_notify, then TCP (FIN)", b"")
                await wire.finish(notify=True)
        if isinstance(deed, Reset):
            note("drops the connection (RST)", b"")
            return wire.reset()


SENT_KEPT = 16 * 1024
"""The most bytes sent on one connection that the page shows."""


class ConnectionLog:
    """The bytes sent on one connection, in order."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.deeds: list[tuple[str, bytes]] = []
        self.kept = self.size = 0

    def add(self, do: str, data: bytes) -> None:
        self.size += len(data)
        if data and self.deeds and self.deeds[-1][0] == do:
            data = self.deeds.pop()[1] + data[: SENT_KEPT - self.kept]
            self.kept = len(data)
        else:
            data = data[: max(0, SENT_KEPT - self.kept)]
            self.kept += len(data)
        self.deeds.append((do, data))

    def value(self) -> dict[str, Any]:
        """The request and the server's steps as JSON values, every byte made visible."""
        return {
            "request": lines_of(self.request),
            "deeds": [{"do": do, "lines": lines_of(data)} for do, data in self.deeds],
            "left": max(0, self.size - sum(len(data) for _, data in self.deeds)),
        }


def lines_of(data: bytes) -> list[tuple[str, str]]:
    r"""The lines of *data*: (text made visible, line end). The line end is the escape ``\r\n`` or ``\n``, or
    ""."""
    found = []
    for line in re.findall(rb"[^\n]*\n|[^\n]+", data):
        end = b"\r\n" if line.endswith(b"\r\n") else b"\n" if line.endswith(b"\n") else b""
        found.append((visible(line.removesuffix(end)), {b"\r\n": "\\r\\n", b"\n": "\\n", b"": ""}[end]))
    return found
