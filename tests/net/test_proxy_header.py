"""The header of the PROXY protocol: what it says, and where on the way it is sent."""

import socket
import struct

from tests.net.conftest import begins
from wsprobe.exchange import Connected, ProxyHeaderSent
from wsprobe.net.probe import probe


async def test_a_connection_that_was_reset_has_no_other_end_to_name(net):
    def watch(event):
        if isinstance(event, Connected):
            theirs, _ = server.accept()
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            theirs.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        exchange = await probe(net.plan(server.getsockname()[1], proxy_header=""), watch)
    assert net.kinds(exchange) == ["Resolved", "Connecting", "Connected", "Sent", "Ended"]
    assert net.ended(exchange).how == "reset"


def test_that_header_comes_first(net):
    heads = []
    server = net.plays(("head", lambda head: heads.append(head) is None), net.REFUSAL)
    exchange = net.exchange(server, proxy_header="")
    assert net.kinds(exchange)[2:] == ["Connected", "ProxyHeaderSent", "Sent", "Received", "Ended"]
    sent = net.only(exchange, ProxyHeaderSent).data.decode()
    connected = net.only(exchange, Connected)
    port = connected.local.rpartition(":")[2]
    assert sent == f"PROXY TCP4 127.0.0.1 127.0.0.1 {port} {connected.port}\r\n"
    assert heads == [sent.encode() + net.REQUEST]


async def test_through_a_tunnel_it_is_for_what_lies_behind(net):
    proxy = net.plays(
        ("head", b"CONNECT shop.example:9 HTTP/1.1\r\nHost: shop.example:9\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\n\r\n",
        ("head", begins(b"PROXY TCP4 192.0.2.7 127.0.0.1 ")),
        net.REFUSAL,
    )
    async with net.serving(proxy) as port:
        plan = net.plan(9, host="shop.example", proxy=f"http://127.0.0.1:{port}", proxy_header="192.0.2.7")
        exchange = await probe(plan)
    assert net.kinds(exchange)[3:6] == ["TunnelSent", "TunnelReceived", "ProxyHeaderSent"]
    assert net.received(exchange) == net.REFUSAL
