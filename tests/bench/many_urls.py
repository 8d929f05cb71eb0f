"""``connect --json`` over many URLs of one local server, beside the least that a client does: trio and h11."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

COUNT = 2000
SIDE_BY_SIDE = 50
"""Connections at once: what --parallel is given, and the bare loop's limit."""


def programs(own: Sequence[str], url: str, folder: Path) -> Mapping[str, Sequence[str]]:
    """The two commands, against the *url* of a server that refuses."""
    at_once = str(SIDE_BY_SIDE)
    file = folder / "urls.txt"
    file.write_text(f"{url}\n" * COUNT)
    return {
        "wsprobe connect --json": (
            *own,
            "connect",
            "--json",
            "--parallel",
            at_once,
            "--per-host",
            at_once,
            f"@{file}",
        ),
        "a bare trio + h11 loop": (sys.executable, __file__, url),
    }


def bare(url: str) -> None:
    """Ask *url* COUNT times and let h11 read the answers, which are kept nowhere."""
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

    async def one(limit: trio.CapacityLimiter) -> None:
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

    async def main() -> None:
        limit = trio.CapacityLimiter(SIDE_BY_SIDE)
        async with trio.open_nursery() as nursery:
            for _ in range(COUNT):
                nursery.start_soon(one, limit)

    trio.run(main)


if __name__ == "__main__":
    bare(sys.argv[1])
