"""What had been read when script, an error or a Close came between: it decides what script is told."""

from __future__ import annotations

import pytest

from tests.browsers_views.recordings import HEAD, MS, OPEN, frame, seen
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Act

HI, CLOSE = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8")
BAD_TEXT = frame(0x81, b"\xc0\x80")
TEBIBYTE = b"\x82\x7f" + (2**40).to_bytes(8, "big")
CLOSES = Page(acts=(Act("open", "close", code=3000),))
DEFLATE = f"{HEAD}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
HALF = frame(0xC1, bytes.fromhex("ca48cdc9c957c800"))
"""A compressed message, cut: all of it can be inflated, and the stream waits for more."""


def told(view):
    return [event.data if event.type == "message" else event.type for event in view.events]


def failure(view):
    return view.console[-1].partition("failed: ")[2]


@pytest.mark.parametrize(
    ("empty", "says"),
    [
        (b"\x00\x00", "Received unexpected continuation frame."),
        (b"\x10\x00", "One or more reserved bits are on: reserved1 = 0, reserved2 = 0, reserved3 = 1"),
        (b"\x00\x80abcd", "A server must not mask any frames that it sends to the client."),
        (b"\x00\x05", "Received unexpected continuation frame."),
    ],
)
def test_chromium_looks_at_a_continuation_even_if_nothing_is_in_it(empty, says):
    view = seen(OPEN, HI + empty)
    assert (told(view), failure(view)) == (["open", "hi", "error", "close"], says)


def test_chromium_goes_on_with_empty_continuations_of_a_message():
    view = seen(OPEN, frame(0x01, b"h") + b"\0\0", b"\0\x01", b"i", b"\0\0" + b"\x80\0" + CLOSE)
    assert told(view) == ["open", "hi", "close"]


def test_a_frame_too_big_for_chromium_keeps_the_code_of_the_close_before_it():
    close = seen(OPEN, frame(0x88, b"\x0f\xa1why"), TEBIBYTE).events[-1]
    assert (close.code, close.reason, close.was_clean) == (4001, "why", False)
    assert seen(OPEN, TEBIBYTE).events[-1].code == 1006


def test_chromium_reads_in_one_go_only_what_came_with_the_head():
    behind = HI + frame(0x82, b"z" * 1500) + b"\x09\x00"
    assert told(seen(OPEN + behind)) == ["open", "error", "close"]
    assert told(seen(OPEN, behind)) == ["open", "hi", "error", "close"]


@pytest.mark.parametrize("browser", ["chromium", "webkitgtk"])
def test_what_came_with_the_head_is_read_before_a_close_gets_through(browser):
    with_head = seen(OPEN + BAD_TEXT, page=CLOSES, browser=browser)
    assert told(with_head) == ["open", "error", "close"]
    assert with_head.events[-1].code == 1006
    later = seen(OPEN, BAD_TEXT, CLOSE, page=CLOSES, browser=browser)
    assert later.events[-1].code == 1000


def test_a_close_from_a_message_takes_effect_when_all_that_came_is_read():
    page = Page(acts=(Act("message", "close", code=1000),))
    filling, bad = frame(0x82, b"f" * 3000), frame(0x83, b"x")
    assert failure(seen(OPEN, HI + filling + BAD_TEXT, page=page)).startswith("Could not decode")
    assert failure(seen(OPEN, HI + filling + bad, page=page)).startswith("Unrecognized")
    assert told(seen(OPEN, HI + filling, BAD_TEXT, page=page)) == ["open", "hi", "close"]


def test_libsoup_never_inflates_again_once_a_stream_is_broken():
    new = frame(0xC1, bytes.fromhex("ca4b2d0700"))
    broken = seen(DEFLATE, HALF + HALF + new + CLOSE, browser="webkitgtk")
    assert told(broken)[:2] == ["open", "hello h"]
    assert "new" not in told(broken)
    assert told(seen(DEFLATE, new + CLOSE, browser="webkitgtk")) == ["open", "new", "close"]


def test_libsoup_takes_a_frame_it_could_not_inflate_for_a_plain_one_when_there_is_more_to_read():
    bad = frame(0xC2, bytes.fromhex("00050000ff616263"))
    behind = frame(0x82, b"w" * 2048)
    assert told(seen(DEFLATE, bad + behind, browser="webkitgtk"))[1] == bytes.fromhex("00050000ff616263")


@pytest.mark.parametrize(
    ("after", "comes", "races"),
    [
        (9, True, False),
        (10, True, True),
        (60, True, True),
        (61, False, True),
        (109, False, True),
        (110, False, False),
    ],
)
def test_webkitgtk_holds_an_error_back_while_messages_pass(after, comes, races):
    view = seen(OPEN, BAD_TEXT, HI, gap=after * MS, browser="webkitgtk")
    assert (told(view), bool(view.races)) == (["open", *["hi"] * comes, "error", "close"], races)


def test_what_script_sends_as_a_close_comes_may_not_be_clean_in_webkitgtk():
    page = Page(acts=(Act("message", "text", b"x"),))
    assert seen(OPEN, HI + CLOSE, page=page, browser="webkitgtk").races
    assert not seen(OPEN, HI, CLOSE, page=page, browser="webkitgtk").races
