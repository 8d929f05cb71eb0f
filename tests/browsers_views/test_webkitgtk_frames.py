"""An open WebSocket in libsoup, rule by rule: a case at each limit, and one past it."""

from __future__ import annotations

from tests.browsers_views.recordings import HEAD, MS, OPEN, frame, seen
from tests.cases import every, named
from tests.exchanges import deflated
from wsprobe.browsers.engine import Page
from wsprobe.browsers.webkitgtk.connection import Fault, check_answer, reason
from wsprobe.exchange import Act

DEFLATE = f"{HEAD}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
HI, BYE, NO_TEXT = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8"), frame(0x81, b"\xff")
CLOSES = Page(acts=(Act("open", "close", code=3000),))
SECOND = 1000 * MS

INVALID = "Received invalid WebSocket response from the server"
NO_UTF8 = "Received invalid WebSocket data from the server"
TOO_BIG = "Received WebSocket payload from the server larger than configured max-incoming-payload-size"
NOT_FIRST = "Received a non-first frame with RSV1 flag set"
WAS_RESET = "the connection was reset"
NO_CLOSE = "the connection ended without a Close"


def long(length, size, there):
    """A binary frame whose length is written in *size* bytes, and *there* bytes of it."""
    return bytes((0x82, 126 if size == 2 else 127)) + length.to_bytes(size, "big") + b"x" * there


def told(view):
    """(messages and errors in order, the code of ``close``, whether it was clean)."""
    words = {"error": "!"}
    heard = [
        str(len(event.data)) if isinstance(event.data, bytes) else event.data or words.get(event.type, "")
        for event in view.events
    ]
    return " ".join(filter(None, heard)), view.events[-1].code, view.events[-1].was_clean


def failure(view):
    return view.console[-1].partition("failed: ")[2] if view.console else ""


HELLO = deflated(b"hello")
LONG, LONGER = long(126, 2, 126), long(65536, 8, 65536)


@every(
    {
        "a text": ([HI + BYE], ("hi", 1000, True), ""),
        "in two reads, cut in its head": ([HI[:1], HI[1:] + BYE], ("hi", 1000, True), ""),
        "in two reads, cut behind it": ([HI[:2], HI[2:] + BYE], ("hi", 1000, True), ""),
        "in two reads, cut in its payload": ([HI[:3], HI[3:] + BYE], ("hi", 1000, True), ""),
        "a length of two bytes, cut": ([LONG[:3], LONG[3:] + BYE], ("126", 1000, True), ""),
        "a length of eight bytes, cut": ([LONGER[:9], LONGER[9:] + BYE], ("65536", 1000, True), ""),
        "125 in two bytes": ([long(125, 2, 125) + BYE], ("!", 1006, False), INVALID),
        "126 in two bytes": ([LONG + BYE], ("126", 1000, True), ""),
        "65535 in two bytes": ([long(65535, 2, 65535) + BYE], ("65535", 1000, True), ""),
        "65535 in eight": ([long(65535, 8, 65535) + BYE], ("!", 1006, False), INVALID),
        "65536 in eight": ([LONGER + BYE], ("65536", 1000, True), ""),
        "the most": ([long(2**63 - 1, 8, 9)], ("", 1006, False), ""),
        "more than the most": ([long(2**63, 8, 9)], ("!", 1006, False), TOO_BIG),
        "more than the most, behind a Close": ([BYE + long(2**63, 8, 9)], ("!", 1000, False), TOO_BIG),
        "masked": ([b"\x81\x80abcd"], ("!", 1006, False), INVALID),
        "three parts": (
            [frame(0x01, b"a") + frame(0x00, b"b") + frame(0x80, b"c") + BYE],
            ("abc", 1000, True),
            "",
        ),
        "two parts of bytes": ([frame(0x02, b"a") + frame(0x80, b"b") + BYE], ("2", 1000, True), ""),
        "a ping within a message": (
            [frame(0x01, b"a") + frame(0x89, b"") + frame(0x80, b"b") + BYE],
            ("ab", 1000, True),
            "",
        ),
        "a continuation frame without a message": ([frame(0x80, b"a") + BYE], ("!", 1006, False), INVALID),
        "a message within another": (
            [frame(0x01, b"a") + frame(0x81, b"b") + BYE],
            ("!", 1006, False),
            INVALID,
        ),
        "no UTF-8": ([NO_TEXT], ("!", 1006, False), NO_UTF8),
        "a reserved opcode, not ended": ([frame(0x03, b"a") + BYE], ("!", 1006, False), INVALID),
        "a ping of 125": ([frame(0x89, b"x" * 125) + BYE], ("", 1000, True), ""),
        "a ping of 126": ([frame(0x89, b"x" * 126) + BYE], ("!", 1006, False), INVALID),
        "a pong of 126": ([frame(0x8A, b"x" * 126) + BYE], ("", 1000, True), ""),
        "a ping that is not ended": ([frame(0x09, b"x") + BYE], ("!", 1006, False), INVALID),
        "a Close without a code": ([frame(0x88, b"")], ("", 1005, True), ""),
        "half a code": ([frame(0x88, b"\x03")], ("!", 1006, False), INVALID),
        "a message behind a Close": ([BYE + HI], ("", 1000, True), ""),
        "nothing but the end": ([], ("", 1006, False), ""),
        "a message and the end": ([HI], ("hi", 1006, False), ""),
    }
)
def test_frames(case):
    pieces, expected, console = case
    view = seen(OPEN, *pieces, browser="webkitgtk")
    assert (told(view), failure(view)) == (expected, console)
    assert view.because.startswith(
        console or (NO_CLOSE if expected[1] == 1006 else f"the server sent Close {expected[1]}")
    )


