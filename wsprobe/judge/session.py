"""After the handshake: frames, messages, the closing handshake (RFC 6455 sections 5, 7 and 8.1; RFC 7692).

One finding per rule: it points at the first frame that breaks the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Entry, Finding, shown
from wsprobe.judge.selection import DEFLATE, accepted
from wsprobe.judge.subject import (
    PEER_ENDED,
    close_of,
    closed_by_server,
    ended,
    handshake,
    header,
    how,
    not_frames,
    opening_answer,
    our_close,
    said,
    sender,
    session,
    stopped,
)
from wsprobe.read.behind import frames_before_http, http_behind
from wsprobe.read.closing import AFTER_RFC6455, NEVER_SENT, RESERVED, may_be_sent
from wsprobe.read.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    RSV1,
    TEXT,
    Message,
    deflate_of,
    each_message,
    messages_of,
    utf8_fault,
)
from wsprobe.read.reading import Frame, Reading, Response, Session, Span
from wsprobe.read.unasked import ended_unasked
from wsprobe.text import counted

_NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "Close", 9: "Ping", 10: "Pong"}
_MSB = 1 << 63
_HEADER_MAX = 14

_Broken = Callable[[Frame], bool]
_Words = Callable[[Frame], str]

_CHECKS: tuple[tuple[Entry, _Broken, _Words], ...] = (
    (
        F.FRAME_OPCODE_RESERVED,
        lambda frame: frame.opcode not in _NAMES,
        lambda frame: f"opcode {frame.opcode} is reserved",
    ),
    (F.FRAME_MASKED, lambda frame: frame.masked, lambda frame: f"the server masks a {name(frame)} frame"),
    (
        F.CONTROL_FRAGMENTED,
        lambda frame: frame.is_control and not frame.fin,
        lambda frame: f"a {name(frame)} frame without FIN",
    ),
    (
        F.CONTROL_TOO_LONG,
        lambda frame: frame.is_control and frame.length > 125,
        lambda frame: f"a {name(frame)} frame of {frame.length} bytes",
    ),
    (
        F.FRAME_LENGTH_NOT_MINIMAL,
        lambda frame: not frame.minimal,
        lambda frame: f"the length {frame.length} is written in more bytes than it needs",
    ),
    (
        F.FRAME_LENGTH_MSB,
        lambda frame: frame.length >= _MSB,
        lambda frame: f"a {name(frame)} frame announces {frame.length} bytes",
    ),
)


def _plain(frame: Frame) -> bool:
    """True for most frames of a session: none of ``_CHECKS`` applies to them."""
    return frame.opcode <= 2 and frame.minimal and not frame.masked and frame.length < _MSB


def name(frame: Frame) -> str:
    """The name of a frame's opcode (RFC 6455 section 11.8), or its number."""
    return _NAMES.get(frame.opcode, f"opcode {frame.opcode}")


def frames(reading: Reading, of: Session) -> Iterator[Finding]:
    """Check every frame up to the server's Close, and an incomplete frame at the end."""
    frames = said(of)
    odd = [frame for frame in frames if not _plain(frame)]
    for entry, broken, words in _CHECKS if odd else ():
        yield from _first(entry, [frame for frame in odd if broken(frame)], words)
    yield from _reserved_bits(reading, frames)
    if how(reading) in PEER_ENDED:
        yield from _incomplete(frames, of.rest)


def _first(entry: Entry, bad: list[Frame], words: _Words) -> Iterator[Finding]:
    for frame in bad[:1]:
        usual, advice = (None, None)
        if entry is F.CONTROL_TOO_LONG and frame.opcode == CLOSE:
            usual, advice = "a close reason of more than 123 bytes", "Cut the reason to 123 bytes of UTF-8."
        yield entry.found(words(frame), header(frame), usual=usual, advice=advice)


