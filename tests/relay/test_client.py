"""A recording of the relay, read from the client's side."""

from msgspec.structs import replace

from tests.cases import every
from tests.exchanges import exchange as recorded
from tests.exchanges import plan
from wsprobe.exchange import Connected, Ended, Exchange, LeftOut, Plan, Received, Relayed, Sent
from wsprobe.read import read
from wsprobe.recording.redaction import redact
from wsprobe.relay.client import PageClose, close_of_client, seen_by_client, told_to_client
from wsprobe.request.target import parse
from wsprobe.wire.rfc6455 import frame

CAME = b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n\r\n"
WENT = b"GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
TOLD = b"\x88\x05\x11\x33bye"
CLOSED = b"\x88\x82keys" + bytes((0x03 ^ ord("k"), 0xE8 ^ ord("e")))

HERE, THERE = "ws://127.0.0.1:9000/x", "ws://h.example/x"
TWO_HOSTS = b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
CONNECTED, SENT, FIN = Connected(1, "h.example", 80), Sent(2, WENT), Ended(7, "fin")
PASSED = (Received(3, REFUSAL), LeftOut(4, 0, 9), Ended(5, "fin"))
TOLD_SO = (Received(7, SWITCHED), Received(50_007, TOLD), Sent(50_007, CLOSED), Ended(100_007, "fin"))
BYE = (101, PageClose(4403, "bye"))
SEEN = {
    "passed on": ((CAME,), (CONNECTED, SENT, *PASSED), (Sent(2, CAME), *PASSED), HERE, None),
    "sent to the server, but not as it was planned": (
        (CAME,),
        (Sent(2, b"GET"), FIN),
        (Sent(2, b"GET"), FIN),
        HERE,
        None,
    ),
    "no byte passed": ((CAME,), (Ended(5, "error"),), (Ended(5, "error"),), HERE, None),
    "a file without events": ((CAME,), (), (), HERE, None),
    "refused by the relay": (
        (CAME, REFUSAL),
        (CONNECTED, FIN),
        (Sent(7, CAME), Received(7, REFUSAL), Ended(100_007, "fin")),
        HERE,
        (403, None),
    ),
    "a page that is told, and closes": (
        (CAME, SWITCHED + TOLD, CLOSED),
        (SENT, Received(3, REFUSAL), FIN),
        (Sent(7, CAME), *TOLD_SO),
        HERE,
        BYE,
    ),
    "told, of a file without events": (
        (TWO_HOSTS, SWITCHED + TOLD),
        (),
        (Sent(0, TWO_HOSTS), Received(0, SWITCHED), Received(50_000, TOLD), Ended(100_000, "fin")),
        THERE,
        BYE,
    ),
    "a request without a start line that says what for": ((b"\r\nHost: h h\r\n\r\n",), (), (), THERE, None),
}
"""What came from the client and was said to it; the events; those between the client and the relay, the URL
there, and what the page was told."""


@every(SEEN)
def test_what_passed_between_the_client_and_the_relay(case):
    sides, events, wanted, url, told = case
    client = Relayed("peer", *sides)
    exchange = Exchange(Plan(parse(THERE), WENT), events, client=client)
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


def test_the_clients_side_is_masked():
    asked = CAME[:-2] + b"Cookie: sid=cookiesecret\r\n\r\n"
    close, masked_close = (frame(8, b"\x03\xe8" + text, b"keys") for text in (b"topsecret1", b"*" * 10))
    client = Relayed("peer", asked, SWITCHED + b"\x88\x0c\x11\x33topsecret1", close)
    masked = redact(replace(recorded(plan("ws://h/?token=topsecret1"), REFUSAL), client=client)).client
    assert masked.request == asked.replace(b"cookiesecret", b"*" * 12)
    assert masked.answer == client.answer.replace(b"topsecret1", b"*" * 10)
    assert masked.received == masked_close