@every(named(range(16)))
def test_which_opcodes_there_are(opcode):
    good = {1: ("a", 1000, True), 2: ("1", 1000, True), 9: ("", 1000, True), 10: ("", 1000, True)}
    view = seen(OPEN, frame(0x80 | opcode, b"a") + BYE, browser="webkitgtk")
    assert told(view) == good.get(opcode, ("!", 1006, False))


@every(named([0x10, 0x20, 0x40]))
def test_no_reserved_bit_without_an_extension(bit):
    for opcode in (0x81, 0x89):
        assert told(seen(OPEN, frame(opcode | bit, b"a") + BYE, browser="webkitgtk")) == ("!", 1006, False)


@every(
    {
        "one frame": ([(0xC1, HELLO)], "hello", ""),
        "one that is not compressed": ([(0x81, b"hi")], "hi", ""),
        "two, and one between": ([(0xC1, HELLO), (0x81, b"hi"), (0xC1, HELLO)], "hello hi hello", ""),
        "two parts": ([(0x41, HELLO[:3]), (0x80, HELLO[3:])], "hello", ""),
        "three parts": ([(0x41, HELLO[:3]), (0x00, HELLO[3:4]), (0x80, HELLO[4:])], "hello", ""),
        "a ping between": ([(0x41, HELLO[:3]), (0x89, b""), (0x80, HELLO[3:])], "hello", ""),
        "parts that are not compressed": ([(0x01, b"a"), (0x80, b"b")], "ab", ""),
        "an empty first part": ([(0x41, b""), (0x80, HELLO)], "hello", ""),
        "an empty part between": ([(0x41, HELLO[:3]), (0x00, b""), (0x80, HELLO[3:])], "hello", ""),
        "an empty last part": ([(0x41, HELLO), (0x80, b"")], "hello", ""),
        "nothing, and then one": ([(0xC1, b""), (0xC1, HELLO)], "hello", ""),
        "a second part marked": ([(0x41, HELLO[:3]), (0xC0, HELLO[3:])], "!", NOT_FIRST),
        "another bit": ([(0xE1, HELLO)], "!", INVALID),
        "a ping marked": ([(0xC9, b"a")], "!", INVALID),
    }
)
def test_compressed_messages(case):
    frames, heard, console = case
    view = seen(DEFLATE, b"".join(frame(*each) for each in frames) + BYE, browser="webkitgtk")
    assert told(view) == ((heard, 1006, False) if console else (heard, 1000, True))
    assert failure(view) == console


@every(
    {
        "a ping of 126 is not answered": (frame(0x89, b"x" * 126) + BYE, ("", 1000, True)),
        "a message": (HI + BYE, ("", 1000, True)),
        "masked": (b"\x81\x80abcd", ("!", 1006, False)),
        "masked, behind a Close": (BYE + b"\x81\x80abcd", ("!", 1000, False)),
        "a ping that is not ended": (frame(0x09, b"x") + BYE, ("!", 1000, False)),
        "a reserved opcode": (frame(0x83, b"") + BYE, ("!", 1000, False)),
        "two faults are one": (frame(0x83, b"") + frame(0x84, b"") + BYE, ("!", 1000, False)),
        "half a code": (frame(0x88, b"\x03"), ("!", 1006, False)),
        "a long reason": (frame(0x88, b"\x03\xe8" + b"x" * 200), ("", 1000, True)),
        "too big a frame": (long(2**63, 8, 9), ("!", 1006, False)),
    }
)
def test_once_the_page_has_closed(case):
    received, expected = case
    view = seen(OPEN, received, page=CLOSES, browser="webkitgtk")
    assert told(view) == expected
    assert len(view.console) == ("!" in expected[0])


