"""The WebSocket object, the timeline, inflation, what is hidden."""

import zlib
from random import Random
from types import SimpleNamespace

import pytest

from tests.browsers_views.recordings import OPEN, frame, recorded, seen
from tests.exchanges import deflated, packer
from wsprobe.browsers import ALL, ENGINES, NAMES, RUNTIMES
from wsprobe.browsers.engine import Page, until_end
from wsprobe.browsers.http2 import Windows
from wsprobe.browsers.inflate import Inflater, TooLong
from wsprobe.browsers.script import (
    OwnClose,
    own_close,
)
from wsprobe.browsers.webkitgtk.channel import inflated
from wsprobe.exchange import Act, Exchange, Sent
from wsprobe.read import read
from wsprobe.read.http2_values import (
    Http2Frame,
)
from wsprobe.read.inflate import STREAMS_MAX
from wsprobe.wire.http2 import window_update


def test_an_answer_to_a_close_is_no_close_of_our_own():
    reading = recorded(OPEN, frame(0x88, b"\x03\xe8"))
    events = reading.exchange.events
    ours = b"\x88\x82\0\0\0\0\x03\xe8"
    answered = read(Exchange(reading.exchange.plan, (*events[:-1], Sent(events[-2].at, ours), events[-1])))
    assert own_close(answered) is None
    first = read(Exchange(reading.exchange.plan, (*events[:-2], Sent(events[-3].at + 1, ours), *events[-2:])))
    assert own_close(first) == OwnClose(events[-3].at + 1)


def test_inflating_goes_on_behind_a_final_block_and_forgets_only_if_told():
    ended = zlib.compress(b"final", wbits=-15)
    assert Inflater().feed(ended, True) == b"final"
    stream = packer()
    first, second = (deflated(b"again" * 9, stream) for _ in "12")
    keeps, forgets = Inflater(), Inflater(takeover=False)
    assert keeps.feed(first, True) == keeps.feed(second, True) == b"again" * 9
    assert forgets.feed(first, True) == b"again" * 9
    with pytest.raises(ValueError, match="distance"):
        forgets.feed(second, True)


@pytest.mark.parametrize(("bits", "window"), [(8, 512), (9, 512), (10, 1024)])
@pytest.mark.parametrize("engine", ["soup", "zlib"])
def test_what_a_message_takes_up_is_within_the_window(engine, bits, window):
    """zlib's windows begin with nine bits."""
    for distance in (window, 2 * window):
        first = Random(1).randbytes(distance)
        stream = packer()
        packed = [deflated(data, stream) for data in (first, first[:64])]
        feed = inflated if engine == "soup" else Inflater.feed
        inflater = Inflater(bits)
        assert feed(inflater, packed[0], True) == first
        if distance == window:
            assert feed(inflater, packed[1], True) == first[:64]
        else:
            with pytest.raises(ValueError, match="distance"):
                feed(inflater, packed[1], True)


def test_no_window_is_wider_than_31_bits():
    def update(stream, increment):
        made = window_update(stream, increment)
        return Http2Frame("server", 0, made[:9], made[9:], 1, 0)

    for stream in (0, 1):
        windows = Windows(SimpleNamespace(stream=1, of=lambda by: ()))  # nothing was sent yet
        assert windows.widen(update(stream, 2**31 - 1 - 65535))
        assert windows.widen(update(3, 1))
        assert not windows.widen(update(stream, 1))


def test_engines_are_looked_up_by_name():
    assert set(ALL) == {"chromium", "firefox", "webkitgtk", "whatwg", "w3c-cr-2012"}
    assert [ENGINES[name].name for name in ENGINES] == [*ALL, *RUNTIMES]
    assert len(ENGINES) == len(NAMES)
    assert ENGINES["chromium"].name == "chromium"
    with pytest.raises(KeyError):
        ENGINES["netscape"]


@pytest.mark.parametrize("feed", [Inflater.feed, inflated], ids=["zlib", "soup"])
def test_streams_without_end_are_no_message(feed):
    """Two bytes end a stream and cost as much time as a thousand: so many are given up, in however many
    messages they come; a message that is a stream by itself does not count."""
    few, many = b"\x03\x00" * STREAMS_MAX, b"\x03\x00" * 1_000_000
    assert feed(Inflater(), few, False) == b""
    with pytest.raises(TooLong):
        feed(Inflater(), many, False)
    inflater = Inflater()
    for _ in range(3 * STREAMS_MAX):
        assert inflater.feed(zlib.compress(b"alone", wbits=-15) + b"\x00", True) == b"alone"
    for _ in range(STREAMS_MAX // 2 - 1):
        assert inflater.feed(b"\x03\x00" * 3 + b"\x00", True) == b""
    with pytest.raises(TooLong):
        inflater.feed(b"\x03\x00" * 3 + b"\x00", True)


def test_what_each_engine_says_of_a_long_reason_and_of_no_code():
    """A reason of 123 bytes passes. Where script gives a reason and no code, Chromium's code is 0."""
    for name in (*ALL, *RUNTIMES):
        for size in (123, 124):
            page = Page(acts=(Act("open", "close", b"x" * size, 3000),))
            events = until_end(seen(OPEN, how="local", page=page, browser=name)).events
            assert [event.type for event in events] == (["open"] if size == 123 else ["open", "throw"])
        bare = seen(OPEN, how="local", page=Page(acts=(Act("open", "close", b"why", None),)), browser=name)
        thrown = [event.exception.message for event in bare.events if event.exception is not None]
        assert bool(thrown) is (name == "chromium")
        assert all("4999. 0 is neither" in message for message in thrown)
