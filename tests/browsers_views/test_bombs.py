"""Messages that inflate to more than is kept: no engine's view follows them, and each says so."""

from __future__ import annotations

import zlib

import pytest

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.inflate import TOO_LONG
from wsprobe.browsers.script import BEGINNING, WHOLE
from wsprobe.exchange import Ended, Exchange, Plan, Received, Sent
from wsprobe.read import read
from wsprobe.read.frames import INFLATED_MAX
from wsprobe.read.tokens import expected_accept
from wsprobe.request import opening, target
from wsprobe.wire.rfc6455 import frame

URL = "ws://127.0.0.1:9000/"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEAD = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Accept: {expected_accept(KEY.encode()).decode()}\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
).encode()


def deflated(size):
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    pieces = [stream.compress(bytes(min(1 << 20, size - at))) for at in range(0, size, 1 << 20)]
    return b"".join([*pieces, stream.flush(zlib.Z_SYNC_FLUSH)])[:-4]


FOLLOWS = [name for name in ENGINES if name not in ("w3c-cr-2012", "deno")]
"""The text of 2012 is older than permessage-deflate: it fails the handshake. Deno knows no extension: it fails
the frame."""


@pytest.mark.parametrize("name", FOLLOWS)
@pytest.mark.parametrize("again", [False, True], ids=["alone", "and another"])
def test_what_unfolds_to_more_than_is_kept_is_not_said(name, again):
    offer = opening.Offer(key=KEY, extensions=("permessage-deflate",))
    to = target.parse(URL)
    request = opening.request(to, offer)
    bomb = frame(2, deflated(INFLATED_MAX + (4 << 20)), None, rsv=4)
    received = HEAD + bomb * (2 if again else 1) + frame(8, b"\x03\xe8", None)
    events = (Sent(1, request), Received(2, received), Ended(900_000, "fin"))
    view = ENGINES[name].view(URL, Page("http://127.0.0.1/"), [read(Exchange(Plan(to, request), events))])
    assert [event.type for event in view.events] == ["open"]
    assert view.because == TOO_LONG


@pytest.mark.parametrize("name", FOLLOWS)
def test_many_messages_have_one_limit_together(name):
    """300 bytes that inflate to 300,000, again and again: what is kept is bounded by the whole."""
    one = frame(1, deflated(300_000), None, rsv=4)
    to = target.parse(URL)
    request = opening.request(to, opening.Offer(key=KEY, extensions=("permessage-deflate",)))
    number = 3 * INFLATED_MAX // 300_000
    events = (Sent(1, request), Received(2, HEAD + one * number), Ended(900_000, "fin"))
    view = ENGINES[name].view(URL, Page("http://127.0.0.1/"), [read(Exchange(Plan(to, request), events))])
    assert view.because == TOO_LONG
    assert sum(len(event.data) for event in view.events) <= WHOLE + len(view.events) * BEGINNING
