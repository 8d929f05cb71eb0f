"""An exchange in an older version: its draft decides, and what no draft speaks of is still said."""

from wsprobe.exchange import Connected, Ended, Exchange, Plan, Received, Sent
from wsprobe.judge import judge, outcome
from wsprobe.read import read
from wsprobe.report.report import judged
from wsprobe.request import opening, target
from wsprobe.wire import WIRES
from wsprobe.wire.hixie import answer_to

URL = "ws://a.example/x"
OPEN_76 = (
    b"HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Origin: null\r\nSec-WebSocket-Location: ws://a.example/x\r\n\r\n"
)
OPEN_75 = OPEN_76.replace(b"WebSocket Protocol", b"Web Socket Protocol").replace(b"Sec-", b"")

OPEN_04 = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Nonce: a\r\n\r\n"
)


def asked(wire):
    to = target.parse(URL)
    offer = opening.Offer(key="dGhlIHNhbXBsZSBub25jZQ==")
    return Plan(to, WIRES[wire].request(to, offer, bytes(range(64))), wire)


def reading(wire, received, *, sent=b"", how="fin"):
    plan = asked(wire)
    events = [Connected(1, "192.0.2.1", 80), Sent(2, plan.request), Received(3, received)]
    if sent:
        events.append(Sent(4, sent))
    return read(Exchange(plan, (*events, Ended(5, how))))


def challenge():
    head = reading("hixie-76", b"").request.head
    keys = [head.all(name)[0].value for name in (b"sec-websocket-key1", b"sec-websocket-key2")]
    return answer_to(keys[0], keys[1], bytes(range(8)))


def said(of):
    verdict = judged(of)
    return outcome(of, verdict), [finding.id for finding in verdict.findings if finding.level != "note"]


def test_rfc_6455_is_judged_by_the_judge():
    of = reading("hybi-13", b"HTTP/1.1 403 No\r\n\r\n")
    assert judged(of) == judge(of)
