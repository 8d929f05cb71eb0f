"""Sec-WebSocket-Accept as it comes out of each known slip, made here from first principles."""

from base64 import b64decode, b64encode, urlsafe_b64encode
from hashlib import sha1

import pytest

from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Sent, Target
from wsprobe.judge.accept import accept
from wsprobe.read import read

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = b"x3JJHMbDL1EzLkh9GBhXDw=="
# Its accept value has both "+" and "/", so that the URL-safe alphabet shows.
PLUS_KEY = next(
    key
    for key in (b64encode(bytes([n]) * 16) for n in range(256))
    if {b"+"[0], b"/"[0]} <= set(b64encode(sha1(key + GUID).digest()))
)
EARLIER = b"AQIDBAUGBwgJCgsMDQ4PEA=="


def digest(text):
    return sha1(text).digest()


def b64(text):
    return b64encode(digest(text))


SLIPS = {
    "lower case": ("accept-case", lambda key: b64(key + GUID).lower()),
    "letters swapped": ("accept-case", lambda key: b64(key + GUID).swapcase()),
    "echo": ("accept-echo", lambda key: key),
    "hex": ("accept-hex", lambda key: digest(key + GUID).hex().encode()),
    "upper hex": ("accept-hex", lambda key: digest(key + GUID).hex().upper().encode()),
    "base64 of hex": ("accept-hex-base64", lambda key: b64encode(digest(key + GUID).hex().encode())),
    "no padding": ("accept-padding", lambda key: b64(key + GUID).rstrip(b"=")),
    "too much padding": ("accept-padding", lambda key: b64(key + GUID) + b"="),
    "URL-safe": ("accept-url-safe", lambda key: urlsafe_b64encode(digest(key + GUID))),
    "trailing semicolon": ("accept-junk", lambda key: b64(key + GUID) + b";"),
    "no GUID": ("accept-no-guid", b64),
    "lower-case GUID": ("accept-guid-case", lambda key: b64(key + GUID.lower())),
    "decoded key": ("accept-decoded-key", lambda key: b64(b64decode(key) + GUID)),
    "lower-case key": ("accept-key-changed", lambda key: b64(key.lower() + GUID)),
    "key with its line end": ("accept-key-changed", lambda key: b64(key + b"\r\n" + GUID)),
    "key with a space": ("accept-key-changed", lambda key: b64(b" " + key + GUID)),
    "no key": ("accept-empty-key", lambda key: b64(GUID)),
    "sample key": ("accept-sample-key", lambda key: b64(b"dGhlIHNhbXBsZSBub25jZQ==" + GUID)),
    "key of an earlier hop": ("accept-earlier-key", lambda key: b64(EARLIER + GUID)),
    "another key": ("accept-mismatch", lambda key: b64(b"AAAAAAAAAAAAAAAAAAAAAA==" + GUID)),
    "MD5 in base64": ("accept-mismatch", lambda key: b64encode(bytes(16))),
}


def exchange(key, value):
    def plan(of):
        lines = b"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + of
        return Plan(Target("ws://x/", False, "x", 80, "/"), b"GET / HTTP/1.1\r\n" + lines + b"\r\n\r\n")

    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    events = (
        Connected(1, "192.0.2.1", 80),
        Sent(2, plan(key).request),
        Received(3, head + b"Sec-WebSocket-Accept: " + value + b"\r\n\r\n"),
        Ended(4, "local"),
    )
    return Exchange(plan(key), events, hops=(Exchange(plan(EARLIER), ()),))


def found(of):
    reading = read(of)
    return list(accept(reading, reading.responses[-1]))


@pytest.mark.parametrize(
    ("slip", "key"),
    # Of KEY's own answer the URL-safe alphabet makes nothing else.
    [(slip, key) for slip in SLIPS for key in (KEY, PLUS_KEY) if (slip, key) != ("URL-safe", KEY)],
)
def test_each_slip_is_told_apart(slip, key):
    id, make = SLIPS[slip]
    (finding,) = found(exchange(key, make(key)))
    assert finding.id == id
    assert finding.level == "fail"
    assert finding.expected == b64(key + GUID).decode()
    assert finding.received == make(key).decode()


@pytest.mark.parametrize("key", [KEY, PLUS_KEY])
def test_the_right_value_passes(key):
    assert not found(exchange(key, b64(key + GUID)))