def _reserved_bits(reading: Reading, frames: tuple[Frame, ...]) -> Iterator[Finding]:
    """Check RSV1 to RSV3; an unknown extension may define any of them."""
    reserved = [frame for frame in frames if frame.rsv]
    if not reserved:
        return
    response = handshake(reading)
    in_use = set() if response is None else {extension.name for extension, _ in accepted(response)}
    if in_use - {DEFLATE}:
        return

    def fault(frame: Frame) -> Entry | None:
        data = frame.opcode in (TEXT, BINARY)
        if frame.rsv != 4:
            return F.FRAME_RSV
        if in_use:
            return None if data else F.FRAME_RSV1_MISPLACED
        return F.FRAME_COMPRESSED_UNNEGOTIATED if data else F.FRAME_RSV

    faults = [fault(frame) for frame in reserved]
    for entry, words in (
        (F.FRAME_RSV, lambda frame: f"{_bits(frame)} set on a {name(frame)} frame"),
        (F.FRAME_RSV1_MISPLACED, lambda frame: f"RSV1 is set on a {name(frame)} frame"),
        (
            F.FRAME_COMPRESSED_UNNEGOTIATED,
            lambda frame: (
                f"a {name(frame)} message is marked as compressed, and {opening_answer(reading)} accepts no "
                "compression"
            ),
        ),
    ):
        yield from _first(
            entry, [frame for frame, own in zip(reserved, faults, strict=True) if own is entry], words
        )


def _bits(frame: Frame) -> str:
    names = [f"RSV{i + 1}" for i in range(3) if frame.rsv & 4 >> i]
    return " and ".join(names) + (" is" if len(names) == 1 else " are")


def _incomplete(frames: tuple[Frame, ...], rest: bytes) -> Iterator[Finding]:
    last = frames[-1] if frames else None
    if last is not None and not last.complete:
        yield F.FRAME_INCOMPLETE.found(
            f"a {name(last)} frame ends after {len(last.payload)} of {last.length} bytes",
            last.span,
        )
    elif rest and len(rest) < _HEADER_MAX and (last is None or last.opcode != CLOSE):
        yield F.FRAME_INCOMPLETE.found(
            f"the session ends with {counted(len(rest), 'byte')}, too few for a frame header",
        )


def session_is_open(reading: Reading) -> bool:
    """True if the server sent no Close before the HTTP that follows the handshake."""
    of = frames_before_http(reading)
    return of is not None and close_of(of) is None


_HTTP_ANSWER = (
    "a handler that returned a response or raised after the handshake, so that its HTTP server answered too"
)
_HTTP_TIMEOUT = "a timeout of the HTTP server, which still runs although the session is open"


def other_bytes(reading: Reading) -> Iterator[Finding]:
    """Report bytes after the handshake that cannot be frames: a body, HTTP, text."""
    response = handshake(reading)
    if response is None or reading.session is None:
        return
    kind = not_frames(reading)
    behind = http_behind(reading)
    if behind is not None and behind.head.first is not None and session_is_open(reading):
        line = behind.head.first
        yield F.SESSION_NOT_FRAMES.found(
            f"HTTP follows {opening_answer(reading)}, where only frames may come: {shown(line.text)}",
            line.span,
            usual=_HTTP_TIMEOUT if behind.status == 408 else _HTTP_ANSWER,
        )
        return
    if not kind:
        return
    start = reading.session.start
    span = (start, min(len(reading.received), start + 64))
    of_http1 = reading.http2 is None
    announced = response.head.all(b"content-length") or response.head.all(b"transfer-encoding")
    if kind == "text" and announced and of_http1:
        yield F.BODY_ON_101.found("a body follows the 101, where only frames may come", span)
    else:
        words = "a line end follows" if kind == "line ends" else f"{_KINDS.get(kind, kind)} follows"
        yield F.SESSION_NOT_FRAMES.found(f"{words} {opening_answer(reading)}, where only frames may come", span)


_KINDS = {"tls": "TLS", "ssh": "SSH", "http2": "HTTP/2", "ftp": "FTP", "smtp": "SMTP"}


def messages(reading: Reading, of: Session) -> Iterator[Finding]:
    """Check the order of fragments, UTF-8 in text and compressed messages. The first of each fault."""
    response = handshake(reading)
    if response is None:
        return
    left = [_unexpected, _interrupts, _broken_deflate, _final_block, _no_bytes, _broken_text]
    before: Message | None = None
    frames = said(of)
    alike = _alike_behind(frames)
    for message in _messages(reading, response, frames):
        if message.oddities or (before is not None and before.oddities):
            for check in tuple(left):
                if found := list(check(message, before)):
                    left.remove(check)
                    yield from found
        before = message
        if "too-large" in message.oddities and message.frames[0].start > alike:
            break  # nothing more is inflated, so nothing more can be wrong
    if before is not None and not before.complete and before.frames[-1].complete:
        yield F.MESSAGE_UNFINISHED.found(
            f"a {name(before.frames[0])} message was not finished after {counted(len(before.frames), 'frame')}",
            header(before.frames[0]),
        )


