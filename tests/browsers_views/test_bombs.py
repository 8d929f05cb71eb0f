"""Messages that inflate to more than is kept: no engine's view follows them, and each says so."""

import zlib

import pytest

from tests.exchanges import KEY, OPENED, exchange, frame, plan
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.inflate import TOO_LONG
from wsprobe.browsers.script import BEGINNING, WHOLE
from wsprobe.read import read
from wsprobe.read.frames import INFLATED_MAX
from wsprobe.request.opening import Offer

URL = "ws://127.0.0.1:9000/"
HEAD = OPENED[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"


def deflated(size):
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    pieces = [stream.compress(bytes(min(1 << 20, size - at))) for at in range(0, size, 1 << 20)]
    return b"".join([*pieces, stream.flush(zlib.Z_SYNC_FLUSH)])[:-4]


def seen(name, received):
    asked = plan(URL, Offer(KEY, extensions=("permessage-deflate",)))
    return ENGINES[name].view(URL, Page("http://127.0.0.1/"), [read(exchange(asked, received, 900_000))])


FOLLOWS = [name for name in ENGINES if name not in ("w3c-cr-2012", "deno")]
"""The text of 2012 is older than permessage-deflate: it fails the handshake. Deno knows no extension: it fails
the frame."""


@pytest.mark.parametrize("name", FOLLOWS)
@pytest.mark.parametrize("again", [False, True], ids=["alone", "and another"])
def test_what_unfolds_to_more_than_is_kept_is_not_said(name, again):
    bomb = frame(2, deflated(INFLATED_MAX + (4 << 20)), rsv=4)
    view = seen(name, HEAD + bomb * (2 if again else 1) + frame(8, b"\x03\xe8"))
    assert [event.type for event in view.events] == ["open"]
    assert view.because == TOO_LONG


@pytest.mark.parametrize("name", FOLLOWS)
def test_many_messages_have_one_limit_together(name):
    """300 bytes that inflate to 300,000, again and again: what is kept is bounded by the whole."""
    view = seen(name, HEAD + frame(1, deflated(300_000), rsv=4) * (3 * INFLATED_MAX // 300_000))
    assert view.because == TOO_LONG
    assert sum(len(event.data) for event in view.events) <= WHOLE + len(view.events) * BEGINNING
