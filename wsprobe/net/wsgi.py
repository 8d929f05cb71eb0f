"""A WSGI application (PEP 3333) on a port, called as a function: for a rare reader, such as Prometheus."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import unquote

import trio

from wsprobe.net.listen import Heard, clients, dismiss, request_of
from wsprobe.net.stream import SocketWire
from wsprobe.read.request import Request
from wsprobe.request.target import loopback, names_this_machine

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

PATIENCE = 10.0
"""Seconds for a reader's request, and as many for reading the answer."""
LONGEST_HEAD = 16 * 1024
"""Bytes of a request's head."""
READERS = 8
"""Readers at the same time; Prometheus is one. Others are refused, because each has an answer in memory."""


@asynccontextmanager
async def served(application: WSGIApplication, at: socket.socket) -> AsyncIterator[None]:
    """Serve *application* to the clients of *at*, a listening socket, until the block ends.

    It is called in a thread. At a loopback address a request has to name this machine: else a page elsewhere
    could read the answer, by a name of its own that leads here (DNS rebinding).
    """
    own = loopback(at.getsockname()[0])
    free = trio.Semaphore(READERS)

    async def serve(client: SocketWire) -> None:
        try:
            heard = await request_of(client.receive, LONGEST_HEAD, PATIENCE)
            with trio.move_on_after(PATIENCE):
                await dismiss(client, await _answer(application, heard, own))
        finally:
            await client.close()
            free.release()

    async def listen() -> None:
        async for client, _ in clients(at):
            try:
                free.acquire_nowait()
            except trio.WouldBlock:
                client.close()
            else:
                nursery.start_soon(serve, SocketWire(client))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        yield
        nursery.cancel_scope.cancel()


async def _answer(application: WSGIApplication, heard: Heard, own: bool) -> bytes:
    """The whole answer; b"" for what is no request."""
    request = heard.request
    if request is None:
        too_long = len(heard.came) > LONGEST_HEAD
        return _whole("431 Request Header Fields Too Large", _PLAIN, b"") if too_long else b""
    hosts = [field.value.decode("latin-1") for field in request.head.all(b"host")]
    if len(hosts) > 1:
        return _whole("400 Bad Request", _PLAIN, b"The request has several Host fields.\n")
    if own and hosts and not names_this_machine(hosts[0], frozenset()):
        text = f"This server does not have the name {hosts[0]!a}; use localhost.\n"
        return _whole("421 Misdirected Request", _PLAIN, text.encode("ascii"))
    answer = await trio.to_thread.run_sync(_called, application, request, abandon_on_cancel=True)
    return answer.partition(_BLANK)[0] + _BLANK if request.method == b"HEAD" else answer


def _called(application: WSGIApplication, request: Request) -> bytes:
    """What *application* answers to *request*; a bug in it ends no server."""
    path, _, query = request.resource.decode("latin-1").partition("?")
    method = request.method.decode("latin-1")
    environ = {
        "REQUEST_METHOD": "GET" if method == "HEAD" else method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": BytesIO(request.body),
        **{
            f"HTTP_{name.upper().replace('-', '_')}": value.decode("latin-1")
            for name in ("host", "accept", "accept-encoding")
            if (value := request.head.joined(name.encode())) is not None
        },
    }
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, fields: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        started.append((status, fields))
        return lambda _: None

    try:
        body = b"".join(application(environ, start))
        return _whole(*started[-1], body)
    except Exception as error:
        return _whole("500 Internal Server Error", _PLAIN, f"a bug in wsprobe: {error!a}\n".encode("ascii"))


_BLANK = b"\r\n\r\n"
_PLAIN = [("Content-Type", "text/plain; charset=utf-8")]


def _whole(status: str, fields: list[tuple[str, str]], body: bytes) -> bytes:
    own = [
        ("Content-Length", str(len(body))),
        ("Content-Security-Policy", "sandbox"),
        ("X-Content-Type-Options", "nosniff"),
        ("Connection", "close"),
    ]
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in (*fields, *own))]
    return "\r\n".join(lines).encode("latin-1") + _BLANK + body