def _alike_behind(frames: tuple[Frame, ...]) -> int:
    """The start of the last frame that is neither a whole compressed message nor a control frame; -1 without
    one."""
    odd = (f.start for f in reversed(frames) if f.opcode < CLOSE and not (f.opcode and f.fin and f.rsv & RSV1))
    return next(odd, -1)


def _messages(reading: Reading, response: Response, frames: tuple[Frame, ...]) -> Iterator[Message]:
    """The messages of *frames*: those of the whole session, unless frames follow that do not count."""
    if reading.session is not None and len(frames) == len(reading.session.frames):
        return messages_of(reading)[0]
    agreed = deflate_of(reading)
    return each_message(frames, None if agreed is None else agreed.server)


def _unexpected(message: Message, before: Message | None) -> Iterator[Finding]:
    if "no-start" in message.oddities:
        yield F.CONTINUATION_UNEXPECTED.found(
            "a continuation frame arrived, but no message had begun", header(message.frames[0])
        )


def _interrupts(message: Message, before: Message | None) -> Iterator[Finding]:
    first = message.frames[0]
    if before is not None and "interrupted" in before.oddities:
        yield F.MESSAGE_INTERRUPTED.found(
            f"a {name(first)} message begins while a {name(before.frames[0])} message is unfinished",
            header(first),
        )


def _broken_deflate(message: Message, before: Message | None) -> Iterator[Finding]:
    if "not-deflate" in message.oddities:
        yield F.DEFLATE_BROKEN.found(
            f"a compressed message cannot be inflated: {message.problem}", _span(message)
        )


def _final_block(message: Message, before: Message | None) -> Iterator[Finding]:
    where = {
        "ended-with-message": "with the message, and no empty block follows",
        "ended-in-tail": "within the four bytes that the receiver appends",
    }
    for words in (where[odd] for odd in message.oddities if odd in where):
        yield F.DEFLATE_FINAL_BLOCK.found(f"a final block ends the DEFLATE stream {words}", _span(message))


def _no_bytes(message: Message, before: Message | None) -> Iterator[Finding]:
    if "no-bytes" in message.oddities:
        first = message.frames[0]
        yield F.DEFLATE_NO_BYTES.found(f"a compressed {name(first)} message has no bytes", header(first))


def _broken_text(message: Message, before: Message | None) -> Iterator[Finding]:
    compressed_unagreed = bool(message.frames[0].rsv & RSV1) and not message.compressed
    if message.opcode == TEXT and "not-utf-8" in message.oddities and not compressed_unagreed:
        at = utf8_fault(message.data, complete=message.complete) or 0
        yield F.TEXT_NOT_UTF8.found(
            f"a text message is not UTF-8 at byte {at}",
            _span(message),
            received=message.data[at : at + 4],
        )


def _span(message: Message) -> Span:
    return message.frames[0].start, message.frames[-1].span[1]


def close_frame(reading: Reading, of: Session) -> Iterator[Finding]:
    """Check the server's Close (sections 5.5.1 and 7.4)."""
    frame = close_of(of)
    if frame is None or not frame.complete:
        return
    data, code = frame.data, frame.close_code
    span = (frame.start + len(frame.header), frame.span[1])
    if len(data) == 1:
        yield F.CLOSE_BODY_ONE_BYTE.found(f"the Close carries one byte, 0x{data.hex()}", span, received=data)
    if code is None:
        return
    yield from _code(frame, code)
    try:
        data[2:].decode("utf-8")
    except UnicodeDecodeError as error:
        yield F.CLOSE_REASON_NOT_UTF8.found(
            f"the close reason is not UTF-8 at byte {error.start} ({error.reason})",
            (span[0] + 2, span[1]),
            received=data[2:],
        )


