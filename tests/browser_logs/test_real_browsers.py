"""Logs that installed browsers write now, against what the server of their page passed."""

import ssl
from pathlib import Path

import pytest
import trustme

from tests.browser_logs import real, sample
from wsprobe.browser_logs.firefox import FirefoxLog
from wsprobe.cli import evidence
from wsprobe.exchange import Received, Sent, TunnelReceived, TunnelSent
from wsprobe.report.report import report
from wsprobe.show.as_json import report_value

pytestmark = pytest.mark.engines

PATHS = [*real.ANSWERS, "/echo"]


def passed(servers, paths=PATHS):
    return all(sum(one.over for one in each.passed) >= len(paths) for each in servers)


def data(socket, *kinds):
    return b"".join(each.data for each in socket.exchange.events if isinstance(each, kinds))


def check(found, servers):
    """Every byte that the server received and sent is there, in the recording of its URL."""
    sockets = {each.url: each for each in found}
    assert len(sockets) == len(found) == sum(len(each.passed) for each in servers)
    for server in servers:
        for truth in server.passed:
            socket = sockets[server.url(truth.path)]
            assert socket.exchange.plan.request == truth.received.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            assert data(socket, Sent).startswith(truth.received), truth.path
            assert data(socket, Received) == truth.sent, truth.path
            assert socket.page == server.origin


@pytest.mark.parametrize("tls", [False, True])
def test_chromium_s_log_of_two_pages_has_every_byte(tmp_path, tls):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if tls else None
    if context is not None:
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with real.Server(PATHS, context) as one, real.Server(PATHS, context) as other:
        page = f"{one.origin}/#also={other.origin}/"
        switches = ["--disable-popup-blocking", *(["--ignore-certificate-errors"] if tls else [])]
        log = real.chromium(tmp_path, [page], lambda: passed([one, other]), *switches)
    check(list(sample.netlog(log).sockets()), [one, other])


def test_chromium_s_log_of_two_hundred_sockets_has_every_byte(tmp_path):
    paths = [f"/forbidden&{number}" for number in range(200)]
    with real.Server(paths) as one:
        log = real.chromium(tmp_path, [one.origin + "/"], lambda: passed([one], paths))
    check(list(sample.netlog(log).sockets()), [one])


def test_through_a_proxy_the_tunnel_is_there_too(tmp_path):
    paths = ["/forbidden", "/close-4403", "/echo"]
    with real.Server(paths) as one, real.Server(paths) as proxy:
        switches = (f"--proxy-server=http://127.0.0.1:{proxy.port}", "--proxy-bypass-list=<-loopback>")
        log = real.chromium(tmp_path, [one.origin + "/"], lambda: passed([one], paths), *switches)
    found = list(sample.netlog(log).sockets())
    check(found, [one])
    tunnels = {(data(each, TunnelSent), data(each, TunnelReceived)) for each in found}
    assert tunnels <= set(proxy.tunnels)
    assert all(each.exchange.plan.route.proxy == f"http://127.0.0.1:{proxy.port}" for each in found)


def test_a_401_that_chromium_answers_is_an_earlier_exchange(tmp_path):
    with real.Server(["/secret"]) as one:
        log = real.chromium(tmp_path, [one.origin + "/#login"], lambda: passed([one], ["/secret"] * 2))
    (found,) = sample.netlog(log).sockets()
    (first,) = found.exchange.hops
    truths = [(each.received, each.sent) for each in one.passed]
    recorded = [
        tuple(b"".join(e.data for e in of.events if isinstance(e, kind)) for kind in (Sent, Received))
        for of in (first, found.exchange)
    ]
    assert recorded == truths
    assert [report(first).outcome, report(found.exchange).reading.status] == ["unauthorized", 101]


def test_without_raw_bytes_the_outcome_is_the_same(tmp_path):
    with real.Server(PATHS) as one:
        log = real.chromium(tmp_path, [one.origin + "/"], lambda: passed([one]), mode="Default")
    found = list(sample.netlog(log).sockets())
    outcomes = {each.url.partition(one.url("/"))[2]: report(each.exchange).outcome for each in found}
    assert len(outcomes) == len(PATHS)
    assert (outcomes["ssh"], outcomes["drop"]) == ("not-http", "dropped")
    assert (outcomes["forbidden"], outcomes["moved"]) == ("refused", "redirected")
    assert (outcomes["broken"], outcomes["wrong-accept"]) == ("server-error", "invalid")


HTTP2 = {"h2-on": ("open", 200), "h2-status-403": ("refused", 403), "h2-status-500": ("server-error", 500)}


def test_over_http2_fields_and_body_are_there_and_no_made_up_bytes(wsprobe_lab, tmp_path):
    urls = {name: wsprobe_lab.url(name) for name in HTTP2}
    page = tmp_path / "page.html"
    page.write_text(
        "<script>"
        + "".join(
            f"fetch('{url.replace('wss', 'https')}', {{mode: 'no-cors', credentials: 'include'}})"
            f".finally(() => new WebSocket('{url}'));"
            for url in urls.values()
        )
        + "</script>"
    )
    log = tmp_path / "netlog.json"

    def over():
        found = sample.netlog(log.read_bytes()).take_finished() if log.exists() else ()
        return sum(report(each.exchange).reading.status is not None for each in found) >= len(urls)

    found = list(
        sample.netlog(real.chromium(tmp_path, [page.as_uri()], over, "--ignore-certificate-errors")).sockets()
    )
    for name, (outcome, status) in HTTP2.items():
        (socket,) = (each for each in found if each.url == urls[name])
        made = report(socket.exchange)
        assert (made.outcome, made.reading.status) == (outcome, status)
        value = report_value(made)
        assert value.http == "2"
        assert value.response.raw is None


@pytest.mark.parametrize("modules", ["nsHttp:5", "nsHttp:5,nsWebSocket:5", "nsHttp:5,nsWebSocket:5,rotate:4"])
def test_firefox_s_log_has_every_request_and_head(tmp_path, modules):
    with real.Server(PATHS) as one:
        log = tmp_path / "log"
        real.firefox(tmp_path, log, [one.origin + "/"], lambda: passed([one]), f"timestamp,sync,{modules}")
    any_part = next(tmp_path.glob("log.moz_log.1" if "rotate" in modules else "log.child*"))
    read = FirefoxLog()
    for part in evidence.parts(str(any_part)):
        read.feed(Path(part).read_bytes())
    read.close()
    found = {each.url: each for each in read.take_finished()}
    for truth in one.passed:
        socket = found.pop(one.url(truth.path))
        assert socket.exchange.plan.request == truth.received.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        received = data(socket, Received)
        if truth.path == "/ssh":
            assert report(socket.exchange).outcome == "not-http"
        elif truth.path == "/folded":
            assert b"X-Long: one  two\r\n" in received
        else:
            lines = truth.sent.replace(b"\r\n", b"\n").split(b"\n\n")
            heads = [each for each in lines if each.startswith(b"HTTP/")]
            assert received == b"".join(each.replace(b"\n", b"\r\n") + b"\r\n\r\n" for each in heads)
        if "nsWebSocket" in modules and report(socket.exchange).reading.status in (302, 403, 500):
            assert socket.error == "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED"
    assert not found
