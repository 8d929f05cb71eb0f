"""Checks whether the connection is established: RFC 6455 section 4.1, items 1 to 6, as the API texts use
them; over HTTP/2 by RFC 8441 and RFC 9113. ``Letter`` has the differences between these texts; under all of
them is RFC 6455 with RFC 7692.

The API texts do not cover HTTP/2. WHATWG WebSockets uses a separate connection, and fails any status but 101,
which RFC 9113 section 8.6 forbids. An editor called that a bug in the standard on 2026-01-09 (whatwg/websockets
issue 70); no text has replaced it yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from wsprobe.browsers.engine import EngineFacts
from wsprobe.browsers.http2 import announced
from wsprobe.browsers.script import end
from wsprobe.exchange import Ended
from wsprobe.read.head import malformed
from wsprobe.read.http2_values import HeaderBlock
from wsprobe.read.inflate import Direction
from wsprobe.read.reading import Head, Reading, Response
from wsprobe.read.tokens import Extension, Malformed, expected_accept, is_token, parse_extensions, split_list


class Letter(EngineFacts, frozen=True, kw_only=True):
    """One specification of the API. Each member is a rule of the text. ``version`` is the date of the text;
    ``request`` has the fields that the text requires, in its order, without those whose value it leaves to the
    browser."""

    name: str
    relative_urls: bool
    """True if the constructor resolves relative URLs, and accepts http: and https: (WHATWG since
    2023-05-12)."""
    throws_security_error: bool
    """Blocked ports, and ws: from an https: page: SecurityError from the constructor, else a network error."""
    policies: bool
    """True if CSP's connect-src applies (through Fetch)."""
    conforming_status_line: bool
    """True if a malformed status line fails the handshake. With Fetch, the HTTP parser decides, and browsers'
    parsers are lenient."""
    missing_protocol_fails: bool
    """True if the handshake fails when the server selects none of the requested subprotocols (r1.302,
    2013-10-21)."""
    offer: str
    """Sec-WebSocket-Extensions as sent, "" if nothing is offered (until 2016-03-14)."""
    fetch: bool
    """The handshake is a fetch: interim answers are skipped by name, and cookies of any answer are stored."""
    established: str
    """Where the text says when the connection is established."""
    status: str
    """Where the text says that a status other than 101 fails."""


class Opened(Struct, frozen=True):
    protocol: str
    extensions: str
    deflate: Direction | None


class Failed(Struct, frozen=True):
    because: str


def validate(
    reading: Reading, response: Response, protocols: tuple[str, ...], letter: Letter
) -> Opened | Failed:
    """Check the answer to the handshake. The result: what was agreed, or the first check that fails."""
    if reading.http2 is not None:
        return _over_http2(reading, response, protocols, letter)
    head = response.head
    if response.status != 101:
        return Failed(f"{letter.status}: the status is not 101")
    if letter.conforming_status_line and (why := malformed(response)):
        return Failed(f"RFC 6455 section 4.1, last paragraph: malformed status line, {'; '.join(why)}")
    if _lacks_protocol(head, protocols, letter):
        return Failed(_NO_PROTOCOL)
    for check in _upgrade(head), _connection(head), _accept(head, reading.request.key):
        if check:
            return Failed(check)
    return negotiated(head, protocols, letter)


def negotiated(head: Head, protocols: tuple[str, ...], letter: Letter) -> Opened | Failed:
    """Check subprotocol and extensions (items 5 and 6), over HTTP/2 too (RFC 8441 section 5)."""
    if _lacks_protocol(head, protocols, letter):
        return Failed(_NO_PROTOCOL)
    answered = [field.value for field in head.all(b"sec-websocket-protocol")]
    offered = letter.offer.partition(";")[0].encode()
    agreed = extensions(head, offered, letter.offer)
    if isinstance(agreed, str):
        return Failed(agreed)
    protocol = b", ".join(answered).decode("latin-1")
    if answered and protocol not in protocols:
        return Failed("RFC 6455 section 4.1, item 6: a subprotocol that was not offered")
    shown = ", ".join(field.value.decode("latin-1") for field in head.all(b"sec-websocket-extensions"))
    return Opened(protocol, shown, agreed[0] if agreed else None)


_NO_PROTOCOL = "WHATWG WebSockets section 2.2, processResponse: subprotocols were offered, the answer has none"


def _lacks_protocol(head: Head, protocols: tuple[str, ...], letter: Letter) -> bool:
    """True if this letter needs a subprotocol and the answer has none: Fetch's "extract header list values"
    returns null or failure."""
    if not letter.missing_protocol_fails or not protocols:
        return False
    return not any(split_list(field.value) for field in head.all(b"sec-websocket-protocol"))


def _upgrade(head: Head) -> str:
    values = [part for field in head.all(b"upgrade") for part in split_list(field.value)]
    if not values:
        return "RFC 6455 section 4.1, item 2: no Upgrade"
    if any(value.lower() != b"websocket" for value in values):
        return "RFC 6455 section 4.1, item 2: Upgrade has a value that is not websocket"
    return ""


