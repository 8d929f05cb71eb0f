"""A recording that was read and seen is gone with its last name: of many, none is left to the collector."""

import gc

from tests.browsers_views.recordings import OPEN, URL, frame, recorded
from tests.cases import each
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page

ANSWERS = {
    "session": (OPEN, frame(0x81, b"text"), frame(0x88, b"\x03\xe8")),
    "refusal": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",),
    "head-refused-by-h11": (b"HTTP/1.1 403 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",),
    "body-refused-by-h11": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",),
    "text-that-is-none": (OPEN, frame(0x81, b"\xff")),
}


def test_no_view_leaves_a_circle():
    def look(pieces):
        reading = recorded(*pieces)
        for engine in ENGINES.values():
            engine.view(URL, Page(), [reading])

    def nothing_left(pieces):
        look(pieces)  # what is loaded on the way leaves circles of its own
        gc.collect()
        look(pieces)
        assert gc.collect() == 0

    gc.collect()
    gc.freeze()  # all that there is, for good: it need not be gone through again and again
    gc.disable()
    try:
        each(ANSWERS, nothing_left)
    finally:
        gc.enable()
