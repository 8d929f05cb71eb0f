"""HAProxy, refusing and in front of a WebSocket server. It writes field names in lower case."""

import pytest

from tests.peers.place import HOST
from tests.peers.witness import by_socket

pytestmark = pytest.mark.programs


def test_open_through_the_proxy(haproxy, probe):
    told = probe(f"ws://{HOST}:{haproxy.port}/ws/echo", "--send", "hello")
    assert (told.outcome, told.failed) == ("open", set())
    assert told.answer == by_socket(haproxy.port, told.request)
    names = [name for name, _ in told.answer.fields]
    assert "sec-websocket-accept" in names
    assert names == [name.lower() for name in names]


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
