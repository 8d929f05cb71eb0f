"""The answer to a WebSocket handshake over HTTP/2: its status and the order of its frames (RFC 8441 section 5).

Refusals and the fields of a WebSocket have the rules of HTTP/1.1, in other modules. What browsers do was
measured in Chromium 156 and Firefox 153.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, shown
from wsprobe.judge.http2_connection import after_end, first_of, named
from wsprobe.judge.subject import how, refusal, stopped
from wsprobe.read.http2_values import (
    ENABLE_CONNECT_PROTOCOL,
    RST_STREAM,
    HeaderBlock,
    Http2Connection,
)
from wsprobe.read.reading import Reading, Span

PASSING = frozenset({301, 302, 303, 307, 308, 401, 403, 407, 410, 429, 503})
"""Statuses with which a server refuses this WebSocket, not WebSockets over HTTP/2 in general."""


def answer(reading: Reading) -> Iterator[Finding]:
    """Check the status, and the order of frames on the stream."""
    of = reading.http2
    if of is None:
        return
    final = reading.final
    before = [response.status for response in reading.responses if response.interim]
    if before:
        listed = ", ".join(map(str, before[:8])) + (", ..." if len(before) > 8 else "")
        then = "before the final answer" if final is not None else "and no final answer"
        yield F.HTTP2_INTERIM.found(f"{listed} came {then}", _block_start(of.blocks[0]))
    first = next((piece for piece in of.data if piece.data), None)
    if first is not None and (not of.blocks or first.start < of.blocks[0].start):
        before_it = "before HEADERS" if of.blocks else ", and no HEADERS"
        yield F.HTTP2_DATA_FIRST.found(f"DATA came {before_it}".replace(" ,", ","), (first.start, first.start))
    if of.trailers is not None and reading.session is not None and not after_end(of)[1]:
        yield F.HTTP2_TRAILERS_IN_SESSION.found("HEADERS came after the 200", _block_start(of.trailers))
    elif of.trailers is not None and not of.trailers.end_stream:
        yield F.HTTP2_HEADERS_AGAIN.found("a second HEADERS without END_STREAM", _block_start(of.trailers))
    lengths = final.head.all(b"content-length") if final is not None else ()
    if lengths and reading.session is not None:
        words = f"the 200 has content-length: {shown(lengths[0].value)}"
        yield F.HTTP2_LENGTH_ON_200.found(words, lengths[0].span)
    yield from _after_end(of)
    if final is None or not final.head.complete or final.status is None or reading.session is not None:
        return
    span = _status_span(of, len(reading.responses) - 1)
    if final.status == 101:
        yield F.HTTP2_101.found("the server answered 101", span, expected=b"200", received=b"101")
        return
    yield F.HTTP2_STATUS_NOT_200.found(
        f"the server answered {final.status:03} over HTTP/2, so no WebSocket was opened",
        span,
        expected=b"200",
        received=b"%03d" % final.status,
        usual="",
    )
    if 200 < final.status < 300:
        yield F.HTTP2_OTHER_2XX.found(f"a {final.status} opens in no browser", span)
    elif of.setting(ENABLE_CONNECT_PROTOCOL) == 1 and final.status not in PASSING and not _by_choice(reading):
        yield F.HTTP2_ANNOUNCED_UNSERVED.found(
            f"ENABLE_CONNECT_PROTOCOL is 1, but the answer is {final.status:03}", span
        )
    yield from _body(reading, of, span)


_CHOICE = rb"(?i)\borigin|\bsub-?protocol"


def _by_choice(reading: Reading) -> bool:
    """True if the body mentions what only a WebSocket library reads: the server handled the handshake and
    refused."""
    response = refusal(reading)
    body = response.body if response is not None else None
    content = b"" if body is None else body.decoded if body.decoded is not None else body.content
    return re.search(_CHOICE, content[:4096]) is not None


def _after_end(of: Http2Connection) -> Iterator[Finding]:
    end, behind = after_end(of)
    words = "RST_STREAM" if end is not None and end.type == RST_STREAM else "END_STREAM"
    yield from first_of(F.HTTP2_AFTER_END, behind, lambda frame: f"{named(frame)} came after {words}")


def _body(reading: Reading, of: Http2Connection, span: Span) -> Iterator[Finding]:
    final = reading.final
    body = final.body if final is not None else None
    if body is None:
        return
    if body.problem:
        yield F.HTTP2_CONTENT_LENGTH.found(body.problem, span)
    if body.cut or how(reading) == "limit":
        yield F.HTTP2_BODY_CUT.found(
            f"{stopped(reading, body.cut_by)}; {len(body.content)} bytes of body had come", span
        )
    elif not any(end.by == "server" for end in of.ends) and how(reading) in ("timeout", "local", "interrupted"):
        waited = (reading.exchange.events[-1].at - of.blocks[len(reading.responses) - 1].at) / 1_000_000
        said = f"no END_STREAM and no RST_STREAM came in {waited:.1f} s after the status"
        yield F.HTTP2_REFUSAL_LEFT_OPEN.found(said, span)


def _block_start(of: HeaderBlock) -> Span:
    return of.start, of.start + 9


def _status_span(of: Http2Connection, number: int) -> Span:
    """Return the span of :status in the answer with that number; the start of its block if it has none."""
    found = of.blocks[number].all(b":status")
    return found[0].span if found else _block_start(of.blocks[number])