def _connection(head: Head) -> str:
    tokens = [part.lower() for field in head.all(b"connection") for part in split_list(field.value)]
    return "" if b"upgrade" in tokens else "RFC 6455 section 4.1, item 3: no Connection token Upgrade"


def _accept(head: Head, key: bytes | None) -> str:
    value = (head.joined(b"sec-websocket-accept") or b"").strip()
    if not value:
        return "RFC 6455 section 4.1, item 4: no Sec-WebSocket-Accept"
    if key is None or value != expected_accept(key):
        return "RFC 6455 section 4.1, item 4: Sec-WebSocket-Accept does not match the key"
    return ""


def extensions(head: Head, offered: bytes, offer: str) -> tuple[Direction, ...] | str:
    """How the server compresses, () if it does not; or why the connection fails (items 5; RFC 7692)."""
    agreed: list[Direction] = []
    for field in head.all(b"sec-websocket-extensions"):
        listed = parse_extensions(field.value)
        if isinstance(listed, Malformed):
            return "RFC 6455 section 9.1: Sec-WebSocket-Extensions does not follow its grammar"
        for each in listed:
            if not offered or each.name != offered:
                return "RFC 6455 section 4.1, item 5: an extension that was not offered"
            fault = next(_deflate_faults(each, offer), None)
            if fault or agreed:
                return f"RFC 7692 section 7.1: {fault or 'permessage-deflate twice'}"
            agreed.append(_direction(each))
    return tuple(agreed)


_WITHOUT_VALUE = (b"server_no_context_takeover", b"client_no_context_takeover")
_BITS = (b"server_max_window_bits", b"client_max_window_bits")
_WINDOW = rb"[89]|1[0-5]"


def _deflate_faults(of: Extension, offer: str) -> Iterator[str]:
    names = [name for name, _ in of.params]
    if len(set(names)) < len(names):
        yield "a parameter is repeated"
    for name, value in of.params:
        if name in _WITHOUT_VALUE:
            if value is not None:
                yield f"{name.decode()} takes no value"
        elif name in _BITS:
            if value is None or not re.fullmatch(_WINDOW, value):
                yield f"{name.decode()} is not 8 to 15"
            elif name.decode() not in offer and name.startswith(b"client"):
                yield f"{name.decode()} was not offered"
        else:
            yield "a parameter that is not defined"


def _direction(of: Extension) -> Direction:
    params = dict(of.params)
    bits = params.get(b"server_max_window_bits")
    return Direction(b"server_no_context_takeover" not in params, int(bits) if bits else 15)


RESTS_ON = (
    "this specification does not define WebSockets over HTTP/2 (whatwg/websockets issue 70): the view follows "
    "RFC 8441 and RFC 6455 section 4.1"
)
_CONNECTION_FIELDS = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"}
)
_NO_SPACE = b" \t"


def _over_http2(
    reading: Reading, response: Response, protocols: tuple[str, ...], letter: Letter
) -> Opened | Failed:
    """Check the final answer on the stream. The result: what was agreed, or the first check that fails."""
    assert reading.http2 is not None
    block = next(b for b in reading.http2.blocks if b.start == response.head.start)
    fault = _malformed(block)
    if fault:
        return Failed(fault)
    if response.status == 101:
        return Failed("RFC 9113 section 8.6: HTTP/2 has no status 101")
    if response.status != 200:
        return Failed("RFC 8441 section 5, RFC 6455 section 4.1, item 1: the status is not 200")
    return negotiated(response.head, protocols, letter)


def _malformed(block: HeaderBlock) -> str:
    """The rule of RFC 9113 that the fields break first, "" if they break none."""
    if block.problem:
        return "RFC 9113 section 4.3: the fields cannot be decoded"
    if [field.name for field in block.pseudo] != [b":status"]:
        return "RFC 9113 section 8.3.2: there must be one :status, and no other pseudo-header"
    if not block.fields[0].name.startswith(b":"):
        return "RFC 9113 section 8.3: a pseudo-header after a header"
    status = block.fields[0].value
    if len(status) != 3 or not status.isdigit():
        return "RFC 9113 section 8.3.2: :status is not a status code"
    for field in block.regular:
        if not is_token(field.name) or field.name != field.name.lower():
            return "RFC 9113 section 8.2.1: an invalid header name, or one with a capital letter"
        if field.value != field.value.strip(_NO_SPACE) or any(byte in field.value for byte in (0, 10, 13)):
            return "RFC 9113 section 8.2.1: a header value with a forbidden character"
        if field.name in _CONNECTION_FIELDS:
            return "RFC 9113 section 8.2.2: a connection-specific header"
    return ""


def request_sent(reading: Reading) -> bool:
    """False if no request was sent, because the server did not announce extended CONNECT."""
    return reading.http2 is None or reading.http2.request is not None or announced(reading.http2)


def over(reading: Reading) -> Ended:
    """The end of the stream as the end of a connection (RFC 8441 section 5: END_STREAM corresponds to a TCP
    close, RST_STREAM to a reset)."""
    last = end(reading)
    stream = reading.http2.end if reading.http2 is not None else None
    if stream is None or stream.by != "server" or stream.how == "connection":
        return last
    return Ended(stream.at, "fin" if stream.how == "end-stream" else "reset")
