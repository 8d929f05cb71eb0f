"""How the work grows with the bytes: four times as many must not take much more than four times as long."""

from __future__ import annotations

import time

from measure import Row

from wsprobe import opening, target
from wsprobe.conversation import Client
from wsprobe.exchange import Limits, Plan
from wsprobe.read.head import split_head

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
FLOODS = {
    "session: one long header line": (b"HTTP/1.1 403 No\r\nX: ", b"x"),
    "session: many header lines": (b"HTTP/1.1 403 No\r\n", b"a\n"),
    "session: a body byte by byte": (b"HTTP/1.1 403 No\r\n\r\n", b"x"),
    "session: many frames": (SWITCHING, b"\x8a\x00"),
}
FEW, MANY = 10_000, 40_000


def grown() -> list[Row]:
    """CPU time for MANY pieces against that for FEW."""
    rows = []
    for name, (begin, piece) in FLOODS.items():
        rows += _pair(name, min(_fed(begin, piece, FEW) for _ in range(2)), _fed(begin, piece, MANY))
    few, many = (_split(count) for count in (FEW, MANY))
    return [*rows, *_pair("reading: a head of many lines", few, many)]


def _fed(begin: bytes, piece: bytes, times: int) -> float:
    to = target.parse("ws://server.example/")
    asked = opening.request(to, opening.Offer(key="d3Nwcm9iZSByZWNvcmRpbmc="))
    client = Client(Plan(to, asked, limits=Limits(linger=3600.0)))
    client.receive(begin, 5)
    started = time.process_time()
    for _ in range(times):
        client.receive(piece, 5)
    return time.process_time() - started


def _split(lines: int) -> float:
    data = b"HTTP/1.1 403 No\r\n" + b"a: b\r\n" * lines + b"\r\n"
    started = time.process_time()
    split_head(data)
    return time.process_time() - started


def _pair(name: str, few: float, many: float) -> list[Row]:
    return [
        Row(f"{name}, {FEW:,}", few * 1000, ratio=1.0, rounds=2),
        Row(f"{name}, {MANY:,}", many * 1000, ratio=many / few, rounds=1),
    ]
