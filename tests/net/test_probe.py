import socket
from importlib import import_module

import pytest
import trio
import trio.testing
from msgspec.structs import replace

from tests.net.conftest import SWITCHING
from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Limits,
    PlanError,
    Received,
    Resolved,
    Sent,
)
from wsprobe.net.probe import probe


def test_a_refusal_is_recorded_from_first_to_last(net):
    watched = []
    exchange = net.exchange(net.plays(("head", net.REQUEST), net.REFUSAL, "rest"), watch=watched.append)
    assert net.kinds(exchange) == ["Resolved", "Connecting", "Connected", "Sent", "Received", "Ended"]
    resolved, connecting, connected, sent, received, ended = exchange.events
    assert resolved == Resolved(resolved.at, "127.0.0.1", ("127.0.0.1",))
    assert connecting == Connecting(connecting.at, "127.0.0.1", exchange.plan.target.port)
    assert connected.address == "127.0.0.1"
    assert connected.local.startswith("127.0.0.1:")
    assert sent.data == net.REQUEST
    assert received.data == net.REFUSAL
    assert ended.how == "local"
    assert watched == list(exchange.events)
    times = [event.at for event in exchange.events]
    assert times == sorted(times)
    assert exchange.started.endswith("Z")
    assert exchange.hops == ()


async def test_nothing_listens(net):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        exchange = await probe(net.plan(port))
    failed = net.only(exchange, ConnectFailed)
    assert (failed.address, failed.port, failed.errno) == ("127.0.0.1", port, "ECONNREFUSED")
    assert failed.error == "Connection refused"
    assert net.ended(exchange).how == "error"


def test_an_answer_is_read_although_sending_failed(net):
    """The server refuses without reading, and closes: RST meets a request that is still being sent."""
    server = net.plays(net.REFUSAL[:-1], "read")
    exchange = net.exchange(server, virtual=True, request=net.REQUEST + b"x" * 16_000_000)
    assert net.received(exchange) == net.REFUSAL[:-1]
    assert net.ended(exchange).how == "reset"


def test_an_answer_is_read_although_the_request_is_not_all_sent(net):
    server = net.plays(net.REFUSAL, float("inf"))
    exchange = net.exchange(server, virtual=True, request=net.REQUEST + b"x" * 16_000_000)
    assert net.received(exchange) == net.REFUSAL
    assert net.ended(exchange).how == "local"


ENDLESS = {
    "headers": (b"HTTP/1.1 103 Early Hints\r\n", b"X-Header: %s\r\n" % (b"value" * 10) * 1000, "of heads"),
    "interim answers": (
        b"HTTP/1.1 103 Early Hints\r\n",
        (b"HTTP/1.1 103 Early Hints\r\n" + b"Link: </%s>\r\n" % (b"x" * 50) * 20 + b"\r\n") * 1000,
        "of heads",
    ),
    "one header": (b"HTTP/1.1 103 Early Hints\r\n", b"y" * 99_000, "of heads"),
    "a body": (b"HTTP/1.1 200 OK\r\n\r\n", bytes(65536), "of body"),
    "a session": (SWITCHING + b"\x82\x7f\0\0\0\0\x40\0\0\0", bytes(65536), "after the 101"),
}
"""How it begins, what comes again and again, and what there was too much of."""


@pytest.mark.parametrize(("begin", "endless", "limited"), ENDLESS.values(), ids=ENDLESS)
def test_what_is_endless(net, begin, endless, limited):
    limits = Limits(max_head=200_000, max_body=200_000, max_session=200_000, linger=20)
    exchange = net.exchange(net.plays("head", begin, [endless]), limits=limits)
    assert (net.ended(exchange).how, net.ended(exchange).error) == ("limit", f"200000 bytes {limited}")
    assert 200_000 <= len(net.received(exchange)) <= 200_000 + 4 * 65536


def test_a_read_is_a_small_part_of_what_is_kept(net):
    """Else a limit below the size of a read would be none, and the frames of one read could be many."""
    limits = Limits(max_time=20, max_session=1_000_000)
    server = net.plays("head", net.SWITCHING + b"\x82\x00" * 100_000)
    exchange = net.exchange(server, limits=limits, virtual=True)
    assert net.ended(exchange).how == "limit"
    assert max(len(event.data) for event in exchange.events if isinstance(event, Received)) <= 1_000_000 / 128


def test_too_many_pieces(net, monkeypatch):
    monkeypatch.setattr(import_module("wsprobe.net.probe"), "READS", 20)
    exchange = net.exchange(net.plays("head", [b"x", 0.001]), virtual=True)
    assert (net.ended(exchange).how, net.ended(exchange).error) == ("limit", "20 reads")
    assert sum(isinstance(event, Received) for event in exchange.events) == 20


@pytest.mark.parametrize("waits", [False, True])
def test_an_end_before_our_close_went_out_has_its_time(net, waits):
    """Whether the server waited for our Close does not show in the order of events, which is the same."""
    steps = ["head", net.SWITCHING + b"\x88\x02\x03\xe8", "read", "fin", "rest"]
    if not waits:
        steps.remove("read")
    *_, ours, ended = net.exchange(net.plays(*steps)).events
    assert isinstance(ours, Sent)
    assert ended.how == "fin"
    assert ended.at > ours.at if waits else ended.at == ours.at


