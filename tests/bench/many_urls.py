"""``connect --json`` over many URLs of one local server, beside the least that a client does (trio and h11, and
nothing kept) and beside scripts that write status, headers and body of each as JSON."""

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

COUNT = 2000
SIDE_BY_SIDE = 50
"""Connections at once: what --parallel is given, and the limit of the others."""
LOOP = "a bare trio + h11 loop"
FLOOR = "the packages, and a bare exchange"
"""What ``connect`` cannot do without: click, h11, msgspec, ssl and trio imported, one answer read."""


def programs(own, url, folder, ws):
    """The commands, against the *url* of a server that refuses. *ws*: where npm's ws is, or why it is not."""
    connect = _connect(own, url, folder, COUNT)
    script = ("node", str(Path(__file__).with_suffix(".js")), str(ws), url, str(COUNT), str(SIDE_BY_SIDE))
    return {
        "wsprobe connect --json": connect,
        "wsprobe connect --json --workers 2": (*connect, "--workers", "2"),
        LOOP: (sys.executable, __file__, url, "bare"),
        **{f"a script on {name}": _script(name, url) for name in ("websockets", "aiohttp")},
        "a script on npm's ws": ws if isinstance(ws, str) else script,
    }


def floor(url):
    return (sys.executable, __file__, url, "floor")


def shared(own, url, folder, many):
    """One process, and two workers, over *many* URLs."""
    connect = _connect(own, url, folder, many)
    return {ALONE: connect, "two workers": (*connect, "--workers", "2")}


ALONE = "one process"


def _connect(own, url, folder, count):
    file = folder / f"{count}.txt"
    file.write_text(f"{url}\n" * count)
    at_once = str(SIDE_BY_SIDE)
    return (*own, "connect", "--json", "--parallel", at_once, "--per-host", at_once, f"@{file}")


def _script(name, url):
    return (sys.executable, __file__, url, name) if find_spec(name) else f"{name} is not installed"


def on_websockets(url):
    import asyncio

    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    async def one(limit):
        async with limit:
            try:
                async with connect(url):
                    pass
            except InvalidStatus as refused:
                answer = refused.response
                _write(url, answer.status_code, list(answer.headers.raw_items()), answer.body or b"")

    async def main():
        limit = asyncio.Semaphore(SIDE_BY_SIDE)
        await asyncio.gather(*(one(limit) for _ in range(COUNT)))

    asyncio.run(main())


def on_aiohttp(url):
    """``ws_connect`` keeps no body of a refusal: the request is made as an ordinary one."""
    import asyncio
    import base64
    import os

    import aiohttp

    async def one(limit, session):
        async with limit:
            fields = {
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
                "Sec-WebSocket-Version": "13",
            }
            async with session.get(url.replace("ws:", "http:", 1), headers=fields) as answer:
                _write(url, answer.status, list(answer.headers.items()), await answer.read())

    async def main():
        limit = asyncio.Semaphore(SIDE_BY_SIDE)
        connector = aiohttp.TCPConnector(limit=SIDE_BY_SIDE, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(one(limit, session) for _ in range(COUNT)))

    asyncio.run(main())


def _write(url, status, headers, body):
    print(json.dumps({"url": url, "status": status, "headers": headers, "body": body.decode("latin-1")}))


def once(url):
    """FLOOR, with *url*."""
    for name in ("click", "msgspec", "ssl"):
        import_module(name)
    bare(url, 1)


def bare(url, count=COUNT):
    """Ask *url* *count* times and let h11 read the answers, which are kept nowhere."""
    from urllib.parse import urlsplit

    import h11
    import trio

    to = urlsplit(url)
    host, port = to.hostname or "", to.port or 80
    target = f"{to.path}?{to.query}" if to.query else to.path
    request = h11.Request(
        method="GET",
        target=target,
        headers=[
            ("Host", f"{host}:{port}"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", "13"),
        ],
    )

    async def one(limit):
        async with limit:
            stream = await trio.open_tcp_stream(host, port)
            async with stream:
                connection = h11.Connection(h11.CLIENT)
                sent = connection.send(request)
                assert sent is not None
                await stream.send_all(sent + (connection.send(h11.EndOfMessage()) or b""))
                while type(event := connection.next_event()) is not h11.EndOfMessage:
                    if event is h11.NEED_DATA:
                        connection.receive_data(await stream.receive_some(65536))

    async def main():
        limit = trio.CapacityLimiter(SIDE_BY_SIDE)
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(one, limit)

    trio.run(main)


if __name__ == "__main__":
    {"floor": once, "bare": bare, "websockets": on_websockets, "aiohttp": on_aiohttp}[sys.argv[2]](sys.argv[1])
