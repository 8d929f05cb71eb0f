"""The lab over real sockets on loopback."""

import socket
import ssl
import sys

import pytest
import trio
import trio.testing

from tests.exchanges import plan
from tests.lab.conftest import in_lab
from wsprobe.exchange import Limits, Received, Sent, TlsFailed, TlsOptions
from wsprobe.lab import find
from wsprobe.lab.certificates import NoCertificates
from wsprobe.lab.play import play
from wsprobe.lab.ports import ALERT_UNEXPECTED_MESSAGE, KINDS, NOT_A_REQUEST
from wsprobe.lab.server import Bounds, LabError, serve
from wsprobe.net.probe import probe
from wsprobe.request.opening import Offer
from wsprobe.wire.rfc6455 import frame

PATIENT = Limits(connect_timeout=30, max_time=50, linger=3)
"""Long enough on a busy machine: nothing here waits for it to pass but those that never answer, and, as long as
it lingers, those that open and then say nothing."""
SOON = Limits(connect_timeout=1, max_time=1.5)
NEVER_ANSWER = ("accept-silence", "wss-accept-silence")

REAL = """
    ok 403 403-long-body 403-gzip 302-ws accept-wrong pmd-message close-4403 close-then-garbage
    fin-partial-headers rst-after-request 101-then-rst 101-then-fin trickle-head noise banner-smtp
    banner-ssh accept-fin accept-rst accept-silence refused ws-to-tls wss-ok wss-403
    wss-101-then-fin wss-close-with-close-notify wss-unknown-ca wss-expired wss-wrong-host
    wss-common-name wss-alert wss-client-cert-required wss-tls10-only wss-rst-on-hello
    wss-fin-on-hello wss-to-plain wss-smtp-banner wss-noise wss-accept-silence url-dot-segments
    escape-in-101
"""


def run(work):
    async def bounded():
        with trio.fail_after(60):
            return await work()

    return trio.run(bounded)


def what_happened(exchange):
    """An exchange without times and segmentation; sent and received apart, since they may pass each other."""
    sent = b"".join(event.data for event in exchange.events if isinstance(event, Sent))
    received = b"".join(event.data for event in exchange.events if isinstance(event, Received))
    failures = [(e.kind, e.reason, e.alert, e.error) for e in exchange.events if isinstance(e, TlsFailed)]
    others = [
        type(event).__name__ for event in exchange.events if not isinstance(event, Sent | Received | TlsFailed)
    ]
    end = exchange.events[-1]
    return others, failures, sent, received, end.how, end.error


def test_sockets_and_thought_agree():
    differing = {}

    async def both():
        async with serve() as lab, trio.open_nursery() as nursery:
            for name in REAL.split():
                nursery.start_soon(compare, lab, name)

    async def compare(lab, name):
        scenario = find(name)
        limits = SOON if name in NEVER_ANSWER else PATIENT
        trust = TlsOptions(ca_file=str(lab.certificate_authority))
        asked = plan(lab.url(scenario), Offer("dGhlIHNhbXBsZSBub25jZQ=="), limits=limits, tls=trust)
        real = what_happened(await probe(asked))
        pure = what_happened(play(scenario, asked, ports=lab.ports))
        if real != pure:
            differing[name] = (real, pure)

    run(both)
    assert differing == {}


def test_the_list_of_real_ones_has_every_kind_of_listener():
    # Those that take HTTP/2 are in tests/http2.
    kinds = {name for name, kind in KINDS.items() if kind.alpn == ("http/1.1",)}
    assert {find(name).listener for name in REAL.split()} == {*kinds, "unused"}


