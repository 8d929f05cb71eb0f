import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES
from tests.net.conftest import ScriptedWire
from wsprobe.exchange import TunnelFailed, TunnelReceived, TunnelSent
from wsprobe.net.proxy import Tunnel, through_http, through_socks
from wsprobe.net.stream import End, Tape
from wsprobe.request.proxy import ProxyUrl


def upto(size):
    return lambda data: size if len(data) >= size else None


async def everything(wire):
    data = b""
    while not isinstance(piece := await wire.receive(), End):
        data += piece
    return data


@settings(max_examples=2 * EXAMPLES)
@given(st.lists(st.binary(min_size=1, max_size=6), max_size=6), st.lists(st.integers(1, 5), max_size=5))
def test_each_byte_is_heard_or_goes_through(reads, sizes):
    async def work():
        tape = Tape()
        tunnel = Tunnel(ScriptedWire(*reads, End("fin")), tape)
        heard = b""
        for size in sizes:
            answer = await tunnel.hear(upto(size))
            if isinstance(answer, End):
                break
            assert len(answer) == size
            heard += answer
        recorded = b"".join(event.data for event in tape.events)
        assert recorded.startswith(heard)
        assert recorded + await everything(tunnel.through()) == b"".join(reads)

    trio.run(work)


PIECES = st.sampled_from(
    [
        *(
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\n",
            b"HTTP/1.1 100 C\r\n\r\n",
        ),
        *(b"\r\n", b"\n\n", b"\x05\x00", b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        *(b"\x05\x00\x00\x03\xff", b"\x00\x5a\x00\x00\x00\x00\x00\x00", b"\x00\x5b"),
    ]
)


@settings(max_examples=3 * EXAMPLES)
@given(
    st.sampled_from(["http", "socks4a", "socks5h"]),
    st.sampled_from([None, b"user"]),
    st.lists(st.one_of(PIECES, st.binary(min_size=1, max_size=12)), max_size=5),
)
def test_whatever_a_proxy_says(kind, user, reads):
    """The way is open, or it is said why not; no byte is lost or heard twice."""

    async def work():
        tape = Tape()
        wire = ScriptedWire(*reads, End("fin"))
        say = through_http if kind == "http" else through_socks
        result = await say(Tunnel(wire, tape), ProxyUrl(kind, "p", 1, user), "shop.example", 9)
        failed = [event for event in tape.events if isinstance(event, TunnelFailed)]
        assert len(failed) == isinstance(result, End)
        sent = b"".join(event.data for event in tape.events if isinstance(event, TunnelSent))
        assert sent == wire.sent
        rest = b"".join(each for each in wire.reads if isinstance(each, bytes))
        recorded = b"".join(event.data for event in tape.events if isinstance(event, TunnelReceived))
        if failed:
            assert b"".join(reads).startswith(recorded)
        else:
            assert recorded + await everything(result) == b"".join(reads)
            assert b"".join(reads).endswith(rest)

    trio.run(work)
