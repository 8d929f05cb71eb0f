"""Who may use the relay."""

import pytest

from wsprobe.read.request import RequestReader
from wsprobe.relay.relaying import Door


def asked(*lines, first="GET / HTTP/1.1", upgrade="Upgrade: websocket"):
    head = "\r\n".join([first, upgrade, *lines]) + "\r\n\r\n"
    return RequestReader().receive(head.encode())


@pytest.mark.parametrize(
    ("door", "request_", "status"),
    [
        (Door(), asked("Host: 127.0.0.1:9000"), None),
        (Door(), asked("Host: localhost:9000", "Origin: http://localhost:5173"), None),
        (Door(), asked("Host: [::1]:9000", "Origin: https://127.0.0.1"), None),
        (Door(), asked("Host: 127.0.0.1:9000", "Origin: https://evil.example"), 403),
        (Door(), asked("Host: 127.0.0.1:9000", "Origin: null"), 403),
        (Door(origins=("null",)), asked("Host: 127.0.0.1:9000", "Origin: null"), None),
        (
            Door(origins=("https://app.example/",)),
            asked("Host: 127.0.0.1", "Origin: https://app.example"),
            None,
        ),
        (Door(origins=("https://app.example",)), asked("Host: 127.0.0.1", "Origin: http://localhost"), 403),
        (Door(origins=("*",)), asked("Host: 127.0.0.1", "Origin: https://evil.example"), None),
        (Door(), asked("Host: 127.0.0.1", "Origin: http://localhost", "Origin: https://evil.example"), 403),
        (Door(), asked("Host: rebound.example:9000"), 421),
        (Door(), asked("Host: rebound.example:9000", "Origin: http://localhost"), 421),
        (Door(names=frozenset({"app.test"})), asked("Host: app.test:9000"), None),
        (Door(), asked("Host: 192.0.2.7:9000"), 421),
        (Door(addresses=True), asked("Host: 192.0.2.7:9000"), None),
        (Door(), asked("Host: [::1]evil"), 421),
        (Door(), asked("Host: localhost:80:evil"), 421),
        (Door(), asked("Host: localhost:99999"), 421),
        (Door(), asked("Host: [127.0.0.1]"), 421),
        (Door(), asked("Host: localhost, evil.example"), 421),
        (Door(), asked("Host:"), 421),
        (Door(), asked(), 400),
        (Door(), asked("Host: localhost", "Host: localhost"), 400),
        (Door(), asked("Host: localhost", "Host: evil.example"), 400),
        (Door(), asked("Host: 127.0.0.1", "Origin: http://localhost:80:evil"), 403),
        (Door(), asked("Host: 127.0.0.1", upgrade="Accept: */*"), 426),
        (Door(), asked("Host: 127.0.0.1", upgrade="Upgrade: h2c"), 426),
        (Door(), asked("Host: 127.0.0.1", upgrade="Upgrade: WebSocket"), None),
        (Door(), asked("Host: 127.0.0.1", first="POST / HTTP/1.1"), 426),
    ],
)
def test_who_is_let_in(door, request_, status):
    refusal = door.refusal(request_)
    assert (None if refusal is None else refusal.status) == status
    if refusal is not None:
        assert refusal.answer.startswith(b"HTTP/1.1 %d " % refusal.status)
        head, _, body = refusal.answer.partition(b"\r\n\r\n")
        assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"
        fields = head.split(b"\r\n")
        upgrade = [b"Upgrade: websocket", b"Connection: Upgrade, close"]  # RFC 9110 section 15.5.22
        assert fields[-2:] == upgrade if status == 426 else fields[-1] == b"Connection: close"
        assert (b"Upgrade: websocket" in fields) == (status == 426)


def test_a_refusal_repeats_no_byte_of_the_client_unescaped():
    refusal = Door().refusal(asked("Host: 127.0.0.1", "Origin: \x1b[31m\u00e9"))
    assert refusal.answer.isascii()
    assert b"\x1b" not in refusal.answer
