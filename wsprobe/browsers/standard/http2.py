"""Checks whether the connection is established over HTTP/2: RFC 8441, RFC 9113, and RFC 6455 section 4.1.

The API texts do not cover HTTP/2. WHATWG WebSockets uses a separate connection, and fails any status but 101,
which RFC 9113 section 8.6 forbids. An editor called that a bug in the standard on 2026-01-09 (whatwg/websockets
issue 70); no text has replaced it yet.
"""

from __future__ import annotations

from wsprobe.browsers.http2 import announced
from wsprobe.browsers.script import end
from wsprobe.browsers.standard.handshake import Failed, Letter, Opened, negotiated
from wsprobe.exchange import Ended
from wsprobe.read.http2_values import HeaderBlock
from wsprobe.read.reading import Reading, Response
from wsprobe.read.tokens import is_token

RESTS_ON = (
    "this specification does not define WebSockets over HTTP/2 (whatwg/websockets issue 70): the view follows "
    "RFC 8441 and RFC 6455 section 4.1"
)
_CONNECTION_FIELDS = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"}
)
_NO_SPACE = b" \t"


def validate(
    reading: Reading, response: Response, protocols: tuple[str, ...], letter: Letter
) -> Opened | Failed:
    """Check the final answer on the stream. The result: what was agreed, or the first check that fails."""
    assert reading.http2 is not None
    block = next(b for b in reading.http2.blocks if b.start == response.head.start)
    fault = malformed(block)
    if fault:
        return Failed(fault)
    if response.status == 101:
        return Failed("RFC 9113 section 8.6: HTTP/2 has no status 101")
    if response.status != 200:
        return Failed("RFC 8441 section 5, RFC 6455 section 4.1, item 1: the status is not 200")
    return negotiated(response.head, protocols, letter)


def malformed(block: HeaderBlock) -> str:
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


def asked(reading: Reading) -> bool:
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
