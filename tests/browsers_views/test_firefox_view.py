"""What Firefox makes of a connection that fails, of HTTP/2, and of an end beside a Close; what races."""

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import frame
from tests.http2.lines import STREAM
from tests.http2.test_read import ON, answer
from tests.http2.test_read import exchange as http2_exchange
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.read import read
from wsprobe.wire.http2 import data

FIREFOX = ENGINES["firefox"]


PING, BAD = frame(0x89, b""), frame(0x87, b"p")


def types(view):
    return tuple(event.type for event in view.events)


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((PING + BAD,), ("open", "close")),
        ((PING, BAD), ("open", "error", "close")),
        ((BAD,), ("open", "error", "close")),
        ((PING + b"\x88\x03\x03\xe8\xff",), ("open", "error", "close")),
    ],
)
def test_over_http2_a_pong_still_to_be_sent_hides_an_error(pieces, told):
    """Measured: in the same read, unless the bad frame is the server's Close."""
    made = http2_exchange(ON, answer(b"200"), *(data(STREAM, piece) for piece in pieces), how="timeout")
    later = [replace(event, at=event.at + 1000 * n) for n, event in enumerate(made.events)]
    reading = read(replace(made, events=tuple(later)))
    assert types(FIREFOX.view(reading.exchange.plan.target.url, Page(), [reading])) == told
