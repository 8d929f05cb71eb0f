"""Recordings for views, made by hand: bytes and times in, a Reading out."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page, ScriptView
from wsprobe.exchange import Connected, Connecting, Ended, Event, Exchange, How, Plan, Received, Sent
from wsprobe.read import read
from wsprobe.read.reading import Reading

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b64encode(sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
HEAD = (
    f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Accept: {ACCEPT}\r\n"
)
OPEN = f"{HEAD}\r\n".encode()
URL = "ws://127.0.0.1:9000/x"
MS = 1000


def recorded(
    *pieces: bytes,
    how: How = "fin",
    page: Page | None = None,
    url: str = URL,
    gap: int = MS,
    browser: str = "chromium",
) -> Reading:
    """A browser's request answered with *pieces*, one read each, *gap* microseconds apart; then the end."""
    page = page or Page()
    engine = ENGINES[browser]
    made = engine.construct(url, page)
    assert made.target is not None
    request = engine.request(made, page, KEY)
    events: list[Event] = [
        Connecting(10, "127.0.0.1", 9000),
        Connected(100, "127.0.0.1", 9000),
        Sent(200, request),
    ]
    at = 300
    for piece in pieces:
        at += gap
        events.append(Received(at, piece))
    events.append(Ended(at + gap, how))
    return read(Exchange(Plan(made.target, request, acts=page.acts), tuple(events)))


def seen(
    *pieces: bytes,
    how: How = "fin",
    page: Page | None = None,
    url: str = URL,
    gap: int = MS,
    browser: str = "chromium",
) -> ScriptView:
    """What script in that browser sees of :func:`recorded`."""
    page = page or Page()
    reading = recorded(*pieces, how=how, page=page, url=url, gap=gap, browser=browser)
    return ENGINES[browser].view(url, page, [reading])


def frame(first: int, payload: bytes) -> bytes:
    """A frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload
