"""The answer to a WebSocket handshake over HTTP/2: its status and the order of its frames (RFC 8441 section 5).

Each entry is above the rule that makes it. Refusals and the fields of a WebSocket have the
rules of HTTP/1.1, in other modules. What browsers do was measured in Chromium 156 and Firefox 153.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.judge.finding import Entry, Finding
from wsprobe.judge.http2_connection import after_end, first_of, named
from wsprobe.judge.subject import how, refusal, stopped
from wsprobe.read.http2_values import (
    ENABLE_CONNECT_PROTOCOL,
    RST_STREAM,
    HeaderBlock,
    Http2Connection,
)
from wsprobe.read.reading import Reading, Span

SERVE_OR_STOP = (
    "Serve WebSockets over HTTP/2, or stop announcing them. nginx: it does not announce them, so look at "
    "the program in front of it. HAProxy: the server behind it must receive Upgrade and Connection; "
    "`h2-workaround-bogus-websocket-clients` in `global` stops the announcement. Envoy: "
    "`http2_protocol_options: "
    "{allow_connect: true}` needs `upgrade_configs: [{upgrade_type: websocket}]`, and a server behind it "
    "that speaks HTTP/2 or needs no Sec-WebSocket-Key, as Envoy does not send one (most servers then "
    "answer 400); without "
    "allow_connect nothing is announced. Caddy, Traefik and other Go programs: since Go 1.24 they "
    "announce it only with GODEBUG=http2xconnect=1, and then Caddy 2.6 answers 502 and Traefik 3.7 "
    "answers 501; remove that setting, or set http2xconnect=0 for older versions. nghttpx: it always "
    "announces it, except as a forward proxy; "
    "`alpn-list=http/1.1` turns HTTP/2 off. Node: `settings: {enableConnectProtocol: "
    "true}` needs a 'stream' handler that answers CONNECT with 200; otherwise remove the setting. "
    'hypercorn: the application must accept the websocket; `alpn_protocols = ["http/1.1"]` turns HTTP/2 '
    "off. h2o: `proxy.tunnel: ON`. Jetty: `setConnectProtocolEnabled(false)`."
)
"""What to write where, in the syntax of each program's configuration."""

HTTP2_101 = Entry(
    "http2-101",
    "fail",
    "RFC 9113 section 8.6",
    title="A 101 over HTTP/2",
    meaning="HTTP/2 has no 101 (Switching Protocols): there a 200 opens the WebSocket (RFC 8441 section "
    "5). Chromium and Firefox fail.",
    usual="an application that answers every handshake as over HTTP/1.1, behind a proxy that passes that "
    "answer on",
    advice="Answer the extended CONNECT with 200, and without Upgrade, Connection and Sec-WebSocket-Accept.",
)

HTTP2_STATUS_NOT_200 = Entry(
    "http2-status-not-200",
    "fail",
    "RFC 8441 section 5",
    title="The answer is not a 200",
    meaning="Over HTTP/2 a 200 opens the WebSocket. With any other status there is no WebSocket, and the "
    "semantics of HTTP apply: status, fields and body say why.",
    usual="the request was refused, or reached something that does not speak WebSocket over HTTP/2 at this "
    "path",
    advice="Read the status, the fields and the body: they often give the reason.",
)

HTTP2_OTHER_2XX = Entry(
    "http2-other-2xx",
    "warn",
    "RFC 9113 section 8.5; RFC 8441 section 5",
    title="A 2xx that opens nothing",
    meaning="By RFC 9113 any 2xx means that a CONNECT succeeded; RFC 8441 shows a 200. No browser opens "
    "on another 2xx, so the two sides disagree whether a WebSocket is open.",
    usual="a request that reached an ordinary API endpoint instead of the WebSocket endpoint",
    advice="Answer with 200 to open, with 4xx or 5xx to refuse.",
)

HTTP2_INTERIM = Entry(
    "http2-interim",
    "note",
    "RFC 9110 section 15.2",
    title="An interim answer before the final one",
    meaning="1xx answers may come before any answer. Firefox skips them; Chromium fails a WebSocket on a "
    "103, although it accepts a 103 for pages.",
    usual="a proxy that sends 103 Early Hints with every answer",
    advice="Send no interim answers to WebSocket handshakes.",
)

HTTP2_ANNOUNCED_UNSERVED = Entry(
    "http2-announced-unserved",
    "warn",
    "RFC 8441 section 3",
    title="WebSockets over HTTP/2 are announced, but not served",
    meaning="The server's SETTINGS announce WebSockets over HTTP/2, but it did not open this one. Firefox goes "
    "over HTTP/2 whenever they are announced, and never falls back to HTTP/1.1; Chromium uses it if it already "
    "has an HTTP/2 connection to the origin. If the same URL opens over HTTP/1.1, this is why it works in one "
    "browser or tool and fails in another.",
    usual="a proxy that announces them on its own, in front of a server that does not support them",
    advice=SERVE_OR_STOP,
)

