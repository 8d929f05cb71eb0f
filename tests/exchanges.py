"""Plans and recordings for the tests of whatever reads them."""

import zlib

from msgspec.structs import replace

from wsprobe.exchange import Ended, Exchange, Plan, Received, Sent
from wsprobe.lab.play import KEY
from wsprobe.lab.ports import place
from wsprobe.request import opening, target
from wsprobe.request.opening import Offer
from wsprobe.wire import rfc6455

OPENED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: 1PTeRnQtEWodd5Z5JBmlMXr41R4=\r\n\r\n"
)
"""The answer to KEY that opens."""
SAMPLE_OPENED = OPENED.replace(b"1PTeRnQtEWodd5Z5JBmlMXr41R4=", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
"""The same to the sample key of RFC 6455."""


ASKED = Offer(KEY)


def plan(url="ws://server.example/", offer=ASKED, **parts):
    to = target.parse(url)
    return replace(Plan(to, opening.request(to, offer)), **parts)


def plan_for(scenario, key=KEY, **parts):
    """The plan for a scenario of the lab, with the subprotocols that its page offers."""
    offered = scenario.page.protocols or ()
    offered = (offered,) if isinstance(offered, str) else offered
    return plan(place(scenario).address, Offer(key, protocols=tuple(p for p in offered if p)), **parts)


def exchange(plan, *steps, how="fin", detail=""):
    """The request is sent; then come *steps*, a microsecond apart; then the end.

    Bytes are received. An event stays what it is. A number is the time of the step behind it, or of the end.
    """
    events, at = [Sent(1, plan.request)], 2
    for step in steps:
        if isinstance(step, int):
            at = step
            continue
        events.append(Received(at, step) if isinstance(step, bytes) else step)
        at = events[-1].at + 1
    return Exchange(plan, (*events, Ended(at, how, detail)))


def frame(opcode, payload, key=None, *, fin=True, rsv=0):
    """As a server sends it; with a *key*, as a client does."""
    return rfc6455.frame(opcode, payload, key, fin=fin, rsv=rsv)


def packer():
    return zlib.compressobj(wbits=-15)


def deflated(data, by=None):
    """A message of permessage-deflate; *by*: the packer whose window it shares."""
    by = by or packer()
    return (by.compress(data) + by.flush(zlib.Z_SYNC_FLUSH))[:-4]
