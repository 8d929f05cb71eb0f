"""An HTTP/2 connection: the frames of all streams, and the server's SETTINGS (RFC 9113, RFC 8441 section 3).

What browsers do was measured in Chromium 156 and Firefox 153.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Entry, Finding, shown
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
