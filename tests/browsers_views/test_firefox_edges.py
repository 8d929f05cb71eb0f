"""Firefox's rules at their edges: a case at each limit, and one past it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.browsers_views.recordings import MS, OPEN, URL, frame, recorded, seen
from tests.cases import every
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.firefox.channel import BadFrame, FrameReader
from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.firefox.handshake import BadExtension, Deflate, NoWindow, agree, integer
from wsprobe.browsers.firefox.http import BadField, Fields, Start, begins
from wsprobe.browsers.firefox.request import challenges
from wsprobe.browsers.version_facts import facts
from wsprobe.exchange import Act, ConnectFailed, Connecting, Ended, Http2, Priority, Received
from wsprobe.read import read

FACTS = facts("firefox", "153", Facts)
FIREFOX = ENGINES["firefox"]
HI, BYE = frame(0x81, b"hi"), frame(0x88, b"\x03\xe8")
SECOND = 1000 * MS


def view_of(*pieces, how="fin", page=None, gap=MS):
    return seen(*pieces, how=how, page=page, gap=gap, browser="firefox")


def told(view):
    words = {"error": "!"}
    return " ".join(
        str(event.data) if event.type == "message" else words.get(event.type, event.type)
        for event in view.events
    )


@every(
    {
        "the most": (b"2147483647", 2**31 - 1),
        "one more": (b"2147483648", None),
        "the least": (b"-2147483647", 1 - 2**31),
        "an x after a zero": (b"0X9", 9),
        "an x after a digit": (b"1x2", 1),
        "another letter after a zero": (b"0y2", 0),
        "a letter of another base after digits": (b"12f", None),
        "a letter of another base after a space": (b"12 f", 12),
        "zeros": (b"00012", 12),
        "a minus behind": (b"1-2", 1),
    }
)
def test_numbers(case):
    text, number = case
    assert integer(text) == number


@every(
    {
        f"{name} {bits}": (name, bits, bits in good)
        for name, good in (("server", range(8, 16)), ("client", range(9, 16)))
        for bits in (7, 8, 9, 15, 16, -9)
    }
)
def test_the_bits_of_a_window(case):
    name, bits, good = case
    value = f"permessage-deflate; {name}_max_window_bits={bits}".encode()
    if good:
        assert agree(value) == Deflate(bits if name == "server" else 15)
        return
    with pytest.raises(NoWindow if (name, bits) == ("client", 8) else BadExtension):
        agree(value)


@every(
    {
        "a parameter of none": (b'realm="x", Basic', [("basic", {})]),
        "a token for a parameter": (b"Bearer abc", [("bearer", {})]),
        "two schemes": (b"A x=1, B y=2", [("a", {"x": b"1"}), ("b", {"y": b"2"})]),
        "a second parameter": (b"A x=1, y = 2", [("a", {"x": b"1", "y": b"2"})]),
        "an escape in quotes": (b'A x="1\\"2"', [("a", {"x": b'1"2'})]),
        "a quote that does not end": (b'A x="', [("a", {"x": b'"'})]),
        "nothing in quotes": (b'A x=""', [("a", {"x": b""})]),
        "capitals": (b"BASIC Realm=X", [("basic", {"realm": b"X"})]),
    }
)
def test_challenges(case):
    value, expected = case
    assert challenges(value) == expected


def fields(*lines):
    made = Fields()
    for line in lines:
        made.add(line)
    return made


@every(
    {
        "the most": (b"%d" % (2**63 - 1), 2**63 - 1),
        "one more": (b"%d" % 2**63, -1),
        "below zero": (b"-7", -7),
        "the least": (b"-%d" % (2**63 - 1), 1 - 2**63),
        "one less": (b"-%d" % 2**63, -1),
        "40 digits": (b"0" * 38 + b"12", 12),
        "41 digits": (b"0" * 39 + b"12", -1),
    }
)
def test_a_length_has_64_bits(case):
    value, length = case
    assert fields(b"Content-Length: " + value).content_length == length


def test_what_has_one_value_and_what_is_merged():
    for name in (b"Content-Type", b"Host", b"Authorization", b"Sec-GPC", b"From"):
        assert fields(name + b": a", name + b": b").get(name.lower()) == b"a"
    for name in (b"Sec-WebSocket-Protocol", b"Sec-WebSocket-Extensions", b"Connection"):
        assert fields(name + b": a", name + b": b").get(name.lower()) == b"a, b"
        assert fields(name + b":", name + b": b").get(name.lower()) == b"b"
        assert fields(name + b": a", name + b":").get(name.lower()) == b"a"
    for name in (b"WWW-Authenticate", b"Proxy-Authenticate"):
        assert fields(name + b": a", name + b": b").get(name.lower()) == b"a\nb"
    assert fields(b"Location: a", b"Location: a").get(b"location") == b"a"
    assert fields(b"Content-Length: 3", b"Content-Length: 3, 3").content_length == 3
    with pytest.raises(BadField):
        fields(b"Content-Length: 3", b"Content-Length: 3, 4")


CHUNKED = (b"Transfer-Encoding: chunked",)
TYPED = (*CHUNKED, b"Content-Type: a/b")


@every(
    {
        "a size in hex": (CHUNKED, b"30\r\n" + b"x" * 48 + b"\r\n0\r\n\r\nrest", Start(59, True)),
        "the biggest size": (CHUNKED, b"ffffffff\r\nx", None),
        "one more": (CHUNKED, b"100000000\r\nx", Start(11, False)),
        "a sign and a prefix": (TYPED, b"+0x2\r\nab", Start(7, False)),
        "512 bytes": (CHUNKED, b"400\r\n" + b"x" * 512, None),
        "513 bytes": (CHUNKED, b"400\r\n" + b"x" * 513, Start(5 + 513, False)),
        "513 bytes of two chunks": (
            CHUNKED,
            b"1\r\na\r\n400\r\n" + b"x" * 513,
            Start(6 + 5 + 512, False),
        ),
        "one byte": (TYPED, b"1\r\na", Start(4, False)),
        "no byte": (TYPED, b"1\r\n", None),
        "no chunk": (TYPED, b"0\r\n\r\n", Start(5, True)),
        "no line behind the last": (TYPED, b"0\r\n", None),
        "trailers": (TYPED, b"0\r\nA: b\r\n\r\n", Start(11, True)),
        "a length that is as long as is needed": ((b"Content-Length: 513",), b"x" * 513, Start(513, True)),
        "a longer one": ((b"Content-Length: 514",), b"x" * 513, Start(513, False)),
        "a length of one": ((b"Content-Length: 1", b"Content-Type: a/b"), b"x", Start(1, True)),
        "a length below zero": ((b"Content-Length: -7",), b"x" * 513, Start(513, False)),
    }
)
def test_when_a_body_begins(case):
    lines, body, start = case
    assert begins(403, fields(*lines), body, 0) == start
    shifted = start and Start(start.offset + 3, start.complete)
    assert begins(403, fields(*lines), b"1\r\n" + body, 3) == shifted


@every({f"{code}": code for code in (100, 101, 200, 203, 204, 205, 206, 304, 400)})
def test_which_statuses_have_no_body(code):
    started = begins(code, fields(b"Content-Length: 600"), b"", 0)
    assert started == (Start(0, True) if code in (101, 204, 205, 304) else None)


def test_what_the_constructor_says_of_calls_that_are_none():
    said = {}
    for how in ("call", "no-arguments"):
        made = FIREFOX.construct("ws://h/", Page(construct=how))
        said[how] = made.exception.message
    assert said == {"call": FACTS.exceptions["no-new"], "no-arguments": FACTS.exceptions["no-arguments"]}


@every({f"{size} bytes": size for size in (0, 1, 3, 4, 5, 15, 16, 17, 24, 125, 126, 65535, 65536)})
def test_a_masked_message_is_unmasked(size):
    mask, payload = b"\x01\x02\x03\x04", (bytes(range(256)) * 300)[:size]
    header = frame(0x82, payload)[: -size or None]
    masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
    received = header[:1] + bytes((header[1] | 0x80,)) + header[2:] + mask + masked
    (unit,) = FrameReader(False, FACTS).read(received)
    assert unit.payload == payload


@every(
    {
        "125 in two bytes": (b"\x82\x7e\x00\x7d", True),
        "126 in two bytes": (b"\x82\x7e\x00\x7e", False),
        "65535 in eight": (b"\x82\x7f" + (65535).to_bytes(8, "big"), True),
        "65536 in eight": (b"\x82\x7f" + (65536).to_bytes(8, "big"), False),
        "the biggest message": (b"\x82\x7f" + (2**31 - 1).to_bytes(8, "big"), False),
        "one byte more": (b"\x82\x7f" + (2**31).to_bytes(8, "big"), True),
        "the highest bit": (b"\x82\x7f" + (2**63).to_bytes(8, "big"), True),
    }
)
def test_lengths(case):
    header, bad = case
    reader = FrameReader(False, FACTS)
    if not bad:
        assert list(reader.read(header)) == []
        return
    with pytest.raises(BadFrame):
        list(reader.read(header))


def test_a_page_that_closed_waits_twenty_seconds_from_when_its_close_was_sent():
    """``open`` comes two hops between threads after the handshake, and the Close is sent one more after it."""
    page = Page(acts=(Act("open", "close", code=3000),))
    made = recorded(OPEN, page=page, browser="firefox").exchange
    opened = made.events[-2].at
    for wait, expected in (
        (20 * SECOND + 3 * FACTS.hop - 1, "open close"),
        (20 * SECOND + 3 * FACTS.hop, "open ! close"),
    ):
        events = (*made.events[:-1], Received(opened + wait, BYE), Ended(opened + wait + 1, "fin"))
        assert told(FIREFOX.view(URL, page, [read(replace(made, events=events))])) == expected


def test_an_end_races_with_a_close_or_with_the_handshake_only():
    for pieces, gap, races in (
        ((OPEN, HI), 40 * MS, ""),
        ((OPEN,), 29 * MS, "handshake"),
        ((OPEN,), 30 * MS, ""),
    ):
        assert races in view_of(*pieces, gap=gap).races
        assert bool(view_of(*pieces, gap=gap).races) is bool(races)
    page = Page(acts=(Act("open", "close", code=3000),))
    assert not view_of(OPEN, HI, page=page, gap=40 * MS).races


def test_a_connection_that_fails_is_named_by_its_error_or_its_words():
    for errno, words, shown in (("ECONNREFUSED", "refused", "ECONNREFUSED"), ("", "gave up", "gave up")):
        plan = recorded(OPEN, browser="firefox").exchange
        events = (Connecting(1, "::1", 9), ConnectFailed(2, "::1", 9, errno, words), Ended(3, "error"))
        view = FIREFOX.view(plan.plan.target.url, Page(), [read(replace(plan, events=events))])
        assert view.because.startswith(f"no connection, {shown}: ")


def test_how_it_asks_over_http2():
    """As it was measured to."""
    page = Page("https://h.example/")
    asks = FIREFOX.first(FIREFOX.construct("wss://h.example/", page), page, "key").http2
    assert asks is not None
    assert replace(asks, fields=()) == Http2(
        fields=(),
        settings=((1, 65536), (2, 0), (4, 131072), (5, 16384)),
        window=12517377,
        stream=3,
        priority=Priority(depends_on=0, weight=21, exclusive=False),
        stream_window=12451840,
        never_indexed=(b"cookie", b"authorization"),
        data_max=16000,
        header_apart=True,
        end_stream="never",
        reads_if_left_out=True,
    )


def test_how_much_may_stand_behind_an_interim_answer():
    """MAX_INVALID_RESPONSE_BODY_SIZE of nsHttpTransaction.cpp."""
    for size, given_up in ((128 * 1024, False), (128 * 1024 + 1, True)):
        junk = b"HTTP/1.1 103 Early\r\n\r\n" + b"j" * size
        for received in (junk, junk + OPEN):
            assert view_of(received).because.startswith("no answer follows the interim one") is given_up
