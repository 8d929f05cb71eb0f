"""Is the connection established? Deno's answer, in its order of checks.

Neither Sec-WebSocket-Accept nor subprotocol nor extensions are checked. Sources: fastwebsockets 0.10
src/handshake.rs (verify), deno ext/websocket/lib.rs (op_ws_create).
"""

from __future__ import annotations

from wsprobe.browsers.deno.establish import not_connected
from wsprobe.browsers.deno.facts import Facts
from wsprobe.browsers.deno.http import Fault, Head, heads, to_str
from wsprobe.browsers.network import given_up
from wsprobe.browsers.runtime.client import Answered, Failed, Opened
from wsprobe.browsers.script import end
from wsprobe.read.reading import Reading

_VERIFY = "fastwebsockets src/handshake.rs"
_HYPER = "hyper src/proto/h1"
_CREATE = "deno ext/websocket/lib.rs"
_NETWORK_ERROR = 19


def answered(reading: Reading, facts: Facts) -> Answered:
    """What became of the request; there is no time limit."""
    last = end(reading)
    wrong = not_connected(reading, facts)
    if wrong is not None and not given_up(reading):
        return Answered(last.at, failed(wrong, "there was no connection", _CREATE))
    step = _head(reading, facts)
    if reading.exchange.plan.target.secure and isinstance(step.outcome, Failed):
        why = f"{step.outcome.because}; then again with HTTP/2, which the server did not accept"
        return Answered(step.at, failed(facts.failures["no-h2"], why, _CREATE))
    return step


def failed(failure: str, because: str, source: str) -> Failed:
    message = f"NetworkError: failed to connect to WebSocket: {failure}"
    return Failed(f"{because}: {source}", message, f"{message} [{_NETWORK_ERROR}]")


def _head(reading: Reading, facts: Facts) -> Answered:
    texts = facts.failures
    for head in heads(reading, facts):
        if isinstance(head, Fault):
            return Answered(head.at, failed(texts[head.kind], texts[head.kind], _HYPER))
        if head.status == 101 or head.status >= 200:
            return Answered(head.at, _verified(head, facts))
    last = end(reading)
    if last.how in ("fin", "truncated"):
        return Answered(last.at, failed(texts["cut"], "the connection ended", _HYPER))
    if last.how in ("reset", "error"):
        return Answered(last.at, failed(texts["reset"], "the connection was reset", _HYPER))
    return Answered(last.at, None)


def _verified(head: Head, facts: Facts) -> Opened | Failed:
    texts = facts.failures
    if head.status != 101:
        return failed(texts["status"].format(status=head.status), "the status is not 101", _VERIFY)
    if (head.first(b"upgrade") or "").lower() != "websocket":
        return failed(texts["upgrade"], texts["upgrade"], _VERIFY)
    if (head.first(b"connection") or "").lower() != "upgrade":
        return failed(texts["connection"], texts["connection"], _VERIFY)
    extensions = [to_str(value) for name, value in head.fields if name == b"sec-websocket-extensions"]
    shown = "".join(value for value in extensions if value is not None)
    return Opened(head.first(b"sec-websocket-protocol") or "", shown, head.stop)