def _code(frame: Frame, code: int) -> Iterator[Finding]:
    start = frame.start + len(frame.header)
    span = (start, start + 2)
    said = b"%d" % code
    if code in NEVER_SENT:
        yield F.CLOSE_CODE_RESERVED.found(
            f"{code} means {NEVER_SENT[code]} and must not be sent",
            span,
            received=said,
        )
    elif not 1000 <= code < 5000:
        usual = _text_for_code(frame.data)
        where = f": the Close carries the text {shown(frame.data)} where a code of two bytes must be"
        yield F.CLOSE_CODE_RANGE.found(
            f"{code} is not a close code" + (where if usual else ""),
            span,
            expected=b"1000 to 4999",
            received=said,
            usual=usual or None,
        )
    elif code in AFTER_RFC6455:
        name_of = AFTER_RFC6455[code]
        yield F.CLOSE_CODE_LATER.found(f"{code} ({name_of}) is not in RFC 6455", span, received=said)
    elif not may_be_sent(code):
        words = "is reserved for a later meaning" if code == RESERVED else "is not registered"
        yield F.CLOSE_CODE_UNREGISTERED.found(f"{code} {words}", span, received=said)


def _text_for_code(data: bytes) -> str:
    """What usually writes *data*, which has text where the two bytes of a code must be; "" if it has no text.

    No code of four digits begins with such bytes, and none is near 12592, which is "10"."""
    if data[:4].isdigit():
        return "a server or proxy that writes the code as text (lighttpd)"
    if len(data) > 2 and data.isascii() and data.decode("ascii").isprintable():
        return "a server that sends a reason without a code"
    return ""


PONG_PATIENCE = 1_000_000
"""Microseconds between a Ping and a later Close in which a server that reads its frames sends a Pong."""


def pongs(reading: Reading, of: Session) -> Iterator[Finding]:
    """Check that a Ping, or one after it, has a Pong, if an answer to our Close shows that the server read on.

    A server that gets the Close together with the Ping need not answer the Ping (section 5.5.2).
    """
    ours, theirs = our_close(of), close_of(of)
    if ours is None or theirs is None or theirs.at <= ours.at:
        return
    pings = [frame for frame in of.sent if frame.opcode == PING and frame.start < ours.start]
    due = [ping for ping in pings if ours.at - ping.at >= PONG_PATIENCE]
    if not due or closed_by_server(of) is not None:
        return
    wanted = {ping.data for ping in pings[len(due) - 1 :]}
    came = [f.data for f in of.frames if f.opcode == PONG and f.complete and f.at >= due[-1].at]
    if wanted.isdisjoint(came):
        what = "only a Pong with other data" if came else "no Pong"
        seconds = f"{(ours.at - due[-1].at) / 1_000_000:.1f} s"
        yield F.PING_UNANSWERED.found(
            f"the Ping that wsprobe sent got {what}; the server answered the Close {seconds} later"
        )


def closing(reading: Reading) -> Iterator[Finding]:
    """Check the closing handshake: a Close from each side, no data after it (sections 5.5.1 and 7.1)."""
    if reading.session is None:
        return
    of = session(reading)
    if of is None:
        whole = frames_before_http(reading)
        if whole is not None and how(reading) in PEER_ENDED and not _ended(whole):
            yield _dropped(reading)
        return
    theirs, ours = close_of(of), our_close(of)
    failed = ours is not None and (theirs is None or ours.at < theirs.at) and _fails(reading, ours)
    if theirs is not None:
        yield from _after_close(reading, of, theirs)
        if ours is not None and not failed and theirs.at > ours.at and theirs.close_code != ours.close_code:
            yield from _other_code(reading, of, theirs, ours)
        if not failed and reading.http2 is None:
            yield from _end_of_tcp(reading, theirs, ours)
    elif failed:
        pass  # the server's reaction does not matter any more (section 7.1.7)
    elif of.frames and not of.frames[-1].complete and how(reading) not in (*PEER_ENDED, "limit"):
        last = of.frames[-1]
        yield F.FRAME_UNFINISHED.found(
            f"a {name(last)} frame announces {last.length} bytes, but only {len(last.payload)} had arrived "
            f"by the end",
            header(last),
        )
    elif ours is not None and how(reading) not in ("limit", "interrupted", ""):
        # A browser whose page is left does not wait for an answer.
        if sender(reading) == "wsprobe" or how(reading) != "local":
            yield F.CLOSE_UNANSWERED.found(
                f"the Close that {sender(reading)} sent got no answer: {_end(reading)}"
            )
    elif how(reading) in PEER_ENDED:
        yield _dropped(reading)
    if how(reading) == "limit":
        yield F.SESSION_CUT.found(f"{stopped(reading)}; the session was still open")


