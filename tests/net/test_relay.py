"""The relay over loopback: what passes, what is told, what is recorded."""

from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from tests.net.conftest import REFUSAL, REQUEST, SWITCHING, ScriptedWire, begins, holds
from wsprobe.exchange import Ended, LeftOut, Limits, Plan, Sent, TlsOptions
from wsprobe.net.plan import check
from wsprobe.net.relay import GOODBYE, HALF_OPEN, ROOM, Connection, RelayError, relay
from wsprobe.net.stream import End
from wsprobe.read.frames import BINARY, CLOSE, CONTINUATION, PING, TEXT
from wsprobe.read.request import RequestReader
from wsprobe.relay.client import told
from wsprobe.relay.relaying import Door, Relaying
from wsprobe.report.report import report
from wsprobe.request.target import parse
from wsprobe.session.kept import Room
from wsprobe.wire.rfc6455 import frame

KEY = b"k\x00ey"
CLOSED = frame(CLOSE, b"\x03\xe8", KEY)
BYE = frame(CLOSE, b"\x11\x33bye", None)
HELLO, YO = frame(TEXT, b"hello", KEY), frame(TEXT, b"yo", KEY)
ASK = REQUEST.replace(b"/chat", b"/")
ASKS = (ASK, "head")
OPENS = ("head", SWITCHING)
TOLD = b"HTTP/1.1 101 Switching Protocols\r\n"


class Shown:
    """What the relay showed."""

    def __init__(self):
        self.away, self.answers, self.exchanges = [], [], []
        self.is_over = trio.Event()
        self.has_room = trio.Event()
        self.has_room.set()

    async def room(self):
        await self.has_room.wait()

    def turned_away(self, peer, request, refusal):
        self.away.append(refusal.status)

    def answered(self, number, exchange, told):
        self.answers.append((number, told))

    async def over(self, number, exchange):
        self.exchanges.append(exchange)
        self.is_over.set()

    @property
    def exchange(self):
        (only,) = self.exchanges
        return only


@asynccontextmanager
async def between(net, server, shown, url="ws://127.0.0.1:{port}/chat", **settings):
    """A connection to the relay before *server*, and the relay's port."""
    async with net.serving(net.plays(*server) if isinstance(server, tuple) else server) as port:
        relaying = Relaying(parse(url.format(port=port)), Door(), **settings)
        async with relay(relaying, "127.0.0.1", 0, shown) as at:
            yield await trio.open_tcp_stream("127.0.0.1", at), at


def relayed(net, server, client, virtual=False, url="ws://127.0.0.1:{port}/chat", wait=True, **settings):
    """What the relay showed of *client* before it and *server* behind it: steps of net.plays, or a function."""
    act = net.plays(*client) if isinstance(client, tuple) else client

    async def work():
        shown = Shown()
        with trio.fail_after(1000 if virtual else 20):
            async with between(net, server, shown, url, **settings) as (stream, _):
                await act(stream)
                await trio.aclose_forcefully(stream)
                if wait:
                    await shown.is_over.wait()
        return shown

    return net.run(work, virtual)


def sent(exchange):
    return b"".join(event.data for event in exchange.events if isinstance(event, Sent))


FRAMES = {
    "fragments": (frame(TEXT, b"a", KEY, fin=False), frame(CONTINUATION, b"b", KEY)),
    "ping between fragments": (frame(TEXT, b"a", KEY, fin=False), frame(PING, b"p", KEY), frame(0, b"", KEY)),
    "reserved bits": (frame(TEXT, b"a", KEY, rsv=7),),
    "reserved opcode": (frame(5, b"a", KEY), frame(13, b"a", KEY)),
    "not UTF-8": (frame(TEXT, b"\xff\xfe\xfd", KEY),),
    "not masked by the client": (frame(TEXT, b"plain", None),),
    "a long ping": (frame(PING, b"x" * 126, KEY),),
    "a length that is not the shortest": (b"\x81\xfe\x00\x01" + KEY + b"a",),
    "a length above 2**63": (b"\x82\xff" + b"\xff" * 8 + KEY + b"abc",),
    "a continuation of nothing": (frame(CONTINUATION, b"x", KEY),),
    "half a header": (b"\x81",),
    "messages behind a Close": (CLOSED, frame(TEXT, b"late", KEY)),
    "no frame at all": (bytes(range(256)) * 20,),
}


@pytest.mark.parametrize("frames", FRAMES.values(), ids=FRAMES)
def test_frames_pass_untouched_both_ways(net, frames):
    data = b"".join(frames)
    server = (("head", holds(b"GET /chat HTTP/1.1")), SWITCHING, ("all", data), data, ("rest", b""))
    client = (ASK, ("head", SWITCHING), *frames, "fin", ("rest", data))
    exchange = relayed(net, server, client).exchange
    assert (SWITCHING + data).startswith(net.received(exchange))
    assert data.startswith(sent(exchange).removeprefix(exchange.plan.request))
    left = [event for event in exchange.events if isinstance(event, LeftOut)]
    assert sum(each.bytes_received for each in left) + len(net.received(exchange)) == len(SWITCHING + data)
    assert sum(each.bytes_sent for each in left) + len(sent(exchange)) == len(exchange.plan.request + data)
    assert net.ended(exchange).how == "local"
    assert exchange.client.ended == "fin"