async def say(port, data, host="127.0.0.1"):
    """Send *data* and return all that comes until the server ends."""
    stream = await trio.open_tcp_stream(host, port)
    came = b""
    async with stream:
        try:
            await stream.send_all(data)
            while more := await stream.receive_some():
                came += more
        except trio.BrokenResourceError:
            pass
    return came


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: lab\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("garbage", "answer"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", NOT_A_REQUEST),
        (b"x" * 300_000, NOT_A_REQUEST),
        (b"GET /s/403\r\n\r\n", b"HTTP/1.1 403 Forbidden"),
        (b"\r\n\r\nGET /s/403 HTTP/1.1\r\n\r\n", b"HTTP/1.1 403 Forbidden"),
        (b"\x00\xff\x1b[2J\r\n\r\n", b"HTTP/1.1 404 Not Found"),
        (b"GET http://[ HTTP/1.1\nHost: \xff\n\n", b"HTTP/1.1 404 Not Found"),
        (b"POST /status/99999?header=%00 HTTP/9.9\r\n\r\n", b"HTTP/1.1 99999 Status"),
    ],
    ids=["tls", "endless", "no-version", "blank-lines-first", "binary", "bare-lf", "odd"],
)
@in_lab()
async def test_garbage_is_answered_and_breaks_nothing(lab, garbage, answer):
    assert (await say(lab.ports["plain"], garbage)).startswith(answer)
    assert (await say(lab.ports["plain"], get("/s/403"))).startswith(b"HTTP/1.1 403 ")


@in_lab()
async def test_clients_that_go_away_or_say_nothing_break_nothing(lab):
    port = lab.ports["plain"]
    idle = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(5)]
    for data in (b"", b"GET", get("/s/text-16M"), get("/s/endless-body")):
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        if data:
            await stream.send_all(data)
        await stream.aclose()
    assert (await say(port, get("/s/403"))).startswith(b"HTTP/1.1 403 ")
    for stream in idle:
        await stream.aclose()


@in_lab(bounds=Bounds(connections=3))
async def test_too_many_connections_are_closed_at_once_and_room_comes_back(lab):
    port = lab.ports["plain"]
    held = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(3)]
    await trio.testing.wait_all_tasks_blocked()
    assert await say(port, b"") == b""
    for stream in held:
        await stream.aclose()
    while lab.connections:
        await trio.lowlevel.checkpoint()
    assert (await say(port, get("/s/403"))).startswith(b"HTTP/1.1 403 ")


@in_lab(bounds=Bounds(time=0.2))
async def test_a_connection_ends_when_its_time_is_over(lab):
    assert await say(lab.ports["plain"], get("/s/silence-long")) == b""
    assert await say(lab.ports["plain"], b"GET") == b""
    assert await say(lab.start("silent"), b"") == b""


@in_lab(bounds=Bounds(received=100_000))
async def test_a_client_that_sends_without_end_is_cut_off(lab):
    stream = await trio.open_tcp_stream("127.0.0.1", lab.ports["plain"])
    await stream.send_all(get("/s/101-then-silence"))
    with pytest.raises(trio.BrokenResourceError):
        await stream.send_all(b"x" * 48_000_000)
    await stream.aclose()


@in_lab()
async def test_an_echo(lab):
    stream = await trio.open_tcp_stream("127.0.0.1", lab.ports["plain"])
    mask = b"abcd"
    await stream.send_all(get("/echo") + frame(1, b"early", mask))
    await stream.send_all(frame(2, b"x" * 100_000, mask) + frame(8, b"\x03\xe8", mask))
    came = b""
    while more := await stream.receive_some():
        came += more
    _, _, frames = came.partition(b"\r\n\r\n")
    assert frames == frame(1, b"early", None) + frame(2, b"x" * 100_000, None) + frame(8, b"\x03\xe8", None)
    await stream.aclose()


def test_each_request_is_told_to_whoever_watches():
    visits = []

    async def work():
        async with serve(watch=visits.append) as lab:
            await say(lab.ports["plain"], get("/s/status-403"))
            await say(lab.ports["plain"], get("/nothing"))
            await say(lab.ports["plain"], b"\x16\x03\x01")

    run(work)
    assert [(visit.listener, visit.scenario) for visit in visits] == [
        ("plain", "403"),
        ("plain", ""),
        ("plain", ""),
    ]
    assert visits[0].request == get("/s/status-403")
    assert visits[0].local.startswith("127.0.0.1:")
    assert visits[0].peer.startswith("127.0.0.1:")


