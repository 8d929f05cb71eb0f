"""Is the connection established? undici's answer, in its order of checks. Since undici 7 script is not told.

Sources: undici lib/dispatcher/client-h1.js (Parser), lib/web/fetch/index.js (httpNetworkOrCacheFetch),
lib/web/websocket/connection.js (processResponse), lib/web/websocket/util.js (parseExtensions).
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.browsers.network import given_up, hindrance
from wsprobe.browsers.runtime.client import LOST, Answered, Failed, Opened
from wsprobe.browsers.runtime.llhttp import Fault, Head, heads
from wsprobe.browsers.runtime.llhttp8 import Llhttp8
from wsprobe.browsers.script import end
from wsprobe.browsers.undici.facts import Facts
from wsprobe.exchange import SECOND
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import expected_accept

_CONNECTION = "undici lib/web/websocket/connection.js"
_CLIENT = "undici lib/dispatcher/client-h1.js"
_CONTINUE = 100
_UNASKED = "Protocol was not set in the opening handshake."
NO_ANSWER = "Received network error or non-101 status code."
"""The message for all that keeps a 101 from being read, where the version has one."""


def answered(reading: Reading, protocols: tuple[str, ...], facts: Facts) -> Answered:
    """What became of one request. The opening handshake's limits are those of connect and dispatcher."""
    last = end(reading)
    if hindrance(reading) is not None and not given_up(reading):
        return _failed(last.at, "there was no connection: undici lib/core/connect.js")
    step = _head(reading, protocols, facts)
    limit = facts.headers_timeout * SECOND
    if step.at >= limit:
        return _failed(limit, f"no head within {facts.headers_timeout} s: {_CLIENT}")
    return step


def final_status(reading: Reading, facts: Facts) -> int | None:
    """The status of the answer that is no interim one, None if none was read."""
    last: Head | Fault | None = None
    for last in _heads(reading, facts):
        if isinstance(last, Head) and last.status == _CONTINUE:
            return None
    return last.status if isinstance(last, Head) and last.status >= 200 else None


def _heads(reading: Reading, facts: Facts) -> Iterator[Head | Fault]:
    return heads(reading, counts_reason=False, parser=Llhttp8 if facts.llhttp == 8 else None)


def _head(reading: Reading, protocols: tuple[str, ...], facts: Facts) -> Answered:
    for head in _heads(reading, facts):
        if isinstance(head, Fault):
            return _failed(head.at, f"{head.reason}: llhttp")
        if head.status == _CONTINUE:
            return _failed(head.at, f"100 is a bad response: {_CLIENT}")
        if head.status == 101:
            return _switched(reading, head, protocols, facts)
        if head.status >= 200:
            return _failed(head.at, f"the status is not 101: {_CONNECTION}")
        if head.status < 100:
            return _failed(head.at, f"a status below 100 is not handled: {_CLIENT}, onMessageComplete")
    last = end(reading)
    if last.how in LOST:
        return _failed(last.at, f"the connection ended before the answer: {_CLIENT}")
    return Answered(last.at, None)


def _failed(at: int, because: str, message: str = NO_ANSWER) -> Answered:
    return Answered(at, Failed(because, message))


def _switched(reading: Reading, head: Head, protocols: tuple[str, ...], facts: Facts) -> Answered:
    if not head.upgrade:
        return _failed(head.at, f"the 101 does not switch protocols: an assertion of {_CLIENT}")
    fault = _fault(reading, head, protocols)
    if fault == _UNASKED and not protocols and facts.unasked_protocol:
        words = f"TypeError: {facts.unasked_protocol}"
        beyond = (f"an exception that the script cannot catch ends the process: {words}",)
        return Answered(head.at, Failed(f"{words}: {_CONNECTION}", beyond=beyond))
    if fault:
        return _failed(head.at, f"{fault}: {_CONNECTION}", fault)
    extensions = _joined(head, b"sec-websocket-extensions")
    named = parse_extensions(extensions) if extensions is not None else {}
    bits = named.get("server_max_window_bits", "")
    return Answered(
        head.at,
        Opened(
            _joined(head, b"sec-websocket-protocol") or "",
            extensions or "",
            head.stop,
            deflates=extensions is not None,
            bits=15 if not bits else int(bits) if _is_window(bits) else 0,
        ),
    )


def _fault(reading: Reading, head: Head, protocols: tuple[str, ...]) -> str:
    protocol = _joined(head, b"sec-websocket-protocol")
    if protocols and not protocol:
        return "Server did not respond with sent protocols."
    if (_joined(head, b"upgrade") or "").lower() != "websocket":
        return 'Server did not set Upgrade header to "websocket".'
    if (_joined(head, b"connection") or "").lower() != "upgrade":
        return 'Server did not set Connection header to "upgrade".'
    key = reading.request.key
    if key is None or _joined(head, b"sec-websocket-accept") != expected_accept(key).decode("ascii"):
        return "Incorrect hash received in Sec-WebSocket-Accept header."
    extensions = _joined(head, b"sec-websocket-extensions")
    if extensions is not None and "permessage-deflate" not in parse_extensions(extensions):
        return "Sec-WebSocket-Extensions header does not match."
    if protocol is not None and protocol not in protocols:
        return _UNASKED
    return ""


def _joined(head: Head, name: bytes) -> str | None:
    """White space behind a value is kept, so such a value is none of those that are compared with."""
    return head.joined(name, trims=False)


def parse_extensions(value: str) -> dict[str, str]:
    """Everything between semicolons as a name and a value: commas and quotes have no meaning (util.js)."""
    pairs = (part.split("=") for part in value.removesuffix(";").split(";")) if value else ()
    return {pair[0].lstrip("\t\n\r "): (pair[1] if len(pair) > 1 else "").rstrip("\t\n\r ") for pair in pairs}


def _is_window(bits: str) -> bool:
    return bits.isascii() and bits.isdigit() and 8 <= int(bits) <= 15
