"""Metrics: names, labels that do not grow, and what a scrape gets."""

import socket
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from threading import Thread
from urllib.request import Request, urlopen

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from tests.watch.played import OPEN, played
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.cli.targets import ProbeTarget
from wsprobe.cli.watch import unique
from wsprobe.exchange import Limits, Route, TlsOptions
from wsprobe.net import wsgi
from wsprobe.net.listen import listening, request_of
from wsprobe.report.state import seen
from wsprobe.request.opening import Offer
from wsprobe.watch.metrics import METRICS
from wsprobe.watch.prometheus import application
from wsprobe.watch.summary import Watch, after

BLACKBOX = {
    "probe_success",
    "probe_duration_seconds",
    "probe_dns_lookup_time_seconds",
    "probe_ip_protocol",
    "probe_websocket_status_code",
    "probe_websocket_connection_upgraded",
    "probe_websocket_duration_seconds",
    "probe_ssl_earliest_cert_expiry",
    "probe_tls_version_info",
}
"""Names of github.com/prometheus/blackbox_exporter, prober/{handler,utils,websocket,tcp}.go."""


def watched(title, *names):
    watch = Watch(title, title)
    for number, name in enumerate(names):
        report = played(name)
        told = seen(report, float(number), up=report.outcome == "open", met=False, holds=True)
        watch = after(watch, told)
    return watch


def changed():
    """A watch for which every metric has a value of its own."""
    watch = Watch("a", "a")
    for minute, name, held in ((0, OPEN, True), (1, "status-403", False), (2, "status-403", False)):
        report = played(name, started=f"2026-11-26T12:0{minute}:00.000Z")
        told = seen(
            report,
            float(minute),
            up=minute != 1,
            met=True,
            holds=held,
            expected=(("open", held), ("b~x", True)),
        )
        watch = after(watch, replace(told, family=6, expires=1.5, tls="TLSv1.3"))
    return watch


def scraped(name, *watches):
    """The lines of a scrape that begin with *name* and are none about the process; series and value of each."""
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics", "QUERY_STRING": ""}
    lines = b"".join(application(lambda: watches)(asked, lambda *_: None)).decode().split("\n")
    return [line for line in lines if line.startswith(name) and not line.startswith(("#", "process_")) and line]


@contextmanager
def served(application, address="127.0.0.1"):
    """Serve it from another thread; gives the port."""
    tokens = SimpleQueue()

    async def stay():
        async with wsgi.served(application, listener):
            with trio.CancelScope() as scope:
                tokens.put((trio.lowlevel.current_trio_token(), scope))
                await trio.sleep_forever()

    with listening(address, 0) as listener:
        thread = Thread(target=trio.run, args=(stay,))
        thread.start()
        token, scope = tokens.get(timeout=60)
        try:
            yield listener.getsockname()[1]
        finally:
            token.run_sync_soon(scope.cancel)
            thread.join(60)


@contextmanager
def serving(*watches):
    with served(application(lambda: watches)) as port:
        yield f"http://127.0.0.1:{port}/metrics"


def test_names():
    assert {metric.name for metric in METRICS if not metric.name.startswith("wsprobe_")} == BLACKBOX
    assert all(metric.name.endswith("_total") == (metric.kind == "counter") for metric in METRICS)


def test_labels_do_not_grow_with_time():
    """A second day of the same has the same series."""
    turns = (OPEN, "status-403", "close-4403")
    few, many = (
        {line.rpartition(" ")[0] for line in scraped("", watched("ws://a/", *turns * times))}
        for times in (1, 4)
    )
    assert few == many


