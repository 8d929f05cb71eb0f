"""How the stream of a WebSocket over HTTP/2 ended, before an answer or after it (RFC 9113, 8441).

What browsers do was measured in Chromium 156 and Firefox 153.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, shown
from wsprobe.judge.http2_connection import after_end
from wsprobe.judge.subject import close_of, how, our_close
from wsprobe.read.http2_values import (
    CONNECT_ERROR,
    ENABLE_CONNECT_PROTOCOL,
    HTTP_1_1_REQUIRED,
    INTERNAL_ERROR,
    NO_ERROR,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    Http2Connection,
    Http2Frame,
    StreamEnd,
    error_name,
)
from wsprobe.read.reading import Reading

_RESET_USUAL = {
    "PROTOCOL_ERROR": "a server that does not know extended CONNECT and considers it malformed",
    "INTERNAL_ERROR": "an application or a proxy that failed while it handled the request",
    "CANCEL": "an application that gave up, or a proxy that lost the server behind it",
    "CONNECT_ERROR": "a proxy whose connection to the server behind it failed",
    "ENHANCE_YOUR_CALM": "a limit on the requests of one client",
    "INADEQUATE_SECURITY": "a version or cipher of TLS that the server does not accept for HTTP/2",
    "STREAM_CLOSED": "an application that ended before it answered",
}


def ends(reading: Reading) -> Iterator[Finding]:
    """Report what ended the stream, and when."""
    of = reading.http2
    if of is None:
        return
    if of.request is None:
        for frame in of.goaways[:1]:
            yield F.HTTP2_GOAWAY.found(f"GOAWAY {_said(frame)}, before the request was sent", frame.span)
        return
    end = of.end
    if end is not None and end.by == "server":
        if reading.session is not None:
            yield from _session_ended(reading, of, end)
        elif reading.final is None:
            yield from _no_answer(of, end)
    going = [frame for frame in of.goaways if (frame.last_stream or 0) >= of.stream]
    if going:
        first = next((frame for frame in going if frame.code), going[0])
        entry = F.HTTP2_GOAWAY_ERROR if first.code else F.HTTP2_GOING_AWAY
        yield entry.found(f"GOAWAY {_said(first)}", first.span)
    if reading.session is None or how(reading) != "local" or (end is not None and end.by == "server"):
        return
    if close_of(reading.session) is not None and our_close(reading.session) is not None:
        yield F.HTTP2_NEVER_ENDED.found("both Close frames came, but no END_STREAM")


_NOT_SERVED = (PROTOCOL_ERROR, INTERNAL_ERROR, CONNECT_ERROR, HTTP_1_1_REQUIRED)
"""Codes of a server that cannot do what it announced."""


def _said(frame: Http2Frame) -> str:
    debug = f" and the text {shown(frame.debug)}" if frame.debug else ""
    return f"with {error_name(frame.code or 0)}{debug}"


def _no_answer(of: Http2Connection, end: StreamEnd) -> Iterator[Finding]:
    announced = of.setting(ENABLE_CONNECT_PROTOCOL) == 1
    if end.how == "rst-stream":
        entry = {HTTP_1_1_REQUIRED: F.HTTP2_HTTP11_REQUIRED, REFUSED_STREAM: F.HTTP2_REFUSED_STREAM}.get(
            end.code or 0, F.HTTP2_RESET
        )
        usual = None if entry is not F.HTTP2_RESET else _RESET_USUAL.get(end.name)
        yield entry.found(
            f"RST_STREAM with {end.name} instead of an answer", usual=usual, received=end.name.encode()
        )
        if announced and end.code in _NOT_SERVED:
            yield F.HTTP2_ANNOUNCED_UNSERVED.found(
                f"ENABLE_CONNECT_PROTOCOL is 1, but the stream was reset with {end.name}"
            )
    elif end.how == "goaway":
        debug = f": {shown(end.debug)}" if end.debug else ""
        yield F.HTTP2_GOAWAY.found(
            f"GOAWAY with {end.name} excludes this stream{debug}", received=end.name.encode()
        )
    elif end.how == "end-stream":
        yield F.HTTP2_STATUS.found("the stream ended with END_STREAM before any answer")


def _session_ended(reading: Reading, of: Http2Connection, end: StreamEnd) -> Iterator[Finding]:
    assert reading.session is not None
    theirs, ours = close_of(reading.session), our_close(reading.session)
    words = f"RST_STREAM with {end.name}" if end.how == "rst-stream" else "END_STREAM"
    if end.how == "goaway":
        words = f"GOAWAY with {end.name} that excludes this stream"
    if theirs is None and end.how != "connection":
        if ours is None:
            opened = (end.at - of.blocks[len(reading.responses) - 1].at) / 1000
            yield F.HTTP2_SESSION_ENDED.found(f"{words} {opened:.1f} ms after the 200, without a Close")
    elif theirs is not None and end.how == "rst-stream" and end.code != NO_ERROR:
        if not after_end(of)[1]:  # otherwise the Close may have come after it
            yield F.HTTP2_RESET_AFTER_CLOSE.found(f"{words} after the Close")
    elif of.trailers is not None:
        pass  # the trailers ended the stream, which is a fault by itself
    elif theirs is not None and end.how == "end-stream" and end.at <= theirs.at:
        began = ours is None or ours.at >= theirs.at
        if began:
            yield F.HTTP2_CLOSE_AND_END.found("END_STREAM came with the Close")
