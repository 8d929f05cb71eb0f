"""RFC 6455 sections 5.5.1, 7.1 and 7.4: how the session was closed."""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import counted, found
from wsprobe.judge.session.frames import header, name
from wsprobe.judge.subject import (
    PEER_ENDED,
    close_code,
    close_of,
    closed_by_server,
    ended,
    how,
    our_close,
    session,
    stopped,
)
from wsprobe.read.reading import Frame, Reading, Session

NEVER_SENT = {1005: "a Close without a code", 1006: "a dropped connection", 1015: "TLS that failed"}
"""Section 7.4.1: what these codes stand for, on the side that has no other."""

REGISTERED = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
"""The IANA registry below 3000, but for those that are never sent."""


def close_frame(reading: Reading) -> Iterator[Finding]:
    """What the server's Close says (sections 5.5.1 and 7.4)."""
    of = session(reading)
    frame = close_of(of) if of is not None else None
    if frame is None or not frame.complete:
        return
    data, code = frame.data, close_code(frame)
    span = (frame.start + len(frame.header), frame.span[1])
    if len(data) == 1:
        yield found("close-body-one-byte", f"the Close carries one byte, 0x{data.hex()}", span, received=data)
    if code is None:
        return
    yield from _code(frame, code)
    try:
        data[2:].decode("utf-8")
    except UnicodeDecodeError as error:
        yield found(
            "close-reason-not-utf8",
            f"the close reason is not UTF-8 at byte {error.start} ({error.reason})",
            (span[0] + 2, span[1]),
            received=data[2:],
        )


def _code(frame: Frame, code: int) -> Iterator[Finding]:
    start = frame.start + len(frame.header)
    span = (start, start + 2)
    said = b"%d" % code
    if code in NEVER_SENT:
        yield found(
            "close-code-reserved",
            f"{code} stands for {NEVER_SENT[code]} and must not be sent",
            span,
            received=said,
        )
    elif not 1000 <= code < 5000:
        yield found(
            "close-code-range", f"{code} is no close code", span, expected=b"1000 to 4999", received=said
        )
    elif code < 3000 and code not in REGISTERED:
        yield found("close-code-unregistered", f"{code} is not registered", span, received=said)


def closing(reading: Reading) -> Iterator[Finding]:
    """The closing handshake: a Close each way, and nothing after it (sections 5.5.1 and 7.1)."""
    of = session(reading)
    if of is None:
        if reading.session is not None and how(reading) in PEER_ENDED and not _ended(reading.session):
            yield _dropped(reading)
        return
    theirs, ours = close_of(of), our_close(of)
    if theirs is not None:
        yield from _after_close(reading, of, theirs)
        if ours is not None and theirs.at > ours.at and close_code(theirs) != close_code(ours):
            yield from _other_code(of, theirs, ours)
    elif of.frames and not of.frames[-1].complete and how(reading) not in (*PEER_ENDED, "limit"):
        last = of.frames[-1]
        yield found(
            "frame-unfinished",
            f"a {name(last)} frame announces {last.length} bytes, and {len(last.payload)} had come by the end",
            header(last),
        )
    elif ours is not None and how(reading) not in ("limit", "interrupted", ""):
        yield found("close-unanswered", f"our Close got no answer: {_end(reading)}")
    elif how(reading) in PEER_ENDED:
        yield _dropped(reading)
    if how(reading) == "limit":
        yield found("session-cut", f"{stopped(reading)}; the server had not ended the session")


def _ended(of: Session) -> bool:
    """Whether a session of another framing was at its end when the connection ended."""
    return of.drops or close_of(of) is not None or our_close(of) is not None


def _after_close(reading: Reading, of: Session, theirs: Frame) -> Iterator[Finding]:
    start = theirs.span[1]
    if theirs.complete and start < len(reading.received):
        after = [frame for frame in of.frames if frame.start >= start]
        what = f"a {name(after[0])} frame" if after else counted(len(of.rest), "byte")
        more = f" and {len(after) - 1} more" if len(after) > 1 else ""
        span = header(after[0]) if after else (start, len(reading.received))
        yield found("data-after-close", f"{what}{more} after the Close", span)


def _other_code(of: Session, theirs: Frame, ours: Frame) -> Iterator[Finding]:
    if closed_by_server(of) is None:
        yield found(
            "close-code-not-echoed",
            f"our Close had the code {close_code(ours)}, and the answer has none",
            header(theirs),
        )


def _dropped(reading: Reading) -> Finding:
    assert reading.session is not None
    last = ended(reading)
    opened = reading.when(max(reading.session.start - 1, 0))
    after = f" {max(last.at - opened, 0) / 1000:.1f} ms after the 101" if last is not None else ""
    return found("session-dropped", f"{_end(reading)}{after}, without a Close")


def _end(reading: Reading) -> str:
    end = how(reading)
    return PEER_ENDED.get(end, "the time limit ran out" if end == "timeout" else "the wait for it ended")