def test_another_format_is_for_who_asks_for_it():
    with serving(watched("ws://a/", OPEN)) as address:
        wanted = Request(address, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        with urlopen(wanted, timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert answer.read().endswith(b"# EOF\n")


def asked(port, host="localhost", rest=b"\r\n", first="GET /metrics"):
    """The status and the kind of what answers this request; b"" for a connection that is closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as stream:
        field = b"" if host is None else b"Host: %s\r\n" % host.encode("latin-1")
        stream.sendall(first.encode() + b" HTTP/1.1\r\n" + field + rest)
        with suppress(ConnectionResetError), stream.makefile("rb") as answer:
            status = b" ".join(answer.readline().split()[1:2])
            kinds = [
                line.split(b" ")[1].strip(b";\r\n") for line in answer if line.startswith(b"Content-Type: ")
            ]
            return b" ".join([status, *kinds]) if status == b"200" else status
    return b""


PLAIN, OPEN_METRICS = b"200 text/plain", b"200 application/openmetrics-text"
FORMATS = {
    "application/openmetrics-text; version=x": b"406",
    "application/openmetrics-text; version=1.0.0.": b"406",
    "application/openmetrics-text; version=\u00b2": b"406",
    "image/png": b"406",
    "": b"406",
    "application/openmetrics-text; version=x, text/plain;version=0.0.4;q=0.5": PLAIN,
    "text/html, */*;q=0.1": PLAIN,
    "TEXT/PLAIN": PLAIN,
    "application/openmetrics-text;q=0.3": OPEN_METRICS,
}
OURS = (None, "localhost", "LOCALHOST.:9101", "127.0.0.1:9101", "127.7.7.7", "[::1]:1")
FOREIGN = ("evil.example", "192.0.2.1:9101", "localhost.evil.example", "", "\x1b]0;\x07")
"""A page can make its own name lead to this machine (DNS rebinding); what a browser sends as Host is that name.
A URL that is watched may have a token in it."""
PATHS = ("/favicon.ico", "/metrics/", "//metrics", "/x", "/%2e%2e/metrics")
REQUESTS = [
    *(({"rest": f"Accept: {accept}\r\n\r\n".encode("latin-1")}, status) for accept, status in FORMATS.items()),
    *(({"host": host}, PLAIN) for host in OURS),
    *(({"host": host}, b"421") for host in FOREIGN),
    *(({"first": f"GET {path}"}, b"404") for path in PATHS),
    *(({"first": f"{method} /metrics"}, b"405") for method in ("POST", "PUT", "DELETE", "BREW")),
    ({"rest": b"a: b\r\n" * 4000}, b"431"),
    ({}, PLAIN),
]


def test_what_answers_a_request():
    """One server answers all of them, also behind one without an end."""
    with served(application(lambda: ())) as port:
        assert [asked(port, **request) for request, _ in REQUESTS] == [status for _, status in REQUESTS]


def test_a_bug_ends_no_server(capfd):
    def faulty(environ, start):
        raise RuntimeError("bad")

    with served(faulty) as port:
        assert [asked(port), asked(port)] == [b"500", b"500"]
    assert capfd.readouterr().err == ""


def test_a_head_alone():
    with serving(watched("a", OPEN)) as address, urlopen(Request(address, method="HEAD"), timeout=30) as answer:
        assert int(answer.headers["Content-Length"]) > 100
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox"
        assert answer.read() == b""


def test_a_server_of_ipv6():
    with served(application(lambda: ()), "::1") as port, urlopen(f"http://[::1]:{port}/", timeout=30) as answer:
        assert b"wsprobe_watched_targets 0.0" in answer.read()


def test_a_reader_that_says_nothing_is_not_waited_for():
    async def seconds():
        with listening("127.0.0.1", 0) as listener:
            async with (
                wsgi.served(application(lambda: ()), listener),
                await trio.open_tcp_stream(*listener.getsockname()) as stream,
            ):
                assert await stream.receive_some() == b""
        return trio.current_time()

    assert trio.run(seconds, clock=MockClock(autojump_threshold=0)) == pytest.approx(wsgi.PATIENCE)


def test_a_reader_that_asks_byte_by_byte_has_no_longer():
    """The time is for the whole request, not for each byte of it."""

    async def receive():
        await trio.sleep(1)
        return b"G"

    async def seconds():
        heard = await request_of(receive, wsgi.LONGEST_HEAD, wsgi.PATIENCE)
        assert heard.request is None
        return trio.current_time()

    assert trio.run(seconds, clock=MockClock(autojump_threshold=0)) == pytest.approx(wsgi.PATIENCE)


def test_more_readers_than_there_are_threads_for():
    with served(application(lambda: ())) as port:
        with ExitStack() as stack:
            for _ in range(wsgi.READERS):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            assert asked(port) == b""
        assert PLAIN in (asked(port) for _ in range(10_000))


def place(url, name=""):
    return ProbeTarget(url, HandshakeSettings(Offer(key=""), Limits(), TlsOptions(), Route()), name=name)


def test_labels_are_not_the_same_twice():
    """Two URLs may differ in nothing but their secrets, and Prometheus takes no series twice."""
    assert unique(["a", "b", "a", "a", "a #2"]) == ["a", "b", "a #2", "a #3", "a #2 #2"]
