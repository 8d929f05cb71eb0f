"""TLS over a wire that is a list of reads, and over one that breaks."""

import ssl
from contextlib import suppress

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.net.conftest import ScriptedWire
from wsprobe.exchange import TlsOptions
from wsprobe.net.stream import End
from wsprobe.net.tls import TlsWire, context


class Peer(ScriptedWire):
    """A TLS server that answers as it is spoken to."""

    def __init__(self, server, after=()):
        super().__init__()
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.engine = server.wrap_bio(self._in, self._out, server_side=True)
        self.after = list(after)

    async def receive(self, most=65536):
        await trio.lowlevel.checkpoint()
        self._in.write(self.sent)
        self.sent = b""
        with suppress(ssl.SSLWantReadError):
            self.engine.do_handshake()
        return self._out.read() or self.after.pop(0)

    def farewell(self):
        """Its close_notify."""
        self._in.write(self.sent)
        self.engine.do_handshake()
        with suppress(ssl.SSLWantReadError):
            self.engine.unwrap()
        return self._out.read()


def client(authority, wire):
    return TlsWire(wire, context(TlsOptions(ca_file=authority.ca_file)), "127.0.0.1")


async def shaken(authority, *after):
    """A peer, which gives *after* behind the handshake, and the client once that is over."""
    peer = Peer(authority.server(), after)
    tls = client(authority, peer)
    assert await tls.handshake() is None
    return peer, tls


async def test_the_bytes_of_the_handshake_are_kept(authority):
    _, tls = await shaken(authority)
    assert tls.seen[:2] == b"\x16\x03"
    assert len(tls.chain("get_unverified_chain")) == 1
    assert len(tls.chain("get_verified_chain")) == 2


def test_no_handshake_no_chain(authority):
    assert client(authority, ScriptedWire()).chain("get_unverified_chain") == []


@pytest.mark.parametrize("end", [End("fin"), End("reset", "x"), End("error", "y")])
async def test_the_end_below_is_the_end_of_the_handshake(authority, end):
    wire = ScriptedWire(end)
    assert await client(authority, wire).handshake() == end
    assert wire.sent[:1] == b"\x16"


async def test_after_a_fatal_alert_nothing_can_be_sent(authority):
    # An alert in clear is a broken record here, which ends the session.
    peer, tls = await shaken(authority, b"\x15\x03\x03\x00\x02\x02\x28")
    while (end := await tls.receive()) and not isinstance(end, End):
        pass
    sent = await tls.send(b"x")
    await tls.close()
    assert end.how == "error"
    assert await tls.receive() == end, "the end stays the end"
    assert sent.how == "error"
    assert peer.closed


@pytest.mark.parametrize(
    ("below", "how"), [(End("fin"), "truncated"), (End("reset", "x"), "reset"), (End("error", "y"), "error")]
)
async def test_the_end_below_after_the_handshake(authority, below, how):
    _, tls = await shaken(authority, below)
    assert (await tls.receive()).how == how


@pytest.mark.parametrize(("ended", "says"), [(None, True), ("notified", True), ("fin", False)])
async def test_at_the_close_it_says_so_unless_the_connection_broke(authority, ended, says):
    """The server may have said so itself, with a close_notify."""
    peer, tls = await shaken(authority)
    if ended is not None:
        peer.after = [peer.farewell() if ended == "notified" else End("fin")]
        await tls.receive()
    peer.sent = b""
    await tls.close()
    assert peer.sent[:1] == (b"\x17" if says else b"")


async def test_a_write_that_fails_below(authority):
    peer, tls = await shaken(authority)
    peer.fails = End("reset", "x")
    assert await tls.send(b"x") == End("reset", "x")


RECORD = st.builds(
    lambda kind, body: bytes([kind, 3, 3]) + len(body).to_bytes(2) + body,
    st.sampled_from([0x14, 0x15, 0x16, 0x17]),
    st.binary(max_size=40),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(min_size=1, max_size=20), RECORD), max_size=5))
def test_any_answer_to_a_client_hello(authority, reads):
    """Whatever comes, the handshake fails with a value, and what was read is there."""
    wire = ScriptedWire(*reads, End("fin"))
    tls = client(authority, wire)
    assert isinstance(trio.run(tls.handshake), (End, ssl.SSLError))
    assert b"".join(reads).startswith(tls.seen)
