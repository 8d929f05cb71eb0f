"""No bytes, no URL and no policy make an engine raise; how an answer is cut changes nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browsers_views.recordings import HEAD, MS, OPEN, URL, frame, seen
from tests.cases import EXAMPLES
from wsprobe.browsers import ENGINES, NAMES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act

ENDS = ["fin", "reset", "truncated", "error", "timeout", "limit", "local", "interrupted"]
HI, CLOSE = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8")
DEFLATE = f"{HEAD}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
MOVED = b"HTTP/1.1 302 M\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
PARTS = [OPEN, DEFLATE, HI, CLOSE, b"HTTP/1.1 ", b"\r\n", b"\x88\x00", b"\xc1\x05", HEAD.encode(), b"\0", MOVED]
PAGES = [
    Page(),
    Page(acts=(Act("open", "close", b"why", 4000),)),
    Page(acts=(Act("message", "close"),)),
    Page(protocols=("a",)),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_good_session_is_seen_alike_however_it_is_cut(name):
    euro = "h\u20ac".encode()
    data = OPEN + frame(0x01, euro[:2]) + frame(0x89, b"p") + frame(0x80, euro[2:]) + HI + CLOSE
    for size in (1, 2, 3, 7, 50, 10_000):
        view = seen(*(data[i : i + size] for i in range(0, len(data), size)), gap=40 * MS, browser=name)
        assert [(event.type, event.data, event.code, event.was_clean) for event in view.events] == [
            ("open", "", 0, False),
            ("message", "h\u20ac", 0, False),
            ("message", "hi", 0, False),
            ("close", "", 1000, True),
        ]
        assert (view.outcome, view.ready_state, view.console) == ("closed", 3, ())


@pytest.mark.parametrize("name", NAMES)
@given(
    st.sampled_from([b"", OPEN, DEFLATE, b"HTTP/1.1 "]),
    st.lists(st.binary(max_size=60) | st.sampled_from(PARTS), max_size=6),
    st.sampled_from(ENDS),
    st.sampled_from(PAGES),
    st.sampled_from([URL, "wss://h.example/", "ws://h.example/"]),
)
@settings(max_examples=EXAMPLES)
def test_nothing_that_a_server_sends_raises(name, start, pieces, how, page, url):
    view = seen(start, *pieces, how=how, page=page, url=url, browser=name)
    assert view.outcome in ("open", "failed", "closed", "connecting", "follows")
    assert (view.ready_state == 3) == ([event.type for event in view.events][-1:] == ["close"])


@pytest.mark.parametrize("name", NAMES)
@given(st.text(max_size=30), st.text(max_size=20), st.lists(st.text(max_size=4), max_size=3))
@settings(max_examples=EXAMPLES // 2)
def test_nothing_that_a_page_says_raises(name, url, csp, protocols):
    page = Page(csp=csp, protocols=tuple(protocols))
    made = ENGINES[name].construct(url, page)
    assert (made.exception is not None) + bool(made.blocked) + (made.target is not None) == 1
    view = ENGINES[name].view(url, page, [])
    assert view.outcome in ("threw", "failed", "connecting")
