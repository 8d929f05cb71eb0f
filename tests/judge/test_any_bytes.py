"""Whatever comes, judge and outcome return, and what they say can be printed."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Ended,
    Exchange,
    How,
    Plan,
    Received,
    ResolveFailed,
    Sent,
    Target,
    TlsDone,
    TlsFailed,
    TunnelFailed,
    TunnelReceived,
)
from wsprobe.judge import FINDINGS, judge, outcome
from wsprobe.read import read
from wsprobe.report.outcome import STATUS_OF

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Protocol: a, b\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
GOOD = (
    b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n"
)
PIECES = st.sampled_from(
    [
        b"HTTP/1.1 101 Switching Protocols\r\n",
        b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\r\n",
        b"HTTP/1.1 403 No\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n",
        b"HTTP/1.1 103 Early\r\n\r\n",
        b"HTTP/1.1 302 F\r\nLocation: \xff\x1b[2J\r\n",
        b"HTTP/1.1 426 U\r\nSec-WebSocket-Version: 13, 8, ,\r\n",
        b"HTTP/1.1 \r\n",
        b"Upgrade: websocket, \r\n",
        b"Connection: \x00\r\n",
        b"Sec-WebSocket-Accept: \xff\r\n",
        b"Sec-WebSocket-Protocol:\r\n",
        b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\r\n",
        b'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=08; x; x="9"\r\n',
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"\n",
        b" folded\r\n",
        b"\x81\x02hi",
        b"\xc1\x02\xff\xff",
        b"\x88\x02\x03\xee",
        b"\x88\x7e\x00\x02\x03\xe8",
        b"\x00\xff",
        b"\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x15\x03\x01\x00\x02\x02\x28",
    ]
)
BYTES = st.one_of(PIECES, st.binary(max_size=40))
TIMES = st.integers(0, 10_000_000)
WORDS = st.text(max_size=12)

EVENTS = st.one_of(
    st.builds(Received, TIMES, BYTES),
    st.builds(Received, TIMES, BYTES),
    st.builds(Received, TIMES, BYTES),
    st.builds(Sent, TIMES, st.sampled_from([REQUEST, b"\x88\x82\x00\x00\x00\x00\x03\xe8", b"x"])),
    st.builds(Connected, TIMES, WORDS, st.integers(0, 65535)),
    st.builds(ConnectFailed, TIMES, WORDS, st.integers(0, 65535), WORDS, WORDS),
    st.builds(ResolveFailed, TIMES, WORDS, WORDS),
    st.builds(TunnelReceived, TIMES, BYTES),
    st.builds(TunnelFailed, TIMES, WORDS),
    st.builds(TlsDone, TIMES, WORDS, WORDS, st.none(), st.none(), st.booleans(), st.none() | WORDS),
    st.builds(
        TlsFailed,
        TIMES,
        st.sampled_from(["certificate", "alert", "not-tls", "fin", "reset", "error"]),
        WORDS,
        BYTES,
        st.none(),
        st.none() | st.integers(0, 255),
        st.sampled_from(["", "expired", "other", "what"]),
    ),
    st.builds(Ended, TIMES, st.sampled_from(get_args(How)), WORDS),
)
WIRES = st.sampled_from(["hybi-13", "hybi-08", "hybi-05", "hixie-76"])


def check(exchange):
    reading = read(exchange)
    verdict = judge(reading)
    assert outcome(reading, verdict) in STATUS_OF
    for finding in verdict.findings:
        assert finding.id in FINDINGS
        assert finding.level == FINDINGS[finding.id].level
        for words in (finding.text, finding.usual, finding.expected, finding.received):
            assert words is None or (words.isascii() and words.isprintable())
        if finding.span is not None:
            start, end = finding.span
            assert 0 <= start <= end <= len(reading.received)


def plan(secure=False, wire="hybi-13", request=REQUEST):
    return Plan(Target("ws://x/", secure, "x", 80, "/"), request, wire)


@settings(max_examples=8 * EXAMPLES)
@given(st.lists(BYTES, max_size=12), st.sampled_from(get_args(How)), WIRES)
def test_any_answer(pieces, how, wire):
    events = [Connected(1, "192.0.2.1", 80), Sent(2, REQUEST)]
    events += [Received(at, piece) for at, piece in enumerate(pieces, 3)]
    check(Exchange(plan(wire=wire), (*events, Ended(99, how))))


@settings(max_examples=6 * EXAMPLES)
@given(st.lists(EVENTS, max_size=10), st.booleans(), st.binary(max_size=60))
def test_any_events(events, secure, request):
    check(Exchange(plan(secure, request=request), tuple(events)))


@pytest.mark.parametrize(
    "reply",
    [
        GOOD + b"\r\n" + b"\x81\x80\x01\x02\x03\x04" * 20_000,
        GOOD + b"\r\n" + b"\x01\x00" * 20_000,
        GOOD + b"A(B): \x00\xff\n" * 5_000 + b"\n",
        b"HTTP/1.1 103 E\n\x00\n\n" * 2_000 + b"HTTP/1.1 403 No\r\n\r\n",
        GOOD + b"Sec-WebSocket-Extensions: permessage-deflate" + b"; x; y=1" * 3_000 + b"\r\n\r\n",
        GOOD + b"Sec-WebSocket-Extensions: " + b", ".join(b"x%d" % n for n in range(5_000)) + b"\r\n\r\n",
        GOOD + b"Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: y\r\n" * 2_000 + b"\r\n",
        b"HTTP/1.1 426 U\r\n" + b"Sec-WebSocket-Version: 9\r\nLocation: /\r\n" * 2_000 + b"\r\n",
    ],
    ids=["masked", "fragments", "fields", "interim", "parameters", "extensions", "repeated", "refusal"],
)
def test_much_of_the_same_is_said_once(reply):
    events = (Connected(1, "192.0.2.1", 80), Sent(2, REQUEST), Received(3, reply), Ended(4, "local"))
    reading = read(Exchange(plan(), events))
    findings = judge(reading).findings
    assert 0 < len(findings) < 20
    assert all(len(finding.text) < 2_000 for finding in findings)
