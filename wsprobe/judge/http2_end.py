"""How the stream of a WebSocket over HTTP/2 ended, before an answer or after it (RFC 9113, 8441).

Each entry is above the rule that makes it. What browsers do was measured in Chromium 156 and Firefox 153.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Entry, Finding, shown
from wsprobe.judge.http2_answer import HTTP2_ANNOUNCED_UNSERVED, SERVE_OR_STOP
from wsprobe.judge.http2_connection import after_end
from wsprobe.judge.http2_fields import HTTP2_STATUS
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

HTTP2_HTTP11_REQUIRED = Entry(
    "http2-http11-required",
    "fail",
    "RFC 9113 section 7",
    title="HTTP/1.1 is required",
    meaning="The server requires HTTP/1.1 for this request, although it announces WebSockets over HTTP/2. "
    "Chromium retries over HTTP/1.1, and drops the whole connection: its other open WebSockets are "
    "closed with 1006 and without a reason. Firefox fails and does not retry.",
    usual="a server or proxy that refuses WebSockets over HTTP/2 with this code instead of not announcing them",
    advice=SERVE_OR_STOP,
)

HTTP2_REFUSED_STREAM = Entry(
    "http2-refused-stream",
    "fail",
    "RFC 9113 section 8.7",
    title="The stream was refused",
    meaning="The server has not processed the request, so a client may send it again. Chromium "
    "tries three times on the same connection; Firefox fails immediately.",
    usual="a server that has reached its limit of streams, or that is shutting down",
    advice="Send GOAWAY before shutting down; raise SETTINGS_MAX_CONCURRENT_STREAMS, or announce the real "
    "limit.",
)

HTTP2_RESET = Entry(
    "http2-reset",
    "fail",
    "RFC 9113 section 6.4",
    title="The stream was reset instead of an answer",
    meaning="RST_STREAM came instead of an answer: no status, no body. Browsers fail, and a script learns "
    "no reason.",
    usual="a server that does not know extended CONNECT and considers the request malformed, or an "
    "application that failed",
    advice=SERVE_OR_STOP,
)

HTTP2_GOAWAY = Entry(
    "http2-goaway",
    "fail",
    "RFC 9113 section 6.8",
    title="The connection was ended before an answer",
    meaning="With GOAWAY the server reports that it has not processed the request and accepts no more "
    "requests on "
    "this connection. With NO_ERROR Chromium retries over HTTP/1.1; Firefox fails.",
    usual="a server that is shutting down, or one that found an error on the connection: the code of "
    "GOAWAY tells which",
    advice="Look for the code and the debug data in the server's log.",
)

HTTP2_GOING_AWAY = Entry(
    "http2-going-away",
    "note",
    "RFC 9113 section 6.8",
    title="The server accepts no more requests on this connection",
    meaning="GOAWAY does not affect the stream of this WebSocket, which continues; new WebSockets need a "
    "new connection.",
    usual="a server that is about to shut down, or a limit on the requests of one connection",
    advice="Nothing needs to be done, unless sessions end early: then check how long the server waits for "
    "open streams before it stops.",
)

HTTP2_SESSION_ENDED = Entry(
    "http2-session-ended",
    "warn",
    "RFC 8441 section 5; RFC 6455 section 7.1.5",
    title="The stream ended without a Close",
    meaning="The stream was ended or reset with no Close frame: clients see code 1006, an abnormal closure.",
    usual="a crash behind a proxy, a proxy's timeout, or an application that ends the stream without a Close",
    advice="Read the logs of the server and the proxies at that time; send a Close frame before ending "
    "the stream.",
)

HTTP2_RESET_AFTER_CLOSE = Entry(
    "http2-reset-after-close",
    "note",
    "RFC 8441 section 5",
    title="The stream was reset after the Close",
    meaning="END_STREAM means an orderly end, RST_STREAM does not. Chromium calls a Close that is "
    "followed by RST_STREAM with another code than NO_ERROR unclean; Firefox calls it clean.",
    usual="a proxy that resets the stream as soon as the server behind it has closed",
    advice="End the stream with END_STREAM.",
)

HTTP2_CLOSE_AND_END = Entry(
    "http2-close-and-end",
    "note",
    "RFC 8441 section 5; RFC 6455 section 7.1.1",
    title="The stream ended together with the server's Close",
    meaning="END_STREAM came with the Close, before the client could answer it. Chromium calls that clean, "
    "Firefox unclean.",
    usual="a server that does not wait for the client's Close",
    advice="Wait for the client's Close, then end the stream.",
)

HTTP2_NEVER_ENDED = Entry(
    "http2-never-ended",
    "note",
    "RFC 8441 section 5; RFC 6455 section 7.1.1",
    title="The stream was not ended after both Closes",
    meaning="Both sides have sent a Close, but the server did not end the stream. Chromium waits 2 "
    "seconds for that before it fires close.",
    usual="a server that waits for the client to end the stream",
    advice="Send END_STREAM after both Close frames.",
)

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
            yield HTTP2_GOAWAY.found(f"GOAWAY {_said(frame)}, before the request was sent", frame.span)
        return
    end = of.end
    if end is not None and end.by == "server":
        if reading.session is not None:
            yield from _session_ended(reading, of, end)
        elif reading.final is None:
            yield from _no_answer(of, end)
    going = [frame for frame in of.goaways if (frame.last_stream or 0) >= of.stream]
    if going:
        yield HTTP2_GOING_AWAY.found(f"GOAWAY {_said(going[0])}", going[0].span)
    if reading.session is None or how(reading) != "local" or (end is not None and end.by == "server"):
        return
    if close_of(reading.session) is not None and our_close(reading.session) is not None:
        yield HTTP2_NEVER_ENDED.found("both Close frames came, but no END_STREAM")


_NOT_SERVED = (PROTOCOL_ERROR, INTERNAL_ERROR, CONNECT_ERROR, HTTP_1_1_REQUIRED)
"""Codes of a server that cannot do what it announced."""


def _said(frame: Http2Frame) -> str:
    debug = f" and the text {shown(frame.debug)}" if frame.debug else ""
    return f"with {error_name(frame.code or 0)}{debug}"


def _no_answer(of: Http2Connection, end: StreamEnd) -> Iterator[Finding]:
    announced = of.setting(ENABLE_CONNECT_PROTOCOL) == 1
    if end.how == "rst-stream":
        entry = {HTTP_1_1_REQUIRED: HTTP2_HTTP11_REQUIRED, REFUSED_STREAM: HTTP2_REFUSED_STREAM}.get(
            end.code or 0, HTTP2_RESET
        )
        usual = None if entry is not HTTP2_RESET else _RESET_USUAL.get(end.name)
        yield entry.found(
            f"RST_STREAM with {end.name} instead of an answer", usual=usual, received=end.name.encode()
        )
        if announced and end.code in _NOT_SERVED:
            yield HTTP2_ANNOUNCED_UNSERVED.found(
                f"ENABLE_CONNECT_PROTOCOL is 1, but the stream was reset with {end.name}"
            )
    elif end.how == "goaway":
        debug = f": {shown(end.debug)}" if end.debug else ""
        yield HTTP2_GOAWAY.found(
            f"GOAWAY with {end.name} excludes this stream{debug}", received=end.name.encode()
        )
    elif end.how == "end-stream":
        yield HTTP2_STATUS.found("the stream ended with END_STREAM before any answer")


def _session_ended(reading: Reading, of: Http2Connection, end: StreamEnd) -> Iterator[Finding]:
    assert reading.session is not None
    theirs, ours = close_of(reading.session), our_close(reading.session)
    words = f"RST_STREAM with {end.name}" if end.how == "rst-stream" else "END_STREAM"
    if end.how == "goaway":
        words = f"GOAWAY with {end.name} that excludes this stream"
    if theirs is None and end.how != "connection":
        if ours is None:
            opened = (end.at - of.blocks[len(reading.responses) - 1].at) / 1000
            yield HTTP2_SESSION_ENDED.found(f"{words} {opened:.1f} ms after the 200, without a Close")
    elif theirs is not None and end.how == "rst-stream" and end.code != NO_ERROR:
        if not after_end(of)[1]:  # otherwise the Close may have come after it
            yield HTTP2_RESET_AFTER_CLOSE.found(f"{words} after the Close")
    elif theirs is not None and end.how == "end-stream" and end.at <= theirs.at:
        began = ours is None or ours.at >= theirs.at
        if began:
            yield HTTP2_CLOSE_AND_END.found("END_STREAM came with the Close")