def test_the_request_is_recorded_as_it_came_and_as_it_went(net):
    exchange = relayed(net, (*OPENS, "rest"), ASKS).exchange
    port = exchange.plan.target.port
    assert exchange.client.request == ASK
    assert exchange.plan.request == REQUEST.replace(b"127.0.0.1", b"127.0.0.1:%d" % port)
    assert sent(exchange) == exchange.plan.request
    assert exchange.plan.target.url == f"ws://127.0.0.1:{port}/chat"


def test_another_path_is_the_clients(net):
    server = (("head", begins(b"GET /room?x=1 HTTP/1.1\r\n")), REFUSAL)
    client = (REQUEST.replace(b"/chat", b"/room?x=1"), ("rest", REFUSAL))
    exchange = relayed(net, server, client).exchange
    assert exchange.plan.target.resource == "/room?x=1"
    assert exchange.plan.target.url.endswith("/room?x=1")


def test_the_rest_of_a_long_answer_does_not_last_longer_either(net):
    """The answer is longer than what is recorded of one, and never ends."""

    async def client(stream):
        began = trio.current_time()
        await net.plays(ASK, "rest")(stream)
        assert trio.current_time() - began == pytest.approx(5, abs=0.5)

    server = ("head", b"HTTP/1.1 403 Forbidden\r\nX: " + bytes(range(65, 91)) * 20_000, "rest")
    exchange = relayed(net, server, client, virtual=True, longest=5).exchange
    assert exchange.plan.limits.max_head == 256 * 1024
    assert any(isinstance(each, LeftOut) for each in exchange.events)


async def test_what_was_recorded_is_kept_when_the_relay_is_ended(net):
    shown = Shown()
    async with between(net, (*OPENS, "rest"), shown) as (stream, _):
        await net.plays(*ASKS)(stream)
    await trio.aclose_forcefully(stream)
    assert net.ended(shown.exchange).how == "interrupted"
    assert net.ended(shown.exchange).at >= max(each.at for each in shown.exchange.events)
    assert shown.exchange.client.ended == "interrupted"


async def test_a_connection_goes_on_while_reports_wait_for_a_reader(net):
    """No other one is let in until there is room."""
    shown = Shown()
    async with between(net, (*OPENS, ("read", b"passes"), b"passes", "rest"), shown) as (first, port):
        await net.plays(*ASKS)(first)
        shown.has_room = trio.Event()
        second = await trio.open_tcp_stream("127.0.0.1", port)
        await second.send_all(ASK)
        await net.plays(b"passes", ("all", b"passes"))(first)
        await trio.aclose_forcefully(first)
        await shown.is_over.wait()
        assert len(shown.answers) == 1
        shown.has_room.set()
        await net.head(second)
        assert len(shown.answers) == 2
        await trio.aclose_forcefully(second)


def test_no_more_connections_than_allowed(net):
    async def client(stream):
        await net.plays(*ASKS)(stream)
        peer = stream.socket.getpeername()
        other = await trio.open_tcp_stream(*peer[:2])
        assert (await net.until_eof(other)).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        await other.aclose()

    assert relayed(net, (*OPENS, "rest"), client, connections=1).away == [503]


def test_a_connection_that_has_ended_makes_room_for_another(net):
    async def answer(stream):
        await stream.send_all(ASK)
        return await net.head(stream)

    async def client(stream):
        assert (await answer(stream)).startswith(b"HTTP/1.1 101 ")
        peer = stream.socket.getpeername()
        await stream.aclose()
        while True:  # the relay may not have seen the end yet
            other = await trio.open_tcp_stream(*peer[:2])
            again = await answer(other)
            await other.aclose()
            if again.startswith(b"HTTP/1.1 101 "):
                return
            assert again.startswith(b"HTTP/1.1 503 ")

    relayed(net, (*OPENS, "rest"), client, connections=1)


def test_a_slow_client_slows_the_server(net):
    """What was taken from the server and not by the client is bounded by buffers of the system."""
    sending = []

    async def server(stream):
        await net.plays(*OPENS)(stream)
        with trio.move_on_after(1):
            while True:
                await stream.send_all(b"\x82\x7e\xff\xff" + bytes(65535))
                sending.append(65539)
        await stream.aclose()

    relayed(net, server, (*ASKS, 2), virtual=True)
    assert sum(sending) < 64 * 1024 * 1024


def test_over_tls(net, authority):
    yo, after = frame(TEXT, b"yo", KEY), frame(TEXT, b"after your end", None)
    server = net.plays(*OPENS, ("rest", yo), after, "close")
    serving = authority.over_tls(server, authority.server("127.0.0.1"))
    settings = {"url": "wss://127.0.0.1:{port}/chat", "tls": TlsOptions(ca_file=authority.ca_file)}
    exchange = relayed(net, serving, (*ASKS, yo, "fin", ("rest", after)), **settings).exchange
    assert report(exchange).outcome == "open"


