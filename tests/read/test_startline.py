"""Status lines, as strict and as loose as they are read."""

import pytest

from wsprobe.read import response_of
from wsprobe.read.head import opens_session, split_head, status_line


@pytest.mark.parametrize(
    ("line", "version", "status", "reason", "oddities"),
    [
        (b"HTTP/1.1 101 Switching Protocols", "1.1", 101, b"Switching Protocols", ()),
        (b"HTTP/1.1 403 ", "1.1", 403, b"", ()),
        (b"HTTP/1.1 403", "1.1", 403, b"", ("no-reason-space",)),
        (b"HTTP/1.1 403  two  ", "1.1", 403, b" two  ", ()),
        (b"HTTP/1.0 101 x", "1.0", 101, b"x", ()),
        (b"HTTP/2 200 ", "2", 200, b"", ()),
        (b"HTTP/1.10 101 x", "1.10", 101, b"x", ()),
        (b"HTTP/1.1 000 Zero", "1.1", 0, b"Zero", ()),
        (b"http/1.1 101 x", "1.1", 101, b"x", ("lower-case-name",)),
        (b"\xef\xbb\xbfHTTP/1.1 101 x", "1.1", 101, b"x", ("leading-junk", "8-bit")),
        (b" HTTP/1.1 101 x", "1.1", 101, b"x", ("leading-junk",)),
        (b"HTTP 101 x", None, 101, b"x", ("no-version",)),
        (b"HTTP/x 101 x", None, None, b"101 x", ("no-version", "not-a-number")),
        (b"ICY 200 OK", None, 200, b"OK", ("other-protocol",)),
        (b"WS/1.1 101 x", None, 101, b"x", ("other-protocol",)),
        (b"HTTP/1.1  101 x", "1.1", 101, b"x", ("double-space",)),
        (b"HTTP/1.1\t101 x", "1.1", 101, b"x", ("tab",)),
        (b"HTTP/1.1 101\tx", "1.1", 101, b"x", ()),
        (b"HTTP/1.1", "1.1", None, b"", ("no-status",)),
        (b"HTTP/1.1 ", "1.1", None, b"", ("no-status",)),
        (b"HTTP/1.1101 x", "1.1101", None, b"", ("not-a-number",)),
        (b"HTTP/1.1 101Switching", "1.1", None, b"", ("glued",)),
        (b"HTTP/1.1 0101 x", "1.1", None, b"x", ("many-digit",)),
        (b"HTTP/1.1 10", "1.1", None, b"", ("two-digit",)),
        (b"HTTP/1.1 9 x", "1.1", None, b"x", ("one-digit",)),
        (b"HTTP/1.1 +101 x", "1.1", None, b"x", ("not-a-number",)),
        (b"HTTP/1.1 ABC", "1.1", None, b"", ("not-a-number",)),
        (b"HTTP/1.1 200 a\rb\x00\xff", "1.1", 200, b"a\rb\x00\xff", ("bare-cr", "nul", "8-bit")),
        (b"junk", None, None, b"", ("not-http",)),
        (b"hello 123 world", None, None, b"", ("not-http",)),
        (b"12345HTTP/1.1 101 x", None, None, b"", ("not-http",)),
    ],
)
def test_status_line(line, version, status, reason, oddities):
    made = status_line(split_head(line + b"\r\n\r\n")[0])
    assert (made.version, made.status, made.reason, made.oddities) == (version, status, reason, oddities)


@pytest.mark.parametrize(
    ("start", "opens"),
    [
        # Measured: Chromium 156 opens on all that is True here, Firefox and WebKitGTK on some of it.
        (b"HTTP/1.1 101 Switching Protocols\r\n", True),
        (b"HTTP/1.1 101 404 Not Found\r\n", True),
        (b"HTTP/1.0 101 x\r\n", True),
        (b"HTTP/2.0 101 x\r\n", True),
        (b"HTTP/0.9 101 x\r\n", True),
        (b"HTTP/1 101 x\r\n", True),
        (b"HTTP 101 x\r\n", True),
        (b"http/1.1 101 x\r\n", True),
        (b"HTTP/1.1  101 x\r\n", True),
        (b"HTTP/1.1 101Switching\r\n", True),
        (b"HTTP/1.1 0101 Switching\r\n", True),
        (b"\xef\xbb\xbfHTTP/1.1 101 x\r\n", True),
        (b"\r\nHTTP/1.1 101 x\r\n", True),
        (b"\r\n\r\n\r\nHTTP/1.1 101 x\r\n", True),
        (b"ab\r\nHTTP/1.1 101 x\r\n", True),
        (b"HTTP/1.1 +101 x\r\n", False),
        (b"HTTP/1.1 1010 x\r\n", False),
        (b"HTTP/1.1 10 1\r\n", False),
        (b"HTTP/1.1 200 101\r\n", False),
        (b"HTTP/1.1 100 http 101\r\n", False),
        (b"HTTP/1.1\r\nA: 101\r\n", False),
        (b"junk\r\nHTTP/1.1 101 x\r\n", False),
        (b"12345HTTP/1.1 101 x\r\n", False),
        (b"SSH-2.0 101\r\n", False),
    ],
)
def test_what_opens_a_session_on_the_loosest_reading(start, opens):
    for rest, expected in ((b"Upgrade: websocket\r\n\r\n", opens), (b"Upgrade: websocket\r\n", False)):
        head, _ = split_head(start + rest)
        assert opens_session(response_of(head)) is expected
