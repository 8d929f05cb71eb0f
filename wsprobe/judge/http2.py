"""A WebSocket over HTTP/2 (RFC 9113, RFC 8441), in the order of the wire: the frames of the connection and the
server's SETTINGS, the header blocks of an answer, its status, and how the stream ended.

Refusals and the fields of a WebSocket have the rules of HTTP/1.1, in other modules. What browsers do was
measured in Chromium 156 and Firefox 153.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Entry, Finding, shown
from wsprobe.judge.subject import PEER_ENDED, close_of, header, how, our_close, refusal, stopped
from wsprobe.read.http2_values import (
    CONNECT_ERROR,
    DATA,
    DEFAULT_WINDOW,
    ENABLE_CONNECT_PROTOCOL,
    ENABLE_PUSH,
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
    in_turn,
    setting_name,
)
from wsprobe.read.reading import Field, Reading, Span
from wsprobe.read.tokens import is_token
from wsprobe.text import counted


def connection(reading: Reading) -> Iterator[Finding]:
    """Check the frames of all streams, each by itself."""
    of = reading.http2
    if of is None:
        return
    if reading.looks_like == "http1":
        line = reading.received.split(b"\n", 1)[0].rstrip(b"\r")[:80]
        yield F.HTTP2_NOT_SPOKEN.found(f"the answer begins: {shown(line)}", (0, len(line)), received=line)
    if reading.looks_like:
        return
    theirs = list(of.of("server"))
    if theirs and (theirs[0].type != SETTINGS or theirs[0].ack):
        yield F.HTTP2_SETTINGS_NOT_FIRST.found(f"the first frame is {theirs[0].name}", header(theirs[0]))
    yield from first_of(
        F.HTTP2_FRAME_MALFORMED,
        [frame for frame in theirs if frame.problem],
        lambda frame: f"{named(frame)}: {shown(frame.problem.encode())}",
    )
    yield from first_of(
        F.HTTP2_FRAME_TOO_LONG,
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
        yield F.HTTP2_FRAME_CUT.found(words, None if last is None else last.span)
    misplaced = [frame for frame, fits in in_turn(theirs) if not fits]
    yield from first_of(F.HTTP2_CONTINUATION, misplaced, lambda frame: f"{named(frame)} came there")
    yield from first_of(
        F.HTTP2_PUSH,
        [f for f in theirs if f.type == PUSH_PROMISE],
        lambda frame: "the server sends PUSH_PROMISE",
    )
    known = (0, of.stream, *of.earlier)
    strange = [
        frame
        for frame in theirs
        if frame.stream not in known and frame.type in (DATA, HEADERS, RST_STREAM, WINDOW_UPDATE)
    ]
    yield from _overrun(of)
    yield from first_of(F.HTTP2_IDLE_STREAM, strange, lambda frame: f"{named(frame)} on stream {frame.stream}")


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
                    yield F.HTTP2_WINDOW_OVERRUN.found(
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
        yield F.HTTP2_CONNECT_VALUE.found(
            f"ENABLE_CONNECT_PROTOCOL is {wrong[0]}", wrong[1].span, expected=b"1", received=b"%d" % wrong[0]
        )
    announced = next((frame for value, frame in words if value == 1), None)
    last = words[-1][0] if words else None
    if announced is not None and last == 0:
        yield F.HTTP2_CONNECT_WITHDRAWN.found("ENABLE_CONNECT_PROTOCOL was 1, then 0", words[-1][1].span)
    if announced is not None and announced is not sent[0]:
        late = (announced.at - sent[0].at) / 1000
        yield F.HTTP2_CONNECT_LATE.found(f"it came {late:.1f} ms after the first SETTINGS", announced.span)
    if announced is None and wrong is None:
        said = "is 0" if words else "is missing"
        yield F.HTTP2_CONNECT_NOT_ANNOUNCED.found(f"ENABLE_CONNECT_PROTOCOL {said}", sent[0].span)
    if reading.session is not None and of.setting(INITIAL_WINDOW_SIZE) == 0:
        widened = any(f.type == WINDOW_UPDATE and f.stream == of.stream for f in of.of("server"))
        if not widened:
            yield F.HTTP2_WINDOW_ZERO.found(
                "INITIAL_WINDOW_SIZE is 0, and no WINDOW_UPDATE came for the stream"
            )


def _values(sent: list[Http2Frame]) -> Iterator[Finding]:
    for frame in sent:
        for key, value in frame.settings:
            high = {ENABLE_PUSH: 0, INITIAL_WINDOW_SIZE: (1 << 31) - 1, MAX_FRAME_SIZE: (1 << 24) - 1}.get(key)
            low = FRAME_MAX if key == MAX_FRAME_SIZE else 0
            if high is not None and not low <= value <= high:
                yield F.HTTP2_SETTING_VALUE.found(
                    f"{setting_name(key)} is {value}", frame.span, received=b"%d" % value
                )
                return


def strict_library(reading: Reading) -> Iterator[Finding]:
    """Report what h2 says about the same frames."""
    if reading.http2 is None or reading.looks_like or not reading.received:
        return
    # h2 takes tens of milliseconds to import; only readings over HTTP/2 pay for it.
    from wsprobe.read.http2_opinion import opinion

    said = opinion(reading)
    if not said.accepts:
        yield F.H2_REFUSES.found(
            f"a strict client library refuses this: h2 reports {shown(said.message.encode())}"
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
        yield F.HTTP2_ACCEPT.found("the answer has Sec-WebSocket-Accept", field.span)


def _of_block(of: HeaderBlock, *, trailers: bool) -> Iterator[Finding]:
    start = (of.start, of.start + 9)
    if of.cut:
        return
    if of.problem:
        yield F.HTTP2_BLOCK_UNREADABLE.found(shown(of.problem.encode()), start)
    elif not of.complete:
        yield F.HTTP2_BLOCK_UNFINISHED.found(f"only {counted(len(of.raw), 'byte')} of the block arrived", start)
        return
    pseudo = of.pseudo
    shown_status = of.all(b":status")
    if not trailers and not of.problem:
        yield from _status(shown_status, start)
    wrong = [field for field in pseudo if trailers or field.name != b":status"]
    if wrong:
        yield F.HTTP2_PSEUDO_UNKNOWN.found(f"the block has {shown(wrong[0].name)}", wrong[0].span)
    if of.regular and pseudo and of.fields.index(pseudo[-1]) > of.fields.index(of.regular[0]):
        yield F.HTTP2_PSEUDO_LATE.found(f"{shown(pseudo[-1].name)} comes after other fields", pseudo[-1].span)
    for entry, broken, words in _FIELDS:
        bad = [field for field in of.regular if broken(field)]
        if bad:
            more = f", and {len(bad) - 1} more like it" if len(bad) > 1 else ""
            yield entry.found(f"{words(bad[0])}{more}", bad[0].span)


def _status(fields: tuple[Field, ...], start: Span) -> Iterator[Finding]:
    if not fields:
        yield F.HTTP2_STATUS.found("the answer has no :status", start)
        return
    value, span = fields[0].value, fields[0].span
    if not value.isdigit() or len(value) > 4:
        yield F.HTTP2_STATUS.found(f":status is {shown(value) or 'empty'}", span, received=value)
    elif len(value) != 3 or not 100 <= int(value) <= 599:
        yield F.HTTP2_STATUS_DIGITS.found(
            f":status is {shown(value)}, which is not a status code of HTTP", span, received=value
        )
    if len(fields) > 1:
        also = ", then ".join(shown(field.value) for field in fields[:3])
        yield F.HTTP2_STATUS_REPEATED.found(
            f"the answer has :status {len(fields)} times: {also}", fields[1].span
        )


def _upper(field: Field) -> bool:
    return field.name != field.name.lower()


def _odd_name(field: Field) -> bool:
    return not is_token(field.name) if field.name else True


def _odd_value(field: Field) -> bool:
    return field.value.strip(b" \t") != field.value or any(byte in field.value for byte in b"\0\r\n")


_FIELDS: tuple[tuple[Entry, Callable[[Field], bool], Callable[[Field], str]], ...] = (
    (F.HTTP2_NAME_UPPER_CASE, _upper, lambda field: f"{shown(field.name)} is in upper case"),
    (F.HTTP2_NAME, _odd_name, lambda field: f"{shown(field.name) or 'an empty name'} is not a header name"),
    (F.HTTP2_VALUE, _odd_value, lambda field: f"the value of {shown(field.name)} is {shown(field.value)!r}"),
    (
        F.HTTP2_CONNECTION_FIELD,
        lambda field: field.name.lower() in _OF_CONNECTION,
        lambda field: f"{shown(field.name)}: {shown(field.value)}",
    ),
)


PASSING = frozenset({301, 302, 303, 307, 308, 401, 403, 407, 410, 429, 500, 503})
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
