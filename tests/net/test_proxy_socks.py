from __future__ import annotations

import pytest

from wsprobe.exchange import Resolved, TunnelFailed, TunnelReceived, TunnelSent
from wsprobe.net.probe import probe

DONE_5 = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x09"


def script(net, *turns):
    """A proxy that expects and answers in turn, then hands through to a server that refuses."""

    async def proxy(stream):
        for expected, answer in turns:
            got = b""
            while len(got) < len(expected):
                got += await stream.receive_some(len(expected) - len(got))
            assert got == expected
            await stream.send_all(answer)
        if await net.head(stream):
            await stream.send_all(net.REFUSAL)

    return proxy


def through(net, proxy, kind, user="", host="shop.example", **parts):
    async def work():
        async with net.serving(proxy) as port:
            return await probe(net.plan(9, host=host, proxy=f"{kind}://{user}127.0.0.1:{port}", **parts))

    return net.run(work)


@pytest.mark.parametrize(
    ("kind", "user", "host", "turns"),
    [
        (
            "socks5h",
            "",
            "shop.example",
            [(b"\x05\x01\x00", b"\x05\x00"), (b"\x05\x01\x00\x03\x0cshop.example\x00\x09", DONE_5)],
        ),
        (
            "socks5h",
            "",
            "192.0.2.1",
            [(b"\x05\x01\x00", b"\x05\x00"), (b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x09", DONE_5)],
        ),
        (
            "socks5h",
            "",
            "2001:db8::1",
            [
                (b"\x05\x01\x00", b"\x05\x00"),
                (
                    b"\x05\x01\x00\x04" + bytes.fromhex("20010db8000000000000000000000001") + b"\x00\x09",
                    b"\x05\x00\x00\x04" + bytes(18),
                ),
            ],
        ),
        (
            "socks5h",
            "me:pw@",
            "shop.example",
            [
                (b"\x05\x02\x00\x02", b"\x05\x02"),
                (b"\x01\x02me\x02pw", b"\x01\x00"),
                (b"\x05\x01\x00\x03\x0cshop.example\x00\x09", b"\x05\x00\x00\x03\x04name\x00\x00"),
            ],
        ),
        (
            "socks5h",
            "me:pw@",
            "192.0.2.1",
            [(b"\x05\x02\x00\x02", b"\x05\x00"), (b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x09", DONE_5)],
        ),
        (
            "socks4a",
            "",
            "shop.example",
            [(b"\x04\x01\x00\x09\0\0\0\x01\0shop.example\0", b"\0\x5a" + bytes(6))],
        ),
        ("socks4a", "me@", "192.0.2.1", [(b"\x04\x01\x00\x09\xc0\x00\x02\x01me\0", b"\0\x5a" + bytes(6))]),
        ("socks4", "", "192.0.2.1", [(b"\x04\x01\x00\x09\xc0\x00\x02\x01\0", b"\0\x5a" + bytes(6))]),
    ],
)
def test_a_tunnel(net, kind, user, host, turns):
    exchange = through(net, script(net, *turns), kind, user, host)
    assert net.received(exchange) == net.REFUSAL
    sent = [event.data for event in exchange.events if isinstance(event, TunnelSent)]
    received = [event.data for event in exchange.events if isinstance(event, TunnelReceived)]
    assert sent == [turn[0] for turn in turns]
    assert b"".join(received) == b"".join(turn[1] for turn in turns)


@pytest.mark.parametrize("kind", ["socks4", "socks5"])
def test_the_name_is_resolved_here(net, kind):
    if kind == "socks4":
        turns = [(b"\x04\x01\x00\x09\xc0\x00\x02\x07\0", b"\0\x5a" + bytes(6))]
    else:
        turns = [(b"\x05\x01\x00", b"\x05\x00"), (b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x09", DONE_5)]
    names = (("shop.example", 9, ("192.0.2.7",)),)
    exchange = through(net, script(net, *turns), kind, resolve=names)
    assert [event.host for event in exchange.events if isinstance(event, Resolved)] == [
        "127.0.0.1",
        "shop.example",
    ]
    assert net.received(exchange) == net.REFUSAL


GREETED = (b"\x05\x01\x00", b"\x05\x00")
ASKED_5 = b"\x05\x01\x00\x03\x0cshop.example\x00\x09"
ASKED_4 = b"\x04\x01\x00\x09\0\0\0\x01\0shop.example\0"


@pytest.mark.parametrize(
    ("kind", "user", "turns", "words"),
    [
        ("socks5h", "", [(b"\x05\x01\x00", b"\x05\x02")], "requires a user name and password"),
        (
            "socks5h",
            "",
            [(b"\x05\x01\x00", b"\x05\xff")],
            "an authentication method that wsprobe does not support",
        ),
        ("socks5h", "", [(b"\x05\x01\x00", b"HTTP/1.1 400 \r\n\r\n")], "not SOCKS 5: it begins with 0x48"),
        ("socks5h", "", [(b"\x05\x01\x00", b"\x05")], "greeting: the proxy closed"),
        (
            "socks5h",
            "me:no@",
            [(b"\x05\x02\x00\x02", b"\x05\x02"), (b"\x01\x02me\x02no", b"\x01\x01")],
            "refused the user",
        ),
        (
            "socks5h",
            "me:no@",
            [(b"\x05\x02\x00\x02", b"\x05\x02"), (b"\x01\x02me\x02no", b"")],
            "password: the proxy closed",
        ),
        (
            "socks5h",
            "",
            [GREETED, (ASKED_5, b"\x05\x05\x00\x01\0\0\0\0\0\0")],
            "answered 5: connection refused",
        ),
        ("socks5h", "", [GREETED, (ASKED_5, b"\x05\x02")], "answered 2: connection not allowed"),
        *(
            ("socks5h", "", [GREETED, (ASKED_5, bytes((5, reply)))], f"answered {reply}: {words}")
            for reply, words in enumerate(
                (
                    "general SOCKS server failure",
                    "connection not allowed by ruleset",
                    "network unreachable",
                    "host unreachable",
                    "connection refused",
                    "TTL expired",
                    "command not supported",
                    "address type not supported",
                    "unknown",
                ),
                1,
            )
        ),
        ("socks5h", "", [GREETED, (ASKED_5, b"\x05\x63\x00\x01")], "answered 99: unknown"),
        ("socks5h", "", [GREETED, (ASKED_5, b"\x05")], "request: the proxy closed"),
        ("socks5h", "", [GREETED, (ASKED_5, b"H")], "request: the proxy closed"),
        ("socks5h", "", [GREETED, (ASKED_5, DONE_5[:4])], "request: the proxy closed"),
        ("socks5h", "", [GREETED, (ASKED_5, DONE_5[:9])], "request: the proxy closed"),
        ("socks4a", "", [(ASKED_4, b"\0\x5b" + bytes(6))], "answered 91: request rejected"),
        ("socks4a", "", [(ASKED_4, b"\0\x5c" + bytes(6))], "answered 92: the proxy cannot reach identd"),
        ("socks4a", "", [(ASKED_4, b"\0\x5d" + bytes(6))], "answered 93: the client's identd reports another"),
        ("socks4a", "", [(ASKED_4, b"HTTP/1.1 400 \r\n\r\n")], "not SOCKS 4: it begins with 0x48"),
        ("socks4a", "", [(ASKED_4, b"\0\x5a")], "request: the proxy closed"),
    ],
)
def test_a_proxy_that_does_not_open_the_way(net, kind, user, turns, words):
    async def proxy(stream):
        for expected, answer in turns:
            got = b""
            while len(got) < len(expected):
                got += await stream.receive_some(len(expected) - len(got))
            await stream.send_all(answer)
        await stream.send_eof()
        await net.until_eof(stream)

    exchange = through(net, proxy, kind, user)
    assert words in net.only(exchange, TunnelFailed).error
    assert "Sent" not in net.kinds(exchange)


def test_version_4_cannot_say_ipv6(net):
    exchange = through(net, script(net), "socks4a", host="2001:db8::1")
    assert net.only(exchange, TunnelFailed).error == "SOCKS 4 has no IPv6 addresses"
