"""Heads and bodies as Firefox reads them: a case at each limit, and one past it."""

import pytest

from tests.browsers_views.recordings import OPEN, frame, seen
from tests.cases import every
from wsprobe.browsers import facts
from wsprobe.browsers.firefox.channel import FrameReader
from wsprobe.browsers.firefox.handshake import BadExtension, Deflate, NoWindow, agree, integer
from wsprobe.browsers.firefox.http import BadField, BadStatus, Fields, Start, Status, begins
from wsprobe.browsers.firefox.http import parse as parse_status
from wsprobe.browsers.firefox.request import Facts


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 101 Switching Protocols", Status(1, 1, 101)),
        (b"HTTP/1.1  101\tx", Status(1, 1, 101)),
        (b"HTTP/1.10 101", Status(1, 1, 101)),
        (b"HTTP/1.2 7 x", Status(1, 1, 7)),
        (b"HTTP/1.0 101 x", Status(1, 0, 101)),
        (b"HTTP/1.x 101 x", Status(1, 0, 101)),
        (b"HTTP/11.1 101 x", Status(1, 0, 101)),
        (b"HTTP/1.99999999999 101 x", Status(1, 0, 101)),
        (b"HTTP/1.4294967295 101 x", Status(1, 1, 101)),
        (b"HTTP/1.4294967296 101 x", Status(1, 0, 101)),
        (b"HTTP/1.42949672950 101 x", Status(1, 0, 101)),
        (b"HTTP/1." + b"0" * 5000 + b"1 101 x", Status(1, 1, 101)),
        (b"HTTP 101 x", Status(1, 0, 101)),
        (b"HTTP/2 200 OK", Status(2, 0, 200)),
        (b"HTTP/3.7 200 OK", Status(3, 0, 200)),
        (b"icy 200 OK", Status(1, 0, 200)),
        (b"http/1.1 101 x", Status(0, 9, 200)),
        (b"HTTPS/1.1 101 x", Status(0, 9, 200)),
        (b"HTTP/1.1", Status(1, 1, 200)),
    ],
)
def test_status_lines(line, status):
    assert parse_status(line) == status


@pytest.mark.parametrize(
    "rest", [b"abc", b"", b"-1 x", b"+101", b"0101 x", b"1011", b"101x", b"101. x", b"101\0 x"]
)
def test_a_space_wants_a_status_code_behind_it(rest):
    with pytest.raises(BadStatus):
        parse_status(b"HTTP/1.1 " + rest)


def fields(*lines):
    made = Fields()
    for line in lines:
        made.add(line)
    return made


def test_fields_are_merged_but_for_those_that_have_one_value():
    fields = Fields()
    for line in (b"Upgrade: h2c", b"UPGRADE:\twebsocket ", b"Upgrade: ", b"Set-Cookie: a", b"Set-Cookie: b"):
        fields.add(line)
    fields.add(b"Content-Type: text/plain")
    fields.add(b"Content-Type: text/html")
    assert fields.values == {
        b"upgrade": b"h2c, websocket",
        b"set-cookie": b"a\nb",
        b"content-type": b"text/plain",
    }
    assert fields.tokens(b"upgrade", b", \t") == [b"h2c", b"websocket"]


def test_what_is_no_field_is_skipped():
    fields = Fields()
    for line in (b"no colon\0", b" X: folded onto nothing", b"X : y", b": y", b"a b: \0", b"\xe4: y"):
        fields.add(line)
    assert fields.values == {}


@pytest.mark.parametrize(
    "lines",
    [
        [b"X: a\0b"],
        [b"Location: /a", b"Location: /b"],
        [b"Location:", b"Location: /b"],
        [b"Content-Disposition: a", b"Content-Disposition: b"],
        [b"Content-Length: 3", b"Content-Length: 4"],
        [b"Content-Length: 3, 4"],
        [b"Content-Length: 3,"],
        [b"Content-Length:", b"Content-Length: 7"],
    ],
)
def test_some_fields_end_it_all(lines):
    fields = Fields()
    *first, last = lines
    for line in first:
        fields.add(line)
    with pytest.raises(BadField):
        fields.add(last)


