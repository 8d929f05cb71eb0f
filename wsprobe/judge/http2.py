"""A WebSocket over HTTP/2: RFC 8441, and RFC 9113 as far as it concerns the one stream.

Each entry is above the rule that makes it. The rules of RFC 6455 and HTTP for fields, refusals and frames are
the same over both protocols, and are in the other modules. What browsers do was measured in Chromium 156 and
Firefox 153.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from wsprobe.judge.finding import Entry, Finding, counted, shown
from wsprobe.judge.subject import PEER_ENDED, close_of, header, how, our_close, refusal, stopped
from wsprobe.read.http2_values import (
    CONNECT_ERROR,
    CONTINUATION,
    DATA,
    DEFAULT_WINDOW,
    ENABLE_CONNECT_PROTOCOL,
    ENABLE_PUSH,
    END_HEADERS,
    FRAME_MAX,
    HEADERS,
    HTTP_1_1_REQUIRED,
    INITIAL_WINDOW_SIZE,
    INTERNAL_ERROR,
    MAX_FRAME_SIZE,
    NO_ERROR,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    HeaderBlock,
    Http2Connection,
    Http2Frame,
    StreamEnd,
    error_name,
    setting_name,
)
from wsprobe.read.reading import Field, Reading, Span
from wsprobe.read.tokens import is_token

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


# The connection.

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
    yield from _first(
        HTTP2_FRAME_MALFORMED,
        [frame for frame in theirs if frame.problem],
        lambda frame: f"{_a(frame)}: {shown(frame.problem.encode())}",
    )
    yield from _first(
        HTTP2_FRAME_TOO_LONG,
        [frame for frame in theirs if frame.length > FRAME_MAX],
        lambda frame: f"{_a(frame)} of {frame.length} bytes",
    )
    if how(reading) in PEER_ENDED and (reading.rest or (theirs and not theirs[-1].complete)):
        last = theirs[-1] if theirs and not theirs[-1].complete else None
        words = (
            f"{_a(last)} frame ends after {len(last.payload)} of {last.length} bytes"
            if last is not None
            else f"{counted(len(reading.rest), 'byte')} came that are less than a frame header"
        )
        yield HTTP2_FRAME_CUT.found(words, None if last is None else last.span)
    yield from _first(HTTP2_CONTINUATION, list(_interrupted(theirs)), lambda frame: f"{_a(frame)} came there")
    yield from _first(
        HTTP2_PUSH, [f for f in theirs if f.type == PUSH_PROMISE], lambda frame: "the server sends PUSH_PROMISE"
    )
    known = (0, of.stream, *of.earlier)
    strange = [
        frame
        for frame in theirs
        if frame.stream not in known and frame.type in (DATA, HEADERS, RST_STREAM, WINDOW_UPDATE)
    ]
    yield from _overrun(of)
    yield from _first(HTTP2_IDLE_STREAM, strange, lambda frame: f"{_a(frame)} on stream {frame.stream}")


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


def _interrupted(frames: Iterable[Http2Frame]) -> Iterator[Http2Frame]:
    """Return frames that interrupt a header block, and CONTINUATION frames outside a block."""
    within: int | None = None
    for frame in frames:
        fits = frame.stream == within if frame.type == CONTINUATION else within is None
        if not fits:
            yield frame
        if frame.type in (HEADERS, PUSH_PROMISE, CONTINUATION):
            within = None if frame.flags & END_HEADERS else frame.stream


def _first(entry: Entry, bad: list[Http2Frame], words: Callable[[Http2Frame], str]) -> Iterator[Finding]:
    if bad:
        more = f", and {len(bad) - 1} more like it" if len(bad) > 1 else ""
        yield entry.found(f"{words(bad[0])}{more}", header(bad[0]))


def _a(frame: Http2Frame) -> str:
    return f"{'an' if frame.name[0] in 'AO' else 'a'} {frame.name}"


# The server's SETTINGS.

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


# The header block of the answer.

HTTP2_BLOCK_UNREADABLE = Entry(
    "http2-block-unreadable",
    "fail",
    "RFC 9113 section 4.3",
    title="A header block that cannot be decoded",
    meaning="The block is not valid HPACK. The compression table is then unknown, so a client must end "
    "the connection.",
    usual="a block written by hand, or a proxy that copies blocks from one connection to another",
    advice="Leave header compression to a library.",
)

HTTP2_BLOCK_UNFINISHED = Entry(
    "http2-block-unfinished",
    "fail",
    "RFC 9113 section 6.2",
    title="A header block without an end",
    meaning="HEADERS came, but no frame with END_HEADERS: the answer is not complete.",
    usual="a server that stopped while it was sending, or CONTINUATION frames without end",
    advice="Read the log of the server at that time.",
)

HTTP2_STATUS = Entry(
    "http2-status",
    "fail",
    "RFC 9113 section 8.3.2",
    title="No readable :status",
    meaning="An answer has one :status with three digits. Chromium and Firefox reset the stream with "
    "PROTOCOL_ERROR.",
    usual="an answer written by hand, a status with its reason phrase, or trailers sent in place of an answer",
    advice="Send :status with three digits, once, first.",
)

HTTP2_STATUS_DIGITS = Entry(
    "http2-status-digits",
    "fail",
    "RFC 9113 section 8.3.2",
    title="A :status that does not have three digits",
    meaning="A status code has three digits. Browsers differ in how they read any other number.",
    usual="an internal error number used as a status",
    advice="Send :status with three digits.",
)

HTTP2_STATUS_REPEATED = Entry(
    "http2-status-repeated",
    "fail",
    "RFC 9113 section 8.3",
    title="More than one :status",
    meaning="A pseudo-header may appear once. Chromium resets the stream; Firefox uses one of them.",
    usual="an application and a proxy that each set the status",
    advice="Send :status once.",
)

HTTP2_PSEUDO_LATE = Entry(
    "http2-pseudo-late",
    "fail",
    "RFC 9113 section 8.3",
    title="A pseudo-header after other fields",
    meaning="Pseudo-headers must come before all other fields. The answer is malformed.",
    usual="a server that sorts its header fields",
    advice="Send :status first.",
)

HTTP2_PSEUDO_UNKNOWN = Entry(
    "http2-pseudo-unknown",
    "fail",
    "RFC 9113 section 8.3",
    title="A pseudo-header not allowed in an answer",
    meaning="An answer has :status and no other pseudo-header; trailers have none. The answer is malformed.",
    usual="a server that copies request fields into the answer",
    advice="Send :status and no other pseudo-header.",
)

HTTP2_NAME_UPPER_CASE = Entry(
    "http2-name-upper-case",
    "fail",
    "RFC 9113 section 8.2.1",
    title="A header name in upper case",
    meaning="Header names must be in lower case. Chromium resets the stream; Firefox ends the whole connection "
    "with COMPRESSION_ERROR, and so everything else that the page uses on it.",
    usual="header names written as in HTTP/1.1 by an application whose server does not lower-case them",
    advice="Write header names in lower case.",
)

HTTP2_NAME = Entry(
    "http2-name",
    "fail",
    "RFC 9113 section 8.2.1",
    title="An invalid header name",
    meaning="A name is empty, or has a byte that is not allowed in a name. Chromium resets the stream; Firefox "
    "ends the whole connection with COMPRESSION_ERROR.",
    usual="a line of HTTP/1.1 that was split at the wrong place",
    advice="Send names that are tokens in lower case.",
)

HTTP2_VALUE = Entry(
    "http2-value",
    "fail",
    "RFC 9113 section 8.2.1",
    title="A header value with white space around it, or a NUL or line end in it",
    meaning="Values must not begin or end with white space, and must not contain NUL, CR or LF. The "
    "answer is malformed; Chromium and Firefox accept the white space anyway.",
    usual="a line of HTTP/1.1 that was split at its colon, with the space left in the value",
    advice="Remove white space around values.",
)

HTTP2_CONNECTION_FIELD = Entry(
    "http2-connection-field",
    "fail",
    "RFC 9113 section 8.2.2",
    title="A header that belongs to HTTP/1.1 connections only",
    meaning="Connection, Upgrade, Keep-Alive, Proxy-Connection and Transfer-Encoding must not be used in "
    "HTTP/2: the answer is malformed. Chromium and Firefox open anyway; strict libraries do not.",
    usual="an application that answers every handshake with the fields of a 101",
    advice="Leave these fields out over HTTP/2.",
)

HTTP2_ACCEPT = Entry(
    "http2-accept",
    "note",
    "RFC 8441 section 5",
    title="Sec-WebSocket-Accept has no meaning here",
    meaning="Over HTTP/2 the request has no Sec-WebSocket-Key to answer. Clients ignore the field.",
    usual="an application that answers every handshake with the fields of a 101",
    advice="Leave it out over HTTP/2.",
)

_OF_CONNECTION = (b"connection", b"upgrade", b"keep-alive", b"proxy-connection", b"transfer-encoding")


def block(reading: Reading) -> Iterator[Finding]:
    """Check the header blocks of our stream: each fault once, where it first occurs."""
    of = reading.http2
    if of is None:
        return
    told: set[str] = set()
    for each in of.blocks:
        for finding in _of_block(each, trailers=each is of.trailers):
            if finding.id not in told:
                told.add(finding.id)
                yield finding
    final = reading.final
    if reading.session is not None and final is not None and final.head.all(b"sec-websocket-accept"):
        field = final.head.all(b"sec-websocket-accept")[0]
        yield HTTP2_ACCEPT.found("the answer has Sec-WebSocket-Accept", field.span)


def _of_block(of: HeaderBlock, *, trailers: bool) -> Iterator[Finding]:
    start = (of.start, of.start + 9)
    if of.cut:
        return
    if of.problem:
        yield HTTP2_BLOCK_UNREADABLE.found(shown(of.problem.encode()), start)
    elif not of.complete:
        yield HTTP2_BLOCK_UNFINISHED.found(f"only {counted(len(of.raw), 'byte')} of the block arrived", start)
        return
    pseudo = of.pseudo
    shown_status = of.all(b":status")
    if not trailers and not of.problem:
        yield from _status(shown_status, start)
    wrong = [field for field in pseudo if trailers or field.name != b":status"]
    if wrong:
        yield HTTP2_PSEUDO_UNKNOWN.found(f"the block has {shown(wrong[0].name)}", wrong[0].span)
    if of.regular and pseudo and of.fields.index(pseudo[-1]) > of.fields.index(of.regular[0]):
        yield HTTP2_PSEUDO_LATE.found(f"{shown(pseudo[-1].name)} comes after other fields", pseudo[-1].span)
    for entry, broken, words in _FIELDS:
        bad = [field for field in of.regular if broken(field)]
        if bad:
            more = f", and {len(bad) - 1} more like it" if len(bad) > 1 else ""
            yield entry.found(f"{words(bad[0])}{more}", bad[0].span)


def _status(fields: tuple[Field, ...], start: Span) -> Iterator[Finding]:
    if not fields:
        yield HTTP2_STATUS.found("the answer has no :status", start)
        return
    value, span = fields[0].value, fields[0].span
    if not value.isdigit() or len(value) > 4:
        yield HTTP2_STATUS.found(f":status is {shown(value) or 'empty'}", span, received=value)
    elif len(value) != 3 or not 100 <= int(value) <= 599:
        yield HTTP2_STATUS_DIGITS.found(
            f":status is {shown(value)}, which is not a status code of HTTP", span, received=value
        )
    if len(fields) > 1:
        also = ", then ".join(shown(field.value) for field in fields[:3])
        yield HTTP2_STATUS_REPEATED.found(f"the answer has :status {len(fields)} times: {also}", fields[1].span)


def _upper(field: Field) -> bool:
    return field.name != field.name.lower()


def _odd_name(field: Field) -> bool:
    return not is_token(field.name) if field.name else True


def _odd_value(field: Field) -> bool:
    return field.value.strip(b" \t") != field.value or any(byte in field.value for byte in b"\0\r\n")


_FIELDS: tuple[tuple[Entry, Callable[[Field], bool], Callable[[Field], str]], ...] = (
    (HTTP2_NAME_UPPER_CASE, _upper, lambda field: f"{shown(field.name)} is in upper case"),
    (HTTP2_NAME, _odd_name, lambda field: f"{shown(field.name) or 'an empty name'} is not a header name"),
    (HTTP2_VALUE, _odd_value, lambda field: f"the value of {shown(field.name)} is {shown(field.value)!r}"),
    (
        HTTP2_CONNECTION_FIELD,
        lambda field: field.name.lower() in _OF_CONNECTION,
        lambda field: f"{shown(field.name)}: {shown(field.value)}",
    ),
)


# The answer.

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
    title="Frames after END_STREAM",
    meaning="The server has ended the stream and still sends on it. A client answers with STREAM_CLOSED.",
    usual="an application that sends after it has closed",
    advice="Send END_STREAM last.",
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
    ours = [f for f in of.of("server") if f.stream == of.stream and f.type in (DATA, HEADERS)]
    behind = ours[1 + next((n for n, frame in enumerate(ours) if frame.end_stream and frame.good), len(ours)) :]
    yield from _first(HTTP2_AFTER_END, behind, lambda frame: f"{_a(frame)} came after END_STREAM")


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


# How the stream ended.

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
        yield HTTP2_RESET_AFTER_CLOSE.found(f"{words} after the Close")
    elif theirs is not None and end.how == "end-stream" and end.at <= theirs.at:
        began = ours is None or ours.at >= theirs.at
        if began:
            yield HTTP2_CLOSE_AND_END.found("END_STREAM came with the Close")


def _block_start(of: HeaderBlock) -> Span:
    return of.start, of.start + 9


def _status_span(of: Http2Connection, number: int) -> Span:
    """Return the span of :status in the answer with that number; the start of its block if it has none."""
    found = of.blocks[number].all(b":status")
    return found[0].span if found else _block_start(of.blocks[number])


# Another reader of the same bytes.

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


TABLE: tuple[Entry, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Entry))
"""Every entry above."""

OF_HANDSHAKE_HTTP2 = frozenset(entry.id for entry in TABLE if entry.level == "fail")
"""The findings that can undo a 200."""
