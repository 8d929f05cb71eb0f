import base64
import socket

import pytest
import trio

from tests.net.conftest import holds
from wsprobe.exchange import (
    ConnectFailed,
    Limits,
    Resolved,
    ResolveFailed,
    TlsDone,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.net.probe import probe
from wsprobe.net.proxy import head_size, request
from wsprobe.request.proxy_url import ProxyUrl

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


def test_a_tunnel(net):
    proxy = net.plays(
        ("head", b"CONNECT shop.example:9 HTTP/1.1\r\nHost: shop.example:9\r\n\r\n"),
        b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n",
        ("head", net.REQUEST),
        net.REFUSAL,
    )
    exchange = through(net, proxy)
    assert net.kinds(exchange) == [
        *("Resolved", "Connecting", "Connected", "TunnelSent", "TunnelReceived", "Sent", "Received", "Ended")
    ]
    assert net.only(exchange, Resolved).host == "127.0.0.1"
    assert net.only(exchange, TunnelReceived).data == b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"
    assert net.received(exchange) == net.REFUSAL


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_follows_the_answer_belongs_to_the_target(net, size):
    head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\nX: y\n\n"
    said = head + net.REFUSAL
    pieces = [step for at in range(0, len(said), size) for step in (said[at : at + size], 0.01)]
    exchange = through(net, net.plays("head", *pieces), virtual=True)
    assert tunnel_bytes(exchange, TunnelReceived) == head
    assert net.received(exchange) == net.REFUSAL


@pytest.mark.parametrize(("status", "final"), [(102, False), (199, False), (200, True), (299, True)])
def test_any_2xx_opens_the_way_and_no_1xx(net, status, final):
    head = b"HTTP/1.1 %d X\r\n\r\n" % status
    exchange = through(net, net.plays("head", head + net.REFUSAL))
    assert net.kinds(exchange).count("TunnelFailed") == (not final)
    assert tunnel_bytes(exchange, TunnelReceived).startswith(head)


@pytest.mark.parametrize(("interim", "opens"), [(99, True), (100, False), (5000, False)])
def test_interim_answers_without_end_are_heard_out_only_so_far(net, interim, opens):
    proxy = net.plays(
        "head", b"HTTP/1.1 103 Early\r\n\r\n" * interim + b"HTTP/1.1 200 OK\r\n\r\n" + net.REFUSAL
    )
    exchange = through(net, proxy)
    assert (net.received(exchange) == net.REFUSAL) is opens
    failed = [event.error for event in exchange.events if isinstance(event, TunnelFailed)]
    assert failed == ([] if opens else ["no final answer to CONNECT: 100 interim answers"])


def test_user_and_password(net):
    sends = holds(b"\r\nProxy-Authorization: Basic " + base64.b64encode(b"me@x:p:w") + b"\r\n")
    proxy = net.plays(("head", sends), b"HTTP/1.0 200 OK\r\n\r\n" + net.REFUSAL)
    assert net.received(through(net, proxy, user="me%40x:p%3Aw@")) == net.REFUSAL


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nwho", "407 Proxy Authentic"),
        (b"HTTP/1.1 300 Choose\r\nContent-Length: 0\r\n\r\n", "the proxy answered HTTP/1.1 300 Choose"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\nnot through here", "the proxy answered HTTP/1.1 403 Forbidden"),
        (b"HTTP/1.1 503 \x1b[31mred\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 503 \\x1b[31mred"),
        (b"HTTP/1.1 101 Upgraded\r\n\r\n", "answered HTTP/1.1 101"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP: SSH-2.0-OpenSSH"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 4", "no complete answer to CONNECT: the proxy closed the connection"),
        (b"", "no complete answer to CONNECT: the proxy closed the connection"),
    ],
)
def test_a_proxy_that_does_not_open_the_way(net, answer, words):
    exchange = through(net, net.plays("head", answer))
    failed = net.only(exchange, TunnelFailed)
    assert words in failed.error
    assert failed.error.isprintable()
    assert tunnel_bytes(exchange, TunnelReceived) == answer
    assert net.kinds(exchange)[-2:] == ["TunnelFailed", "Ended"]
    assert "Sent" not in net.kinds(exchange)


def test_a_refusal_whose_body_does_not_end(net):
    exchange = through(net, net.plays("head", b"HTTP/1.1 403 No\r\n\r\nbecause", float("inf")), virtual=True)
    assert tunnel_bytes(exchange, TunnelReceived).endswith(b"because")
    assert net.ended(exchange).at == 500_000


def test_a_proxy_that_resets(net):
    exchange = through(net, net.plays("head", "reset"))
    assert net.only(exchange, TunnelFailed).error.endswith("the proxy reset the connection")
    assert net.ended(exchange).how == "reset"


@pytest.mark.parametrize("said", [b"A: b\r\n", b"\r\n"], ids=["headers", "blank lines"])
def test_a_proxy_that_never_ends_its_head(net, said):
    exchange = through(net, net.plays([said * 1000]))
    assert net.ended(exchange).how == "limit"
    assert len(tunnel_bytes(exchange, TunnelReceived)) < 3 * 65536


def test_a_proxy_that_keeps_silent(net):
    exchange = through(net, net.plays("rest"), virtual=True, limits=Limits(connect_timeout=2))
    assert net.ended(exchange).how == "timeout"
    assert net.ended(exchange).error == "connecting through the proxy took longer than 2 s (connect timeout)"


def test_nothing_listens_where_the_proxy_should_be(net):
    exchange = net.run(lambda: probe(net.plan(9, proxy="http://127.0.0.1:1")))
    assert net.only(exchange, ConnectFailed).errno == "ECONNREFUSED"
    assert net.only(exchange, TunnelFailed).error.startswith("the proxy 127.0.0.1:1 could not be reached")


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_name_that_does_not_resolve(net, kind):
    """Of the proxy itself, and of the target where it is ours to resolve."""

    class Nobody(trio.abc.HostnameResolver):
        async def getaddrinfo(self, host, port, family=0, type=0, proto=0, flags=0):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        async def getnameinfo(self, sockaddr, flags):
            raise AssertionError("not asked for")

    async def work():
        trio.socket.set_custom_hostname_resolver(Nobody())
        async with net.serving(net.plays("rest")) as port:
            host = "nobody.example" if kind == "http" else "127.0.0.1"
            return await probe(net.plan(9, host=SHOP, proxy=f"{kind}://{host}:{port}"))

    exchange = net.run(work)
    assert net.only(exchange, ResolveFailed).host == ("nobody.example" if kind == "http" else SHOP)
    assert ("TunnelFailed" in net.kinds(exchange)) is (kind == "http")
    assert net.ended(exchange).error == "Name or service not known"


def test_a_proxy_whose_name_cannot_be_a_server_name(net):
    async def work():
        async with net.serving(net.plays("rest")) as port:
            named = ((".example", port, ("127.0.0.1",)),)
            return await probe(net.plan(9, proxy=f"https://.example:{port}", resolve=named))

    assert "cannot be a server name" in net.only(net.run(work), TunnelFailed).error


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


def test_an_ipv6_target_is_in_brackets():
    assert request(ProxyUrl("http", "p", 80), "2001:db8::1", 443).startswith(
        b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"
    )


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"", None),
        (b"\r\n\r\n", None),
        (b"H\r\n\r\nrest", 5),
        (b"H\n\nrest", 3),
        (b"\r\n\r\nH\r\nA: b\n\r\nrest", 14),
        (b"H\r\nA: b\r\n", None),
    ],
)
def test_head_size(data, size):
    assert head_size(data) == size