@pytest.mark.parametrize("host", ["192.0.2.7", "0.0.0.0"])
async def test_an_address_that_others_reach_has_to_be_asked_for(net, host):
    with pytest.raises(RelayError, match="is not a loopback address"):
        async with relay(Relaying(parse("ws://127.0.0.1/"), Door()), host, 0, Shown()):
            pass


@pytest.fixture
def carried(net):
    """Carries a connection of a wire to a server, in virtual time; returns what was shown, and the seconds."""

    def carry(client, server, request=REQUEST, scheme="ws", **settings):
        async def work():
            shown, began = Shown(), trio.current_time()
            async with net.serving(server) as port:
                relaying = Relaying(parse(f"{scheme}://127.0.0.1:{port}/"), Door(), **settings)
                ready = check(Plan(relaying.target, b"", tls=relaying.tls, limits=relaying.limits))
                made = Connection(relaying, ready, Room(ROOM), client, "peer", RequestReader().receive(request))
                with trio.fail_after(1000):
                    await made.carry(1, shown)
                seconds = trio.current_time() - began
                await trio.testing.wait_all_tasks_blocked()
            return shown, seconds

        return net.run(work, virtual=True)

    return carry


@pytest.mark.parametrize(
    ("limits", "reads", "how", "took"),
    [(Limits(), 9, "limit", HALF_OPEN), (Limits(max_time=3), 1, "timeout", 3)],
    ids=["the rest of a long answer", "an answer"],
)
def test_a_client_that_stops_reading(carried, net, limits, reads, how, took):
    """The relay gives up after *took* seconds, without --max-time too."""
    endless = net.plays("head", b"HTTP/1.1 403 Forbidden\r\nX: ", [bytes(range(65, 91)) * 2000])
    shown, seconds = carried(ScriptedWire(takes=reads), endless, limits=limits)
    assert seconds == pytest.approx(took + GOODBYE)
    assert shown.exchange.how_ended == how


def test_a_client_that_leaves_before_the_server_is_reached_ends_it(carried, net):
    """It is reached once TLS stands."""
    shown, seconds = carried(ScriptedWire(3, End("reset")), net.plays("rest"), scheme="wss")
    assert (seconds, shown.answers) == (3, [])
    assert net.kinds(shown.exchange) == ["Resolved", "Connecting", "Connected", "Ended"]
    assert shown.exchange.events[-1] == Ended(3_000_000, "local", "the client closed the connection")
    assert (shown.exchange.client.ended, shown.exchange.client.answer) == ("reset", b"")


@pytest.mark.parametrize("early", [True, False])
def test_what_a_client_sends_before_the_server_is_reached_arrives(carried, net, authority, early):
    client = ScriptedWire(*([] if early else [HELLO]), 3, End("fin"))
    came = []
    steps = net.plays(SWITCHING, ("rest", lambda data: came.append(data) is None))
    serving = authority.over_tls(steps, authority.server("127.0.0.1"))

    async def server(stream):
        await trio.sleep(1)
        await serving(stream)

    request, tls = REQUEST + HELLO * early, TlsOptions(ca_file=authority.ca_file)
    shown, _ = carried(client, server, request, "wss", tls=tls)
    assert came == [shown.exchange.plan.request + HELLO]
    assert [each.data for each in report(shown.exchange).sent_messages] == [b"hello"]


def test_a_session_ends_where_the_client_takes_no_more(carried, net):
    client = ScriptedWire(fails=End("reset"))
    shown, _ = carried(client, net.plays(SWITCHING, 1, frame(TEXT, b"x", None), "rest"))
    assert net.ended(shown.exchange) == Ended(1_000_000, "local", "the client closed the connection")
    assert shown.exchange.client.ended == "reset"


def test_frames_that_come_with_the_101_are_followed_as_later_ones(carried, net):
    """Or the Close behind what is left out would not be known."""
    flood = frame(BINARY, b"x" * 1000, None) * 10
    server = net.plays(SWITCHING + flood + BYE, "fin", "rest")
    shown, _ = carried(ScriptedWire(1, CLOSED, End("fin")), server, limits=Limits(max_session=2500))
    assert report(shown.exchange).close.code == 4403
    assert [e.bytes_received for e in shown.exchange.events if isinstance(e, LeftOut)] == [8 * len(flood) // 10]


@pytest.mark.parametrize(("version", "code"), [(b"13", 4403), (b"8", None)])
def test_only_a_client_of_rfc_6455_can_be_told(carried, net, version, code):
    request = REQUEST.replace(b"Version: 13", b"Version: " + version)
    client = ScriptedWire()
    shown, _ = carried(client, net.refuses, request, tell=told)
    ((_, page_close),) = shown.answers
    assert (page_close and page_close.code) == code
    assert client.sent.startswith(REFUSAL if code is None else TOLD)
