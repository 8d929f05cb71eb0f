from pathlib import Path

import pytest

from tests.cases import every
from tests.pieces import cases, pieces
from wsprobe.exchange import Resolved, Sent, TunnelFailed, TunnelReceived, TunnelSent
from wsprobe.net.probe import probe

WORDS = {
    "name": b"\x05\x01\x00\x03\x0cshop.example\x00\x09",
    "name-4a": b"\x04\x01\x00\x09\0\0\0\x01\0shop.example\0",
    "done": b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x09",
}


def through(net, written, kind, host="shop.example", closes=False, **parts):
    """Probe *host* through a proxy that hears and answers as is *written*, and then closes, or leads to a
    server that refuses; what was sent to the proxy and received from it is compared."""
    turns = pieces(written, WORDS)

    async def proxy(stream):
        for each in turns:
            if isinstance(each, Sent):
                got = b""
                while len(got) < len(each.data):
                    got += await stream.receive_some(len(each.data) - len(got))
                assert got == each.data
            else:
                await stream.send_all(each)
        await net.plays("fin", "rest")(stream) if closes else await net.refuses(stream)

    async def work():
        async with net.serving(proxy) as port:
            return await probe(net.plan(9, host=host, proxy=f"{kind}127.0.0.1:{port}", **parts))

    exchange = net.run(work)
    sent = [event.data for event in exchange.events if isinstance(event, TunnelSent)]
    received = b"".join(event.data for event in exchange.events if isinstance(event, TunnelReceived))
    assert sent == [each.data for each in turns if isinstance(each, Sent)]
    answered = b"".join(each for each in turns if not isinstance(each, Sent))
    assert answered.startswith(received) if closes else received == answered
    return exchange


@every(cases(Path(__file__).parent / "socks.txt"))
def test_a_tunnel(of, net):
    (asked, turns, *closes), (expected,) = of
    kind, host = asked.split(" ")
    exchange = through(net, turns, kind, host, bool(closes))
    if expected == "opens":
        assert net.received(exchange) == net.REFUSAL
    else:
        assert expected in net.only(exchange, TunnelFailed).error
        assert "Sent" not in net.kinds(exchange)


@pytest.mark.parametrize(
    ("kind", "turns"),
    [("socks4", ">04010009c000020700 005a+00*6"), ("socks5", ">050100 0500 >05010001c00002070009 done")],
)
def test_the_name_is_resolved_here(net, kind, turns):
    exchange = through(net, turns, f"{kind}://", resolve=(("shop.example", 9, ("192.0.2.7",)),))
    hosts = [event.host for event in exchange.events if isinstance(event, Resolved)]
    assert hosts == ["127.0.0.1", "shop.example"]
    assert net.received(exchange) == net.REFUSAL


def test_version_4_cannot_say_ipv6(net):
    exchange = through(net, "", "socks4a://", host="2001:db8::1")
    assert net.only(exchange, TunnelFailed).error == "SOCKS 4 has no IPv6 addresses"