def _refused(payload):
    try:
        check_answer(payload)
    except Fault:
        return True
    return False


def test_the_codes_that_are_sent_back():
    answered = [code for code in range(65536) if not _refused(code.to_bytes(2, "big"))]
    registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011]
    assert answered == [*registered, *range(3000, 5000)]


def test_a_reason_that_is_sent_back_fits_into_a_frame():
    assert not _refused(b"\x03\xe8" + b"x" * 123)
    assert _refused(b"\x03\xe8" + b"x" * 124)
    assert not _refused(b"\x03\xe8" + b"x" * 123 + b"\0x")
    assert _refused(b"\x03\xe8\xff")


def test_a_reason_ends_with_a_nul_and_three_codes_have_none():
    assert reason(b"\x03\xe8a\0b") == "a"
    assert reason(b"") == ""
    told_of = []
    for code in range(1000, 1020):
        try:
            reason(code.to_bytes(2, "big"))
            told_of.append(code)
        except Fault:
            pass
    assert sorted(set(range(1000, 1020)) - set(told_of)) == [1005, 1006, 1015]


@every(
    {
        "the end": ("fin", [], ("", 1006, False), NO_CLOSE),
        "cut off": ("truncated", [], ("", 1006, False), NO_CLOSE),
        "a reset": ("reset", [], ("!", 1006, False), WAS_RESET),
        "an error": ("error", [], ("!", 1006, False), WAS_RESET),
        "a reset behind a Close": ("reset", [BYE], ("!", 1000, False), WAS_RESET),
        "a reset behind a fault": ("reset", [NO_TEXT], ("!", 1006, False), NO_UTF8),
        "the end behind a fault": ("fin", [NO_TEXT], ("!", 1006, False), NO_UTF8),
        "ours": ("local", [], ("", 0, False), ""),
        "ours behind a Close": ("local", [BYE], ("", 1000, True), "the server sent Close 1000"),
        "ours behind a fault": ("local", [NO_TEXT], ("!", 1006, False), NO_UTF8),
        "ours in time": ("timeout", [HI], ("hi", 0, False), ""),
    }
)
def test_ends(case):
    how, pieces, expected, because = case
    view = seen(OPEN, *pieces, how=how, browser="webkitgtk")
    assert told(view) == expected
    assert (f"{because}: " if because else "the handshake is valid").split(": ")[0] in view.because
    assert len(view.console) == ("!" in expected[0])


def test_a_page_that_closed_first_waits_five_seconds():
    for gap, code, because in (
        (5 * SECOND - 1, 1000, "the server sent Close 1000"),
        (5 * SECOND, 1006, "no Close from the server within 5 s"),
    ):
        view = seen(OPEN, BYE, page=CLOSES, gap=gap, browser="webkitgtk")
        assert (view.events[-1].code, view.because.partition(":")[0]) == (code, because)


def test_the_wait_for_the_end_is_five_seconds_too():
    """After both closed: it is clean, and the reason stays."""
    view = seen(OPEN, BYE, how="reset", gap=5 * SECOND, browser="webkitgtk")
    assert (told(view), view.because.partition(":")[0]) == (("", 1000, True), "the server sent Close 1000")
    assert told(seen(OPEN, BYE, how="reset", gap=5 * SECOND - 1, browser="webkitgtk")) == ("!", 1000, False)


def test_what_is_behind_a_fault_is_read_with_the_next_kibibyte():
    broken = frame(0xC2, bytes.fromhex("00050000ff616263"))
    for size, again in ((1024, False), (1025, True)):
        behind = frame(0x82, b"w" * (size - len(broken) - 4))
        view = seen(DEFLATE, broken + behind, HI, gap=61 * MS, browser="webkitgtk")
        assert [event.type for event in view.events].count("message") == 2 * again


def test_a_message_sent_as_the_close_comes_may_count_as_unsent():
    answers = Page(acts=(Act("message", "text", b"x"),))
    assert seen(OPEN, HI + BYE, page=answers, browser="webkitgtk").races
    for pieces in ([HI, BYE], [BYE], [HI]):
        assert not seen(OPEN, *pieces, page=answers, browser="webkitgtk").races
    assert not seen(OPEN, HI + BYE, browser="webkitgtk").races