def test_a_bug_in_one_connection_ends_that_one():
    def faulty(asked):
        raise {b"/value": ValueError, b"/deep": RecursionError}.get(asked.resource, OSError)("a bug")

    async def work():
        met = []
        async with serve(pages=faulty, fault=met.append) as lab:
            for path in ("/value", "/deep", "/gone"):
                assert await say(lab.ports["plain"], get(path)) == b""
            assert lab.connections == 0
        assert [type(each) for each in met] == [ValueError, RecursionError]

    run(work)


@in_lab(pages=lambda asked: b"{page}" if asked.resource == b"/s/403" else None)
async def test_pages_go_before_the_catalogue(lab):
    assert await say(lab.ports["plain"], get("/s/403")) == b"{page}"
    assert (await say(lab.ports["plain"], get("/s/402"))).startswith(b"HTTP/1.1 402 ")


@in_lab()
async def test_ports_of_other_listeners_are_filled_in_and_open(lab):
    assert set(lab.ports) == {"plain"}
    came = await say(lab.ports["plain"], get("/s/302-https"))
    assert b"\r\nLocation: https://127.0.0.1:%d/s/ok\r\n" % lab.start("tls") in came
    assert await say(lab.ports["tls"], b"GET / HTTP/1.1\r\n\r\n") == ALERT_UNEXPECTED_MESSAGE


@in_lab()
async def test_nothing_listens_on_the_unused_port_and_nobody_else_gets_it(lab):
    port = lab.start("unused")
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", port)
    with pytest.raises(LabError, match=f"cannot listen on port {port} at 127.0.0.1"):
        lab.start("smtp", port)


def test_the_authority_is_a_file_as_long_as_the_lab_runs():
    async def work():
        async with serve(tls_port=0) as lab:
            path = lab.certificate_authority
            context = ssl.create_default_context(cafile=path)
            stream = await trio.open_ssl_over_tcp_stream("127.0.0.1", lab.ports["tls"], ssl_context=context)
            await stream.do_handshake()
            await trio.aclose_forcefully(stream)
            assert path.exists()
        assert not path.exists()

    run(work)


@in_lab(every_loopback=True)
async def test_every_loopback_address_at_once(lab):
    for host in ("127.0.0.1", "127.0.10.2", "127.9.9.9"):
        assert lab.place(find("403"), host).address == f"ws://{host}:{lab.ports['plain']}/s/403"
        assert (await say(lab.ports["plain"], get("/s/403"), host)).startswith(b"HTTP/1.1 403 ")


def test_the_ipv6_loopback_address():
    with socket.socket(socket.AF_INET6) as tried:
        tried.bind(("::1", 0))

    async def work():
        async with serve("::1") as lab:
            assert lab.url(find("403")) == f"ws://[::1]:{lab.ports['plain']}/s/403"
            assert (await say(lab.ports["plain"], get("/s/403"), "::1")).startswith(b"HTTP/1.1 403 ")

    run(work)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_only_loopback_unless_told_otherwise(host):
    async def work():
        async with serve(host):
            pass

    with pytest.raises(LabError, match="not a loopback address"):
        run(work)


def test_without_trustme_only_scenarios_of_tls_say_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "trustme", None)

    async def work():
        async with serve() as lab:
            assert lab.url(find("403"))
            assert lab.url(find("wss-alert"))
            with pytest.raises(NoCertificates, match=r"pip install '\.\[lab\]'"):
                lab.url(find("wss-ok"))
            # It points to a port of TLS.
            answered = await say(lab.ports["plain"], get("/s/302-https"))
            assert answered.startswith(b"HTTP/1.1 503 ")
            assert b"pip install" in answered
            assert (await say(lab.ports["plain"], get("/s/403"))).startswith(b"HTTP/1.1 403 ")

    run(work)