HTTP2_REFUSAL_LEFT_OPEN = Entry(
    "http2-refusal-left-open",
    "warn",
    "RFC 9113 section 8.1",
    title="A refusal whose stream is left open",
    meaning="The server refuses, but does not end the stream. Firefox waits for the end, and gives up "
    "after 20 seconds: to its users a refusal looks like a timeout.",
    usual="a server or proxy that treats every CONNECT as a tunnel, even one that it refuses",
    advice="Set END_STREAM on the refusal, or send RST_STREAM with NO_ERROR after it.",
)

HTTP2_DATA_FIRST = Entry(
    "http2-data-first",
    "fail",
    "RFC 9113 section 8.1",
    title="DATA before the answer",
    meaning="An answer begins with HEADERS. Chromium and Firefox reset the stream with PROTOCOL_ERROR.",
    usual="an application that sends before it has accepted",
    advice="Send HEADERS with the 200 first.",
)

HTTP2_HEADERS_AGAIN = Entry(
    "http2-headers-again",
    "fail",
    "RFC 9113 section 8.1",
    title="HEADERS after the answer that do not end the stream",
    meaning="After the HEADERS of the final answer only trailers may come, with END_STREAM.",
    usual="an application that answers twice",
    advice="Send one answer only.",
)

HTTP2_AFTER_END = Entry(
    "http2-after-end",
    "fail",
    "RFC 9113 section 5.1",
    title="Frames after the end of the stream",
    meaning="The server has ended the stream, with END_STREAM or RST_STREAM, and still sends on it. A client "
    "answers with STREAM_CLOSED.",
    usual="an application that sends after it has closed",
    advice="Send END_STREAM or RST_STREAM last.",
)

HTTP2_CONTENT_LENGTH = Entry(
    "http2-content-length",
    "fail",
    "RFC 9113 section 8.1.1",
    title="Content-Length does not match the body",
    meaning="The number of bytes in DATA frames differs from Content-Length: the answer is malformed.",
    usual="a proxy that changed the body but not Content-Length",
    advice="Leave Content-Length out, or let the server library set it.",
)

HTTP2_BODY_CUT = Entry(
    "http2-body-cut",
    "note",
    "RFC 9113 section 8.1",
    title="The body is longer than was read",
    meaning="wsprobe stopped reading the body at its own limit. Nothing is wrong with the answer.",
    usual="a page or a file at this path, or DATA without end",
    advice="Raise the limit with `--max-body`.",
)


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
        yield HTTP2_INTERIM.found(f"{listed} came {then}", _block_start(of.blocks[0]))
    first = next((piece for piece in of.data if piece.data), None)
    if first is not None and (not of.blocks or first.start < of.blocks[0].start):
        before_it = "before HEADERS" if of.blocks else ", and no HEADERS"
        yield HTTP2_DATA_FIRST.found(f"DATA came {before_it}".replace(" ,", ","), (first.start, first.start))
    if of.trailers is not None and not of.trailers.end_stream:
        yield HTTP2_HEADERS_AGAIN.found("a second HEADERS without END_STREAM", _block_start(of.trailers))
    yield from _after_end(of)
    if final is None or not final.head.complete or final.status is None or reading.session is not None:
        return
    span = _status_span(of, len(reading.responses) - 1)
    if final.status == 101:
        yield HTTP2_101.found("the server answered 101", span, expected=b"200", received=b"101")
        return
    yield HTTP2_STATUS_NOT_200.found(
        f"the server answered {final.status:03} over HTTP/2, so no WebSocket was opened",
        span,
        expected=b"200",
        received=b"%03d" % final.status,
        usual="",
    )
    if 200 < final.status < 300:
        yield HTTP2_OTHER_2XX.found(f"a {final.status} opens in no browser", span)
    elif of.setting(ENABLE_CONNECT_PROTOCOL) == 1 and final.status not in PASSING and not _by_choice(reading):
        yield HTTP2_ANNOUNCED_UNSERVED.found(
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
    yield from first_of(HTTP2_AFTER_END, behind, lambda frame: f"{named(frame)} came after {words}")


def _body(reading: Reading, of: Http2Connection, span: Span) -> Iterator[Finding]:
    final = reading.final
    body = final.body if final is not None else None
    if body is None:
        return
    if body.problem:
        yield HTTP2_CONTENT_LENGTH.found(body.problem, span)
    if body.cut or how(reading) == "limit":
        yield HTTP2_BODY_CUT.found(
            f"{stopped(reading, body.cut_by)}; {len(body.content)} bytes of body had come", span
        )
    elif not any(end.by == "server" for end in of.ends) and how(reading) in ("timeout", "local", "interrupted"):
        waited = (reading.exchange.events[-1].at - of.blocks[len(reading.responses) - 1].at) / 1_000_000
        said = f"no END_STREAM and no RST_STREAM came in {waited:.1f} s after the status"
        yield HTTP2_REFUSAL_LEFT_OPEN.found(said, span)


def _block_start(of: HeaderBlock) -> Span:
    return of.start, of.start + 9


def _status_span(of: Http2Connection, number: int) -> Span:
    """Return the span of :status in the answer with that number; the start of its block if it has none."""
    found = of.blocks[number].all(b":status")
    return found[0].span if found else _block_start(of.blocks[number])
