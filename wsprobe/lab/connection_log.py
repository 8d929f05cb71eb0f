"""The bytes that the lab sent on a connection, as its page shows them."""

from __future__ import annotations

import re
from typing import Any

from wsprobe.lab.connection import LabConnection
from wsprobe.text import visible

SENT_KEPT = 16 * 1024
"""The most bytes sent on one connection that the page shows."""


class ConnectionLog:
    """The bytes sent on one connection, in order."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.deeds: list[tuple[str, bytes]] = []
        self.kept = self.size = 0

    def add(self, do: str, data: bytes = b"") -> None:
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


class Noting:
    """A connection that records the bytes sent on it."""

    def __init__(self, wire: LabConnection, sent: ConnectionLog) -> None:
        self._wire, self._sent = wire, sent

    async def send(self, data: bytes) -> None:
        self._sent.add("sends", data)
        await self._wire.send(data)

    async def receive(self) -> bytes:
        return await self._wire.receive()

    async def finish(self, notify: bool) -> None:
        self._sent.add("ends TLS with close_notify, then TCP (FIN)" if notify else "ends TCP (FIN)")
        await self._wire.finish(notify)

    def reset(self) -> None:
        self._sent.add("drops the connection (RST)")
        self._wire.reset()


def lines_of(data: bytes) -> list[tuple[str, str]]:
    r"""The lines of *data*: (text made visible, line end). The line end is the escape ``\r\n`` or ``\n``, or
    ""."""
    found = []
    for line in re.findall(rb"[^\n]*\n|[^\n]+", data):
        end = b"\r\n" if line.endswith(b"\r\n") else b"\n" if line.endswith(b"\n") else b""
        found.append((visible(line.removesuffix(end)), {b"\r\n": "\\r\\n", b"\n": "\\n", b"": ""}[end]))
    return found
