"""Status lines, as strict and as loose as they are read."""

import pytest

from wsprobe.read import response_of
from wsprobe.read.head import opens_session, split_head


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