_FAILS = (1002, 1007, 1009, 1010)
"""The codes with which a client fails a connection (section 7.4.1)."""


def _fails(reading: Reading, ours: Frame) -> bool:
    """True if our Close fails the connection, and is not one that the plan asks for."""
    planned = any(act.do == "close" and act.code == ours.close_code for act in reading.exchange.plan.acts)
    return ours.close_code in _FAILS and not planned


def _ended(of: Session) -> bool:
    """True if a session with another framing was complete when the connection ended."""
    return of.drops or close_of(of) is not None or our_close(of) is not None


def _after_close(reading: Reading, of: Session, theirs: Frame) -> Iterator[Finding]:
    start = theirs.span[1]
    after = [frame for frame in of.frames if frame.start >= start]
    behind = http_behind(reading)
    if behind is not None and behind.head.first is not None and behind.head.start == start:
        line = behind.head.first
        yield F.DATA_AFTER_CLOSE.found(f"HTTP after the Close: {shown(line.text)}", line.span)
    elif theirs.complete and after:
        first = next((frame for frame in after if frame.opcode < CLOSE), after[0])
        more = f" and {len(after) - 1} more" if len(after) > 1 else ""
        entry = F.CONTROL_AFTER_CLOSE if first.is_control else F.DATA_AFTER_CLOSE
        yield entry.found(f"a {name(first)} frame{more} after the Close", header(first))
    elif theirs.complete and of.rest:
        what = counted(len(of.rest), "byte")
        yield F.DATA_AFTER_CLOSE.found(f"{what} after the Close", (start, len(reading.received)))


CLOSE_PATIENCE = 900_000
"""Microseconds after the second Close in which a server closes TCP at once. wsprobe waits for a second."""


UNANSWERED = 150
"""Microseconds after the server's Close in which no client has answered yet (Firefox, measured)."""
TOGETHER = 1000
"""The same, of an end that did not wait for the client's Close: Firefox mostly sees both at once (measured)."""


def _end_of_tcp(reading: Reading, theirs: Frame, ours: Frame | None) -> Iterator[Finding]:
    """Report an end of TCP that follows the server's Close too late, too early, or as a reset."""
    last = ended(reading)
    if last is None:
        return
    began = ours is None or ours.at >= theirs.at
    if last.how == "local" and ours is not None:
        waited = last.at - max(theirs.at, ours.at)
        if waited >= CLOSE_PATIENCE:
            seconds = f"{waited / 1_000_000:.1f} s"
            yield F.TCP_NOT_CLOSED.found(f"the server did not close TCP in the {seconds} after both Closes")
    elif last.how == "reset" and began:
        yield F.RESET_AFTER_CLOSE.found(
            f"the connection was reset {(last.at - theirs.at) / 1000:.1f} ms after the server's Close"
        )
    elif last.how in ("fin", "truncated") and began:
        unasked = ended_unasked(reading, None if ours is None else ours.at, last.at)
        if last.at - theirs.at < (TOGETHER if unasked else UNANSWERED):
            yield F.END_WITH_CLOSE.found("TCP ended together with the server's Close")


def _other_code(reading: Reading, of: Session, theirs: Frame, ours: Frame) -> Iterator[Finding]:
    if closed_by_server(of) is None:
        yield F.CLOSE_CODE_NOT_ECHOED.found(
            f"the Close that {sender(reading)} sent had the code {ours.close_code}, and the answer has none",
            header(theirs),
        )


def _dropped(reading: Reading) -> Finding:
    last = ended(reading)
    assert reading.session is not None
    assert last is not None
    opened = reading.when(max(reading.session.start - 1, 0))
    after = max(last.at - opened, 0) / 1000
    # The causes of the report say why, from what came before this end.
    return F.SESSION_DROPPED.found(
        f"{_end(reading)} {after:.1f} ms after {opening_answer(reading)}, without a Close", usual=""
    )


def _end(reading: Reading) -> str:
    end = how(reading)
    return PEER_ENDED.get(end, "the time limit ran out" if end == "timeout" else "the wait for it ended")
