"""What script is told of a failed handshake, revision by revision."""

import pytest

from wsprobe.exchange import ConnectFailed, ResolveFailed, TlsFailed
from wsprobe.history import read_as
from wsprobe.judge.finding import Disclosed
from wsprobe.read.tokens import expected_accept

REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def opening(heard, more=b""):
    key = heard(REFUSED).request.key
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + expected_accept(key) + b"\r\n" + more + b"\r\n"


def told(reading, name):
    return read_as(reading, name).told


def test_403_since_2012(heard):
    of = told(heard(REFUSED), "r1.271")
    assert of.events == ("error", "close")
    assert of.code == 1006
    assert "did not complete the opening handshake" in of.situation
    assert "r1.271" in of.spec


def test_403_in_2011(heard):
    assert told(heard(REFUSED), "r1.210").events == ("close",)
    assert told(heard(REFUSED), "r1.222").events == ("error", "close")
    assert told(heard(REFUSED), "r1.222").situation == ""


def test_403_by_the_protocol_alone(heard):
    of = told(heard(REFUSED), "rfc6455")
    assert (of.events, of.code) == (None, 1006)


def test_what_is_not_known_is_not_told(heard):
    assert read_as(heard(REFUSED), "r5963").answer == "not known"
    assert read_as(heard(REFUSED), "r5963").told is None


def test_nothing_is_told_before_a_redirect_is_followed(heard):
    reading = heard(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    assert read_as(reading, "rfc6455").told is None


def test_open(heard):
    verdict = read_as(heard(opening(heard)), "whatwg")
    assert verdict.answer == "established"
    assert verdict.told == Disclosed(("open",), None, "", "whatwg section 4")


SITUATIONS = {
    "name": (ResolveFailed(1, "ws.example", "x"), "name could not be resolved"),
    "refused": (ConnectFailed(1, "192.0.2.1", 80, "ECONNREFUSED", "x"), "refused the connection"),
    "route": (ConnectFailed(1, "192.0.2.1", 80, "EHOSTUNREACH", "x"), "could not be routed"),
    "tls": (TlsFailed(1, "certificate", "x", reason="expired"), "TLS handshake failed"),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_situation(name, heard):
    event, words = SITUATIONS[name]
    reading = heard(b"", b"", how="error", events=(event,))
    assert words in told(reading, "whatwg").situation


def test_tls_was_not_among_the_six(heard):
    reading = heard(b"", b"", how="error", events=(SITUATIONS["tls"][0],))
    assert told(reading, "hixie-76").situation == ""


def test_options_that_make_the_client_drop(heard):
    reply = opening(heard, b"Sec-WebSocket-Protocol: x\r\n")
    assert "options" in told(heard(reply), "whatwg").situation