@pytest.mark.parametrize(
    ("values", "length"),
    [(["5"], 5), (["5", "5, 5"], 5), (["5,5"], 5), (["abc"], -1), ([""], -1), (["+5"], -1), (["9" * 5000], -1)],
)
def test_content_length(values, length):
    fields = Fields()
    for value in values:
        fields.add(f"Content-Length: {value}".encode())
    assert fields.content_length == length


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


@pytest.mark.parametrize(
    ("content_type", "typed"),
    [
        ("text/html", True),
        ("text/", True),
        (", text/html; charset=x", True),
        ("", False),
        ("garbage", False),
        ("*/*", False),
        ("text /html", False),
        ("; charset=utf-8", False),
    ],
)
def test_only_a_type_spares_the_look_into_the_body(content_type, typed):
    fields = Fields()
    fields.add(f"Content-Type: {content_type}".encode())
    assert fields.typed is typed


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


@pytest.mark.parametrize(
    ("code", "lines", "body", "start"),
    [
        (101, ["Content-Length: 9"], b"", Start(0, True)),
        (204, [], b"", Start(0, True)),
        (403, ["Content-Length: 0"], b"", Start(0, True)),
        (403, ["Content-Length: 3"], b"ab", None),
        (403, ["Content-Length: 3"], b"abc", Start(3, True)),
        (403, ["Content-Length: 999"], b"x" * 512, None),
        (403, ["Content-Length: 999"], b"x" * 513, Start(513, False)),
        (403, ["Content-Length: 999", "Content-Type: a/b"], b"x", Start(1, False)),
        (403, ["Content-Type: a/b"], b"", None),
        (403, ["Content-Type: a/b"], b"x", Start(1, False)),
        (403, ["Transfer-Encoding: gzip, Chunked", "Content-Type: a/b"], b"5\r\n", None),
        (403, ["Transfer-Encoding: chunked", "Content-Type: a/b"], b"\r\n 5;e\r\nh", Start(9, False)),
        (403, ["Transfer-Encoding: chunked"], b"1\r\nx\r\n0\r\nA: b\r\n", None),
        (403, ["Transfer-Encoding: chunked"], b"1\r\nx\r\n0\r\nA: b\r\n\r\n", Start(17, True)),
        (403, ["Transfer-Encoding: chunked"], b"zz\r\n", Start(4, False)),
        (403, ["Transfer-Encoding: x", "Content-Length: 0"], b"", Start(0, True)),
    ],
)
def test_when_a_body_is_there(code, lines, body, start):
    assert begins(code, fields(*map(str.encode, lines)), body, 0) == start


@every({f"{code}": code for code in (100, 101, 200, 203, 204, 205, 206, 304, 400)})
def test_which_statuses_have_no_body(code):
    started = begins(code, fields(b"Content-Length: 600"), b"", 0)
    assert started == (Start(0, True) if code in (101, 204, 205, 304) else None)


def test_how_much_may_stand_behind_an_interim_answer():
    """MAX_INVALID_RESPONSE_BODY_SIZE of nsHttpTransaction.cpp."""
    for size, given_up in ((128 * 1024, False), (128 * 1024 + 1, True)):
        junk = b"HTTP/1.1 103 Early\r\n\r\n" + b"j" * size
        for received in (junk, junk + OPEN):
            assert (
                seen(received, browser="firefox").because.startswith("no answer follows the interim one")
                is given_up
            )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"12", 12),
        (b"015", 15),
        (b'"12"', 12),
        (b"g12", 12),
        (b"x12", 12),
        (b"0x12", 12),
        (b"12xyz", 12),
        (b"12 13", 12),
        (b"-12", -12),
        (b"f12", None),
        (b"12abc", None),
        (b"0xc", None),
        (b"", None),
        (b'""', None),
        (b"99999999999", None),
    ],
)
def test_numbers_as_the_string_library_reads_them(text, number):
    assert integer(text) == number


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


@every({f"{size} bytes": size for size in (0, 1, 3, 4, 5, 15, 16, 17, 24, 125, 126, 65535, 65536)})
def test_a_masked_message_is_unmasked(size):
    mask, payload = b"\x01\x02\x03\x04", (bytes(range(256)) * 300)[:size]
    header = frame(0x82, payload)[: -size or None]
    masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(payload))
    received = header[:1] + bytes((header[1] | 0x80,)) + header[2:] + mask + masked
    (unit,) = FrameReader(False, facts("firefox", "153", Facts)).read(received)
    assert unit.payload == payload
