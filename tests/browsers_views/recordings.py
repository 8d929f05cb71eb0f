"""Recordings for views, made by hand: bytes and times in, a Reading out."""

from base64 import b64encode
from functools import cache
from hashlib import sha1

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Connected, Connecting, Ended, Exchange, Plan, Received, Sent
from wsprobe.read import read

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b64encode(sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
HEAD = (
    f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Accept: {ACCEPT}\r\n"
)
OPEN = f"{HEAD}\r\n".encode()
URL = "ws://127.0.0.1:9000/x"
MS = 1000


@cache
def _asked(browser, url, page):
    engine = ENGINES[browser]
    made = engine.construct(url, page)
    assert made.target is not None
    return made.target, engine.request(made, page, KEY)


def recorded(*pieces, how="fin", page=None, url=URL, gap=MS, browser="chromium"):
    """A browser's request answered with *pieces*, one read each, *gap* microseconds apart; then the end."""
    page = page or Page()
    target, request = _asked(browser, url, page)
    events = [
        Connecting(10, "127.0.0.1", 9000),
        Connected(100, "127.0.0.1", 9000),
        Sent(200, request),
    ]
    at = 300
    for piece in pieces:
        at += gap
        events.append(Received(at, piece))
    events.append(Ended(at + gap, how))
    return read(Exchange(Plan(target, request, acts=page.acts), tuple(events)))


def seen(*pieces, how="fin", page=None, url=URL, gap=MS, browser="chromium"):
    """What script in that browser sees of :func:`recorded`."""
    page = page or Page()
    reading = recorded(*pieces, how=how, page=page, url=url, gap=gap, browser=browser)
    return ENGINES[browser].view(url, page, [reading])


def frame(first, payload):
    """A frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload
