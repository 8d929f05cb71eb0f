"""An HTTP/2 connection: the frames of all streams, and the server's SETTINGS (RFC 9113, RFC 8441 section 3).

Each entry is above the rule that makes it. What browsers do was measured in Chromium 156 and Firefox 153.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsprobe.judge.finding import Entry, Finding, counted, shown
from wsprobe.judge.subject import PEER_ENDED, header, how
from wsprobe.read.http2_values import (
    DATA,
    DEFAULT_WINDOW,
    ENABLE_CONNECT_PROTOCOL,
    ENABLE_PUSH,
    FRAME_MAX,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Http2Connection,
    Http2Frame,
    in_turn,
    setting_name,
)
from wsprobe.read.reading import Reading

HTTP2_NOT_SPOKEN = Entry(
    "http2-not-spoken",
    "fail",
    "RFC 9113 section 3.4",
    title="The answer to HTTP/2 is HTTP/1.1",
    meaning="wsprobe spoke HTTP/2, but the answer begins like HTTP/1.1.",
    usual="a server that does not speak HTTP/2, or a port for HTTP/1.1",
    advice="Leave --http2-prior-knowledge out; --http2 checks ALPN first.",
)

HTTP2_SETTINGS_NOT_FIRST = Entry(
    "http2-settings-not-first",
    "fail",
    "RFC 9113 section 3.4",
    title="The first frame is not SETTINGS",
    meaning="A server's first frame is SETTINGS. A client may treat any other first frame as a connection "
    "error.",
    usual="a server written by hand, or one that rejects connections with GOAWAY alone",
    advice="Send SETTINGS first, before GOAWAY too.",
)

HTTP2_FRAME_MALFORMED = Entry(
    "http2-frame-malformed",
    "fail",
    "RFC 9113 sections 4.2 and 6",
    title="A malformed frame",
    meaning="A frame has a length, a stream or padding that its type does not allow. A client ends the "
    "connection.",
    usual="frames written by hand, or a proxy that counts padding wrongly",
    advice="Leave framing to a library.",
)

HTTP2_FRAME_TOO_LONG = Entry(
    "http2-frame-too-long",
    "fail",
    "RFC 9113 section 4.2",
    title="A frame longer than was allowed",
    meaning="A frame has more bytes than SETTINGS_MAX_FRAME_SIZE (16384, unless the client sets another "
    "value).",
    usual="a server that uses its own SETTINGS_MAX_FRAME_SIZE instead of the client's",
    advice="Cut DATA and header blocks at the client's SETTINGS_MAX_FRAME_SIZE.",
)

HTTP2_FRAME_CUT = Entry(
    "http2-frame-cut",
    "warn",
    "RFC 9113 section 4.1",
    title="The connection ended in the middle of a frame",
    meaning="A frame announces more bytes than arrived before the connection ended.",
    usual="a server or proxy that stopped while it was sending",
    advice="Read the logs of the server and the proxies at that time.",
)

HTTP2_CONTINUATION = Entry(
    "http2-continuation",
    "fail",
    "RFC 9113 section 6.10",
    title="A header block that is interrupted",
    meaning="No other frame may come between HEADERS without END_HEADERS and its last CONTINUATION, and "
    "CONTINUATION may come nowhere else. A client ends the connection.",
    usual="frames written by hand",
    advice="Leave framing to a library.",
)

HTTP2_PUSH = Entry(
    "http2-push",
    "fail",
    "RFC 9113 section 8.4",
    title="A push, although push was switched off",
    meaning="The client has switched server push off, but the server pushes.",
    usual="a server that does not read the client's SETTINGS",
    advice="Switch server push off.",
)

HTTP2_IDLE_STREAM = Entry(
    "http2-idle-stream",
    "fail",
    "RFC 9113 section 5.1",
    title="Frames on a stream that nobody opened",
    meaning="The server sends on a stream on which nothing was requested. A client ends the connection.",
    usual="a proxy that mixes up the streams of two connections",
    advice="Answer on the stream of the request.",
)


HTTP2_WINDOW_OVERRUN = Entry(
    "http2-window-overrun",
    "fail",
    "RFC 9113 section 6.9.1",
    title="More DATA than the window allows",
    meaning="The server has sent more than the flow-control window of the client allowed. A client ends the "
    "connection with FLOW_CONTROL_ERROR.",
    usual="a server written by hand that does not count what it sends",
    advice="Leave flow control to a library.",
)


def connection(reading: Reading) -> Iterator[Finding]:
    """Check the frames of all streams, each by itself."""
    of = reading.http2
    if of is None:
        return
    if reading.looks_like == "http1":
        line = reading.received.split(b"\n", 1)[0].rstrip(b"\r")[:80]
        yield HTTP2_NOT_SPOKEN.found(f"the answer begins: {shown(line)}", (0, len(line)), received=line)
    if reading.looks_like:
        return
    theirs = list(of.of("server"))
    if theirs and (theirs[0].type != SETTINGS or theirs[0].ack):
        yield HTTP2_SETTINGS_NOT_FIRST.found(f"the first frame is {theirs[0].name}", header(theirs[0]))
    yield from first_of(
        HTTP2_FRAME_MALFORMED,
        [frame for frame in theirs if frame.problem],
        lambda frame: f"{named(frame)}: {shown(frame.problem.encode())}",
    )
    yield from first_of(
        HTTP2_FRAME_TOO_LONG,
        [frame for frame in theirs if frame.length > FRAME_MAX],
        lambda frame: f"{named(frame)} of {frame.length} bytes",
    )
    if how(reading) in PEER_ENDED and (reading.rest or (theirs and not theirs[-1].complete)):
        last = theirs[-1] if theirs and not theirs[-1].complete else None
        words = (
            f"{named(last)} frame ends after {len(last.payload)} of {last.length} bytes"
            if last is not None
            else f"{counted(len(reading.rest), 'byte')} came that are less than a frame header"
        )
        yield HTTP2_FRAME_CUT.found(words, None if last is None else last.span)
    misplaced = [frame for frame, fits in in_turn(theirs) if not fits]
    yield from first_of(HTTP2_CONTINUATION, misplaced, lambda frame: f"{named(frame)} came there")
    yield from first_of(
        HTTP2_PUSH, [f for f in theirs if f.type == PUSH_PROMISE], lambda frame: "the server sends PUSH_PROMISE"
    )
    known = (0, of.stream, *of.earlier)
    strange = [
        frame
        for frame in theirs
        if frame.stream not in known and frame.type in (DATA, HEADERS, RST_STREAM, WINDOW_UPDATE)
    ]
    yield from _overrun(of)
    yield from first_of(HTTP2_IDLE_STREAM, strange, lambda frame: f"{named(frame)} on stream {frame.stream}")


def _overrun(of: Http2Connection) -> Iterator[Finding]:
    """Report DATA beyond the window that wsprobe had granted the connection or its stream."""
    own = dict(pair for frame in of.of("client") for pair in frame.settings)
    # Before it has seen our SETTINGS, a server uses the default.
    first = max(DEFAULT_WINDOW, own.get(INITIAL_WINDOW_SIZE, 0))
    left = {0: DEFAULT_WINDOW, **dict.fromkeys((*of.earlier, of.stream), first)}
    for frame in of.frames:
        if frame.by == "client" and frame.stream in left:
            left[frame.stream] += frame.increment or 0
        elif frame.by == "server" and frame.type == DATA:
            stream, length = frame.stream, frame.length
            for window in (0, stream) if stream and stream in left else (0,):
                left[window] -= length
                if left[window] < 0:
                    whose = "the stream's" if window else "the connection's"
                    yield HTTP2_WINDOW_OVERRUN.found(
                        f"{counted(-left[window], 'byte')} more than {whose} window", header(frame)
                    )
                    return


def first_of(entry: Entry, bad: list[Http2Frame], words: Callable[[Http2Frame], str]) -> Iterator[Finding]:
    """Report the first of *bad*, and how many there are."""
    if bad:
        more = f", and {len(bad) - 1} more like it" if len(bad) > 1 else ""
        yield entry.found(f"{words(bad[0])}{more}", header(bad[0]))


def after_end(of: Http2Connection) -> tuple[Http2Frame | None, list[Http2Frame]]:
    """The frame with which the server ended the stream, None if it did not; and the DATA and HEADERS that it
    sent on the stream afterwards."""
    theirs = [f for f in of.of("server") if f.stream == of.stream and f.type in (DATA, HEADERS, RST_STREAM)]
    for number, frame in enumerate(theirs):
        if frame.good and (frame.end_stream or frame.type == RST_STREAM):
            return frame, [f for f in theirs[number + 1 :] if f.type != RST_STREAM]
    return None, []


def named(frame: Http2Frame) -> str:
    """The frame's type, with an article."""
    return f"{'an' if frame.name[0] in 'AO' else 'a'} {frame.name}"


HTTP2_CONNECT_NOT_ANNOUNCED = Entry(
    "http2-connect-not-announced",
    "note",
    "RFC 8441 section 3",
    title="The server does not accept WebSockets over HTTP/2",
    meaning="The server's SETTINGS do not have ENABLE_CONNECT_PROTOCOL with the value 1, so a client must "
    "not request a WebSocket over HTTP/2. Browsers then use HTTP/1.1, on a separate connection.",
    usual="a server that serves WebSockets over HTTP/1.1 only, as most do; nothing is wrong with that",
    advice="Leave --http2 out to see the answer over HTTP/1.1; --http2-anyway sends the request anyway. "
    "To serve WebSockets over HTTP/2: HAProxy, lighttpd, nghttpx, hypercorn and h2o do so without any setting; "
    "Apache `H2WebSockets on`; Envoy `allow_connect: true`; Node `settings: {enableConnectProtocol: true}`.",
)

HTTP2_CONNECT_LATE = Entry(
    "http2-connect-late",
    "note",
    "RFC 8441 section 3",
    title="WebSockets over HTTP/2 are announced late",
    meaning="ENABLE_CONNECT_PROTOCOL is not in the server's first SETTINGS. If a browser opens a "
    "WebSocket before the announcement arrives, it uses HTTP/1.1.",
    usual="a proxy that asks the server behind it first",
    advice="Announce it in the first SETTINGS.",
)

HTTP2_CONNECT_VALUE = Entry(
    "http2-connect-value",
    "fail",
    "RFC 8441 section 3",
    title="ENABLE_CONNECT_PROTOCOL is neither 0 nor 1",
    meaning="The value must be 0 or 1. Chromium and Firefox end the connection with PROTOCOL_ERROR: pages of "
    "this server do not load either.",
    usual="a number written into the wrong setting",
    advice="Send 1, or leave the setting out.",
)

HTTP2_CONNECT_WITHDRAWN = Entry(
    "http2-connect-withdrawn",
    "fail",
    "RFC 8441 section 3",
    title="ENABLE_CONNECT_PROTOCOL goes back to 0",
    meaning="After the value 1 a server must not send 0. Chromium and Firefox end the connection with "
    "PROTOCOL_ERROR: pages of this server do not load either.",
    usual="a server that changes its configuration while connections are open",
    advice="Send GOAWAY, and send the new value on new connections.",
)

HTTP2_SETTING_VALUE = Entry(
    "http2-setting-value",
    "fail",
    "RFC 9113 section 6.5.2",
    title="A setting with a forbidden value",
    meaning="A server must not send ENABLE_PUSH other than 0, INITIAL_WINDOW_SIZE above 2147483647, or "
    "MAX_FRAME_SIZE outside 16384 to 16777215. A client ends the connection.",
    usual="a number written into the wrong setting",
    advice="Send a value in the allowed range.",
)