async def test_a_unix_socket(net, tmp_path):
    path = str(tmp_path / "socket")
    listening = trio.socket.socket(trio.socket.AF_UNIX)
    await listening.bind(path)
    listening.listen()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, net.refuses, [trio.SocketListener(listening)])
        exchange = await probe(net.plan(1, unix_socket=path))
        nursery.cancel_scope.cancel()
    assert net.kinds(exchange)[:2] == ["Connecting", "Connected"]
    assert net.only(exchange, Connected) == Connected(exchange.events[1].at, path, 0, "")
    assert net.received(exchange) == net.REFUSAL


async def test_a_unix_socket_that_is_not_there(net, tmp_path):
    exchange = await probe(net.plan(1, unix_socket=str(tmp_path / "none")))
    assert net.only(exchange, ConnectFailed).errno == "ENOENT"


async def test_ipv6(net):
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError as error:
        pytest.skip(f"no IPv6 on this machine's loopback: {error}")
    async with net.serving(net.refuses, host="::1") as port:
        exchange = await probe(net.plan(port, host="::1"))
    assert net.only(exchange, Connected).local.startswith("[::1]:")
    assert net.received(exchange) == net.REFUSAL


def test_an_address_to_connect_from(net):
    server = net.refuses
    exchange = net.exchange(server, interface="127.0.0.7")
    assert net.only(exchange, Connected).local.startswith("127.0.0.7:")
    exchange = net.exchange(server, interface="192.0.2.1")
    assert net.only(exchange, ConnectFailed).errno == "EADDRNOTAVAIL"
    exchange = net.exchange(server, interface="no-such-device")
    assert net.only(exchange, ConnectFailed).errno in ("ENODEV", "EPERM", "EOPNOTSUPP")


async def test_another_place_to_connect_to(net):
    async with net.serving(net.refuses) as port:
        for places in (
            (("other", 0, "192.0.2.1", 1), ("shop.example", 9, "127.0.0.1", port)),
            (("", 8, "192.0.2.1", 1), ("", 0, "127.0.0.1", port)),
        ):
            exchange = await probe(net.plan(9, host="shop.example", connect_to=places))
            assert net.only(exchange, Resolved).host == "127.0.0.1"
            assert net.received(exchange) == net.REFUSAL


async def test_cancelled_and_still_recorded(net, autojump_clock):
    watched, kept = [], []
    async with net.serving(net.plays("rest")) as port:
        with trio.move_on_after(1) as scope:
            await probe(net.plan(port), watched.append, keep=kept.append)
        assert scope.cancelled_caught
    assert watched[-1] == Ended(1_000_000, "interrupted")
    assert [exchange.events for exchange in kept] == [tuple(watched)]


async def test_a_broken_watch_is_no_matter_of_the_network(net):
    def watch(event):
        if isinstance(event, Sent):
            raise BrokenPipeError

    with pytest.raises(BaseExceptionGroup) as raised:
        async with net.serving(net.plays("rest")) as port:
            await probe(net.plan(port), watch)
    assert raised.group_contains(BrokenPipeError)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"unix_socket": "a\0b"}, "NUL"),
        ({"proxy": "gopher://x"}, "--proxy: 'gopher' is not a kind of proxy"),
        ({"proxy": "http://me:sesame@"}, "--proxy: 'http://' has no host"),
        ({"proxy": "http://x:99999"}, "invalid host or port"),
        ({"secure": True, "ca_file": "/nonexistent/ca.pem"}, "cannot be used: No such file or directory"),
        ({"secure": True, "ca_file": __file__}, "cannot be used"),
        ({"secure": True, "ca_path": "/nonexistent"}, "not a directory"),
        ({"secure": True, "certificate": "/nonexistent/c.pem"}, "cannot be used: No such file or directory"),
        ({"secure": True, "certificate": __file__}, "cannot be used"),
        ({"secure": True, "ca_file": "a\0b"}, "cannot be used: embedded null byte"),
        ({"secure": True, "minimum": "1.4"}, "unknown TLS version '1.4'"),
        ({"secure": True, "minimum": "1.3", "maximum": "1.2"}, "at least 1.3 and at most 1.2"),
    ],
)
async def test_a_plan_that_no_network_can_carry_out(net, parts, words):
    with pytest.raises(PlanError) as raised:
        await probe(net.plan(1, **parts))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_an_unknown_wire(net):
    with pytest.raises(PlanError, match="hybi-99"):
        await probe(replace(net.plan(1), wire="hybi-99"))


async def test_time_runs_out_while_a_name_is_resolved(net, autojump_clock):
    class Resolver(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *_):
            await trio.sleep_forever()

        async def getnameinfo(self, *_): ...

    trio.socket.set_custom_hostname_resolver(Resolver())
    plan = net.plan(1, host="slow.example", limits=Limits(connect_timeout=3))
    exchange = await probe(plan)
    assert exchange.events == (
        Ended(3_000_000, "timeout", "resolving the name took longer than 3 s (connect timeout)"),
    )


async def test_time_runs_out_just_when_the_connection_stands(net, autojump_clock):
    """It is the connect timeout that ran out, and not the maximum time, which is far off."""

    def watch(event):
        if isinstance(event, Connecting):
            autojump_clock.jump(4)

    with socket.create_server(("127.0.0.1", 0)) as server:
        plan = net.plan(server.getsockname()[1], limits=Limits(connect_timeout=3))
        exchange = await probe(plan, watch)
        with server.accept()[0] as far:
            far.setblocking(False)
            assert far.recv(1) == b""  # the wire was closed
    assert net.kinds(exchange) == ["Resolved", "Connecting", "Connected", "Ended"]
    assert net.ended(exchange).error.endswith("took longer than 3 s (connect timeout)")
