"""Joins a browser that already runs with a debugging port, and follows the sockets of its pages.

It never starts, ends or navigates that browser. There is no network log: DevTools name the request of a failed
socket and one sentence, and of an opened one the heads and the frames.
"""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import trio

from wsprobe import net
from wsprobe.exchange import Event, Exchange, Limits, Plan
from wsprobe.lab.devtools import DevTools, Refused
from wsprobe.net.stream import Tape
from wsprobe.net.talk import Talk
from wsprobe.page.sockets import PageSocket
from wsprobe.page.watching import Watching
from wsprobe.read import read
from wsprobe.read.reading import Head
from wsprobe.request import opening, target
from wsprobe.request.opening import Offer
from wsprobe.session.kept import SessionRecording
from wsprobe.talk.session import Outgoing, Rules, TalkSession
from wsprobe.wire.framing import Incoming, ReceivedMessage

PATIENCE = 10.0
"""Seconds that the browser has for its first answers."""
LONGEST = 16 << 20
"""Bytes of the longest message of DevTools."""


class NoDevTools(RuntimeError):
    """No browser answers there. The message is one line; *refused*: nothing listens at the port."""

    def __init__(self, message: str, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


async def attach(
    host: str,
    port: int,
    watching: Watching,
    lasts: float | None,
    over: Callable[[PageSocket], Awaitable[None]],
    ready: Callable[[], None],
) -> None:
    """Follow all pages and workers of the browser at *host* and *port*, also new ones, for *lasts* seconds,
    until it ends, or until ^C.

    *over*: called with each socket of which nothing more will come. *ready*: called once all are followed.
    Raises NoDevTools.
    """
    path = await _path_of(host, port)
    outgoing, said = trio.open_memory_channel[Sequence[Outgoing]](math.inf)
    ended: list[PageSocket] = []
    is_open = trio.Event()
    gone = trio.Event()

    async def send(data: bytes) -> None:
        outgoing.send_nowait([Outgoing("text", (data,))])

    async def keep(socket: PageSocket) -> None:
        ended.append(socket)

    tools = DevTools(send, watching.heard)
    watching.on_over = keep

    async def carry() -> None:
        await net.probe(_upgrade(host, port, path), None, _DevToolsSession(tools, said, is_open))
        tools.end()
        gone.set()
        watching.changed.set()

    async def stop(signals: AsyncIterator[int]) -> None:
        async for _ in signals:
            nursery.cancel_scope.cancel()

    with trio.open_signal_receiver(signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop, signals)
            nursery.start_soon(carry)
            with trio.move_on_after(PATIENCE) as late:
                await is_open.wait()
                try:
                    await watching.follow_all(tools)
                except Refused as error:
                    raise NoDevTools(f"{host}:{port}: {error}") from None
            if late.cancelled_caught:
                raise NoDevTools(f"{host}:{port}: the browser does not answer as DevTools do")
            ready()
            with trio.move_on_after(math.inf if lasts is None else lasts):
                while not gone.is_set():
                    await watching.wait()
                    while ended:
                        await over(ended.pop(0))
            watching.over = True
            nursery.cancel_scope.cancel()
    for socket in ended:
        await over(socket)


async def _path_of(host: str, port: int) -> str:
    """The path of its DevTools: from /json/version. Raises NoDevTools."""
    to = target.parse(f"ws://{target.authority(host, port)}/json/version")
    request = f"GET /json/version HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode()
    exchange: Exchange = await net.probe(Plan(to, request, limits=Limits(PATIENCE, PATIENCE, 0.0)))
    reading = read(exchange)
    where = f"{host}:{port}"
    if reading.final is None:
        raise NoDevTools(
            f"--attach: no browser answers at {where}; start it with --remote-debugging-port={port} and, since "
            "Chrome 136, a --user-data-dir of its own",
            refused=True,
        )
    try:
        found = json.loads(reading.content)
        path = str(urlsplit(found["webSocketDebuggerUrl"]).path)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        path = ""
    if reading.status != 200 or not path.startswith("/devtools/"):
        raise NoDevTools(f"--attach: what answers at {where} is not DevTools (no /json/version of a browser)")
    return path


def _upgrade(host: str, port: int, path: str) -> Plan:
    to = target.parse(f"ws://{target.authority(host, port)}{path}")
    key = opening.fresh_key(os.urandom(16))
    offer = Offer(key=key, no_compression=True, headers=(f"Host: localhost:{port}",))
    return Plan(to, opening.request(to, offer), limits=Limits(PATIENCE, PATIENCE, 0.0))


class _DevToolsSession(Talk):
    """A session whose messages are those of DevTools; nothing of it is recorded."""

    rules = Rules(eof="keep")
    max_message = LONGEST
    hold = math.inf

    def __init__(
        self, tools: DevTools, outgoing: trio.MemoryReceiveChannel[Sequence[Outgoing]], is_open: trio.Event
    ) -> None:
        self._tools = tools
        self._outgoing = outgoing
        self._is_open = is_open

    def kept(self, plan: Plan, tape: Tape) -> Sequence[SessionRecording]:
        return [SessionRecording(0, _forget)]

    async def opened(self, held: TalkSession, head: Head, at: int) -> None:
        self._is_open.set()

    async def said(self) -> AsyncGenerator[Sequence[Outgoing], None]:
        async for batch in self._outgoing:
            yield batch

    async def hear(self, heard: Sequence[Incoming], at: int) -> None:
        for each in heard:
            if isinstance(each, ReceivedMessage):
                await self._tools.receive(each.data)


def _forget(event: Event) -> None: ...