HTTP2_WINDOW_ZERO = Entry(
    "http2-window-zero",
    "warn",
    "RFC 9113 section 6.9.2",
    title="A flow-control window of 0",
    meaning="INITIAL_WINDOW_SIZE is 0, and the server has not widened the stream's window: the client can "
    "send nothing on the open WebSocket, not even a Close.",
    usual="a server that limits requests in this way and forgets to widen the window",
    advice="Widen the window with WINDOW_UPDATE as soon as the 200 is sent.",
)


def server_settings(reading: Reading) -> Iterator[Finding]:
    """Check the server's SETTINGS (RFC 8441 section 3, RFC 9113 section 6.5.2)."""
    of = reading.http2
    if of is None:
        return
    sent = [frame for frame in of.of("server") if frame.type == SETTINGS and not frame.ack and frame.good]
    if not sent:
        return
    yield from _values(sent)
    words = [
        (value, frame) for frame in sent for key, value in frame.settings if key == ENABLE_CONNECT_PROTOCOL
    ]
    wrong = next(((value, frame) for value, frame in words if value not in (0, 1)), None)
    if wrong is not None:
        yield HTTP2_CONNECT_VALUE.found(
            f"ENABLE_CONNECT_PROTOCOL is {wrong[0]}", wrong[1].span, expected=b"1", received=b"%d" % wrong[0]
        )
    announced = next((frame for value, frame in words if value == 1), None)
    last = words[-1][0] if words else None
    if announced is not None and last == 0:
        yield HTTP2_CONNECT_WITHDRAWN.found("ENABLE_CONNECT_PROTOCOL was 1, then 0", words[-1][1].span)
    if announced is not None and announced is not sent[0]:
        late = (announced.at - sent[0].at) / 1000
        yield HTTP2_CONNECT_LATE.found(f"it came {late:.1f} ms after the first SETTINGS", announced.span)
    if announced is None and wrong is None:
        said = "is 0" if words else "is missing"
        yield HTTP2_CONNECT_NOT_ANNOUNCED.found(f"ENABLE_CONNECT_PROTOCOL {said}", sent[0].span)
    if reading.session is not None and of.setting(INITIAL_WINDOW_SIZE) == 0:
        widened = any(f.type == WINDOW_UPDATE and f.stream == of.stream for f in of.of("server"))
        if not widened:
            yield HTTP2_WINDOW_ZERO.found("INITIAL_WINDOW_SIZE is 0, and no WINDOW_UPDATE came for the stream")


def _values(sent: list[Http2Frame]) -> Iterator[Finding]:
    for frame in sent:
        for key, value in frame.settings:
            high = {ENABLE_PUSH: 0, INITIAL_WINDOW_SIZE: (1 << 31) - 1, MAX_FRAME_SIZE: (1 << 24) - 1}.get(key)
            low = FRAME_MAX if key == MAX_FRAME_SIZE else 0
            if high is not None and not low <= value <= high:
                yield HTTP2_SETTING_VALUE.found(
                    f"{setting_name(key)} is {value}", frame.span, received=b"%d" % value
                )
                return


H2_REFUSES = Entry(
    "h2-refuses",
    "warn",
    "RFC 9113",
    title="A strict client library refuses this",
    meaning="h2, the library behind Python's HTTP/2 clients, refuses this. A program that uses h2 shows "
    "a protocol error instead of the answer.",
    usual="one of the other findings",
    advice="Correct the other findings.",
)


def strict_library(reading: Reading) -> Iterator[Finding]:
    """Report what h2 says about the same frames."""
    if reading.http2 is None or reading.looks_like or not reading.received:
        return
    # h2 takes tens of milliseconds to import; only readings over HTTP/2 pay for it.
    from wsprobe.read.http2_opinion import opinion

    said = opinion(reading)
    if not said.accepts:
        yield H2_REFUSES.found(
            f"a strict client library refuses this: h2 reports {shown(said.message.encode())}"
        )
