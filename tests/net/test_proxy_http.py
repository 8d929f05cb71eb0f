import pytest
import trio

from tests.net.test_dial_names import UNKNOWN, Names
from wsprobe.exchange import (
    ResolveFailed,
    TlsDone,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.net.probe import probe

SHOP = "shop.example"


def through(net, proxy, kind="http", user="", virtual=False, host=SHOP, **parts):
    """Probe port 9 of *host* through what *proxy* does."""

    async def work():
        async with net.serving(proxy) as port:
            parts.setdefault("proxy", f"{kind}://{user}127.0.0.1:{port}")
            return await probe(net.plan(9, host=host, **parts))

    return net.run(work, virtual)


def tunnel_bytes(exchange, kind):
    return b"".join(event.data for event in exchange.events if isinstance(event, kind))


@pytest.mark.parametrize("said", [b"A: b\r\n", b"\r\n"], ids=["headers", "blank lines"])
def test_a_proxy_that_never_ends_its_head(net, said):
    exchange = through(net, net.plays([said * 1000]))
    assert net.ended(exchange).how == "limit"
    assert len(tunnel_bytes(exchange, TunnelReceived)) < 3 * 65536


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_name_that_does_not_resolve(net, kind):
    """Of the proxy itself, and of the target where it is ours to resolve."""
    trio.socket.set_custom_hostname_resolver(Names(UNKNOWN))
    async with net.serving(net.plays("rest")) as port:
        host = "nobody.example" if kind == "http" else "127.0.0.1"
        exchange = await probe(net.plan(9, host=SHOP, proxy=f"{kind}://{host}:{port}"))
    assert net.only(exchange, ResolveFailed).host == ("nobody.example" if kind == "http" else SHOP)
    assert ("TunnelFailed" in net.kinds(exchange)) is (kind == "http")
    assert net.ended(exchange).error == "Name or service not known"


async def test_a_proxy_whose_name_cannot_be_a_server_name(net):
    async with net.serving(net.plays("rest")) as port:
        named = ((".example", port, ("127.0.0.1",)),)
        exchange = await probe(net.plan(9, proxy=f"https://.example:{port}", resolve=named))
    assert "cannot be a server name" in net.only(exchange, TunnelFailed).error


@pytest.mark.parametrize("kind", ["http", "https"])
def test_tls_through_a_tunnel(net, authority, kind):
    """The proxy itself may be inside TLS too."""

    async def proxy(stream):
        await net.plays("head", b"HTTP/1.1 200 OK\r\n\r\n")(stream)
        await authority.over_tls(net.refuses, authority.server(SHOP))(stream)

    proxy_of = {"http": proxy, "https": authority.over_tls(proxy, authority.server())}
    exchange = through(net, proxy_of[kind], kind=kind, secure=True, ca_file=authority.ca_file)
    assert net.only(exchange, TlsDone).certificate.names == (SHOP,)
    assert tunnel_bytes(exchange, TunnelSent).startswith(b"CONNECT shop.example:9 ")
    assert net.received(exchange) == net.REFUSAL


def test_a_proxy_with_a_bad_certificate(net, authority):
    async def proxy(stream):
        raise AssertionError("the handshake should have failed")

    exchange = through(net, authority.over_tls(proxy, authority.server()), kind="https")
    assert "TLS with the proxy failed" in net.only(exchange, TunnelFailed).error
    assert "TlsFailed" not in net.kinds(exchange)
