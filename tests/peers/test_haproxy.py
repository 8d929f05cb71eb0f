"""HAProxy, refusing and in front of a WebSocket server. It writes field names in lower case."""

from __future__ import annotations

import pytest

from tests.peers.place import HOST, UNTIL_ENDED
from tests.peers.proxies import haproxy_server
from tests.peers.witness import by_curl, by_socket, logged

pytestmark = pytest.mark.programs


@pytest.fixture(scope="module")
def haproxy(upstream):
    with haproxy_server(upstream) as server:
        yield server


REFUSALS = {
    "/denied": (403, "refused", set(), "PR--"),
    "/locked": (401, "unauthorized", set(), "LR--"),
    "/quota": (429, "refused", set(), "LR--"),
    "/empty": (503, "server-error", set(), "SC--"),
    "/dead": (503, "server-error", set(), "SC--"),
    "/moved": (307, "redirected", {"redirect"}, "LR--"),
    "/ws/refuse": (401, "unauthorized", {"www-authenticate-missing"}, "----"),
    "/plain/echo": (426, "refused", {"version-list-missing", "upgrade-not-in-connection"}, "----"),
}
"""Path -> status, outcome, findings beside status-not-101, what HAProxy calls it: who ended it, and when
(P proxy, L the proxy itself answered, S server; R at the request, C at connecting)."""


@pytest.mark.parametrize("path", REFUSALS)
def test_refusals(haproxy, probe, need, path):
    need("curl")
    status, outcome, findings, state = REFUSALS[path]
    url = f"{HOST}:{haproxy.port}{path}"
    told = probe(f"ws://{url}")
    assert (told.answer.status, told.outcome) == (status, outcome)
    assert told.findings == findings | {"status-not-101"}
    assert told.answer == by_socket(haproxy.port, told.request)
    assert told.answer == by_curl(f"http://{url}", told.request)
    # The bytes it counts are those of its own form of a message, not those on the wire.
    log = logged(haproxy.log, told.key)
    assert (log[0], log[2]) == (str(status), state)


def test_open_through_the_proxy(haproxy, probe):
    told = probe(f"ws://{HOST}:{haproxy.port}/ws/echo", "--send", "hello")
    assert (told.outcome, told.failed) == ("open", set())
    assert told.answer == by_socket(haproxy.port, told.request)
    names = [name for name, _ in told.answer.fields]
    assert "sec-websocket-accept" in names
    assert names == [name.lower() for name in names]


def test_close_code_through_the_proxy(haproxy, probe):
    told = probe(f"ws://{HOST}:{haproxy.port}/ws/close", *UNTIL_ENDED)
    close = told.value["close"]
    assert (told.outcome, close["code"], close["reason"]) == ("closed", 4403, "no entry")


def test_behind_a_header_of_the_proxy_protocol(haproxy, probe):
    url = f"ws://{HOST}:{haproxy.behind}"
    assert probe(f"{url}/ws/echo", "--haproxy-protocol").outcome == "open"
    for address in ("192.0.2.7", "2001:db8::7"):
        who = probe(f"{url}/who", "--haproxy-clientip", address).answer.body
        assert who.split()[0] == address.encode()
    assert probe(f"{url}/ws/echo").outcome == "dropped"


def test_a_handshake_without_its_key_is_stopped_at_the_proxy(haproxy, probe):
    told = probe(f"ws://{HOST}:{haproxy.port}/ws/echo", "-H", "Sec-WebSocket-Key:")
    assert (told.answer.status, told.outcome) == (400, "refused")
    assert told.answer == by_socket(haproxy.port, told.request)
