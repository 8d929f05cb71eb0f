"""Is the connection established? ws's answer, in its order of checks, in the words that script is told.

Sources: ws lib/websocket.js (initAsClient), node lib/_http_client.js (socketOnData, parserOnIncomingClient,
socketOnEnd, socketErrorListener).
"""

from __future__ import annotations

from wsprobe.browsers.network import given_up, reset_unasked
from wsprobe.browsers.runtime.client import Answered, Failed, Opened
from wsprobe.browsers.runtime.llhttp import Fault, Head, heads
from wsprobe.browsers.runtime.node import READ_RESET, SOCKET_HANG_UP, not_connected
from wsprobe.browsers.script import end
from wsprobe.browsers.ws.extensions import NAME, NotParsed, Parameters, accept, parse
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept

_SOURCE = "ws lib/websocket.js"
_CLIENT = "node lib/_http_client.js"


def answered(reading: Reading, protocols: tuple[str, ...]) -> Answered:
    """What became of the request. There is no time limit unless script sets one."""
    last = end(reading)
    wrong = not_connected(reading)
    if wrong is not None and not given_up(reading):
        return Answered(last.at, failed("there was no connection", *wrong, _CLIENT))
    for head in heads(reading, counts_reason=True):
        if isinstance(head, Fault):
            message = f"Parse Error: {head.reason}"
            return Answered(head.at, failed(f"llhttp: {head.reason}", message, head.code, _CLIENT))
        if head.upgrade:
            return Answered(head.at, _switched(reading, head, protocols))
        if head.status >= 200 or head.status < 100 or head.status == 101:
            return Answered(head.at, _unexpected(reading, head))
    if last.how in ("fin", "truncated"):
        return Answered(last.at, failed("the connection ended", *SOCKET_HANG_UP, _CLIENT))
    if last.how in ("reset", "error"):
        wrong = READ_RESET
        if reset_unasked(reading):
            target = reading.exchange.plan.target
            wrong = f"connect ECONNRESET {target.host}:{target.port}", "ECONNRESET"
        return Answered(last.at, failed("the connection was reset", *wrong, _CLIENT))
    return Answered(last.at, None)


def failed(because: str, message: str, code: str = "", source: str = _SOURCE) -> Failed:
    return Failed(f"{because}: {source}", message, f"Error: {message}" + (f" [{code}]" if code else ""))


def _unexpected(reading: Reading, head: Head) -> Failed:
    """What a listener for unexpected-response would be given instead of the error."""
    message = f"Unexpected server response: {head.status}"
    parts = [f"status {head.status}", f"{len(head.fields)} header{'s' * (len(head.fields) != 1)}"]
    final = reading.final
    if final is not None and final.body is not None and final.body.content:
        parts.append(f"{len(final.body.content)}-byte body")
    beyond = f"a listener for unexpected-response reads {', '.join(parts)}"
    return Failed(f"no upgrade: {_SOURCE}", message, f"Error: {message}", (beyond,))


def _switched(reading: Reading, head: Head, protocols: tuple[str, ...]) -> Opened | Failed:
    if (head.joined(b"upgrade") or "").lower() != "websocket":
        return _refused("Invalid Upgrade header", head)
    key = reading.request.key
    if key is None or head.joined(b"sec-websocket-accept") != expected_accept(key).decode("ascii"):
        return _refused("Invalid Sec-WebSocket-Accept header", head)
    protocol = head.joined(b"sec-websocket-protocol")
    if protocol is not None and not protocols:
        return _refused("Server sent a subprotocol but none was requested", head)
    if protocol is not None and protocol not in protocols:
        return _refused("Server sent an invalid subprotocol", head)
    if protocol is None and protocols:
        return _refused("Server sent no subprotocol", head)
    extensions = head.joined(b"sec-websocket-extensions")
    if extensions is None:
        return Opened(protocol or "", "", head.stop)
    mentions: dict[str, list[Parameters]] = {}
    try:
        for name, parameters in parse(extensions):
            mentions.setdefault(name, []).append(parameters)
    except NotParsed:
        return _refused("Invalid Sec-WebSocket-Extensions header", head)
    if tuple(mentions) != (NAME,):
        return _refused("Server indicated an extension that was not requested", head)
    try:
        agreed = accept(mentions[NAME])
    except NotParsed:
        return _refused("Invalid Sec-WebSocket-Extensions header", head)
    return Opened(protocol or "", NAME, head.stop, True, agreed.takeover, agreed.bits)


def _refused(message: str, head: Head) -> Failed:
    """Its headers came with the upgrade event before."""
    beyond = f"a listener for upgrade reads the 101's {len(head.fields)} headers"
    return Failed(f"{message}: {_SOURCE}", message, f"Error: {message}", (beyond,))
