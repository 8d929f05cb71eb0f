"""A recording of the relay, read from the client's side."""

from __future__ import annotations

from tests.cases import every
from wsprobe.exchange import Connected, Ended, Exchange, LeftOut, Plan, Received, Relayed, Sent
from wsprobe.read import read
from wsprobe.relay.client import PageClose, close_of_client, seen_by_client, told_to_client
from wsprobe.request.target import parse

CAME = b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n\r\n"
WENT = b"GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
TOLD = b"\x88\x05\x11\x33bye"
CLOSED = b"\x88\x82keys" + bytes((0x03 ^ ord("k"), 0xE8 ^ ord("e")))

SEEN = {
    "passed on": (
        Relayed("peer", CAME),
        (Connected(1, "h.example", 80), Sent(2, WENT), Received(3, REFUSAL), LeftOut(4, 0, 9), Ended(5, "fin")),
        (Sent(2, CAME), Received(3, REFUSAL), LeftOut(4, 0, 9), Ended(5, "fin")),
        "ws://127.0.0.1:9000/x",
        None,
    ),
    "sent to the server, but not as it was planned": (
        Relayed("peer", CAME),
        (Sent(2, b"GET"), Ended(5, "fin")),
        (Sent(2, b"GET"), Ended(5, "fin")),
        "ws://127.0.0.1:9000/x",
        None,
    ),
    "no byte passed": (
        Relayed("peer", CAME),
        (Ended(5, "error"),),
        (Ended(5, "error"),),
        "ws://127.0.0.1:9000/x",
        None,
    ),
    "a file without events": (Relayed("peer", CAME), (), (), "ws://127.0.0.1:9000/x", None),
    "refused by the relay": (
        Relayed("peer", CAME, REFUSAL),
        (Connected(1, "h.example", 80), Ended(7, "fin")),
        (Sent(7, CAME), Received(7, REFUSAL), Ended(100_007, "fin")),
        "ws://127.0.0.1:9000/x",
        (403, None),
    ),
    "a page that is told, and closes": (
        Relayed("peer", CAME, SWITCHED + TOLD, CLOSED),
        (Sent(2, WENT), Received(3, REFUSAL), Ended(7, "fin")),
        (
            Sent(7, CAME),
            Received(7, SWITCHED),
            Received(50_007, TOLD),
            Sent(50_007, CLOSED),
            Ended(100_007, "fin"),
        ),
        "ws://127.0.0.1:9000/x",
        (101, PageClose(4403, "bye")),
    ),
    "told, of a file without events": (
        Relayed("peer", b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", SWITCHED + TOLD),
        (),
        (
            Sent(0, b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            Received(0, SWITCHED),
            Received(50_000, TOLD),
            Ended(100_000, "fin"),
        ),
        "ws://h.example/x",
        (101, PageClose(4403, "bye")),
    ),
    "a request without a start line that says what for": (
        Relayed("peer", b"\r\nHost: h h\r\n\r\n"),
        (),
        (),
        "ws://h.example/x",
        None,
    ),
}


@every(SEEN)
def test_what_passed_between_the_client_and_the_relay(case):
    client, events, wanted, url, told = case
    exchange = Exchange(Plan(parse("ws://h.example/x"), WENT), events, client=client)
    seen = seen_by_client(exchange)
    assert (seen.events, seen.plan.target.url, seen.plan.request) == (wanted, url, client.request)
    assert told_to_client(exchange) == told
    closed = PageClose(1000, "") if client.received else None
    assert close_of_client(read(exchange)) == closed


def test_what_no_relay_recorded_is_left_as_it_is():
    exchange = Exchange(Plan(parse("ws://h.example/x"), WENT), (Sent(2, WENT), Ended(5, "fin")))
    assert seen_by_client(exchange) is exchange
    assert told_to_client(exchange) is None
    assert close_of_client(read(exchange)) is None
