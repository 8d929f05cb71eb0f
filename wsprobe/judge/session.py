"""After the handshake: frames, messages, the closing handshake (RFC 6455 sections 5, 7 and 8.1; RFC 7692).

One finding per rule: it points at the first frame that breaks the rule and counts the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsprobe.judge.finding import Entry, Finding, counted, shown
from wsprobe.judge.message import BODY_ON_101
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
    session,
    stopped,
)
from wsprobe.read.behind import frames_before_http, http_behind
from wsprobe.read.closing import NEVER_SENT, may_be_sent
from wsprobe.read.frames import (
    BINARY,
    CLOSE,
    RSV1,
    TEXT,
    Message,
    agreed_deflate,
    each_message,
    messages_of,
    utf8_fault,
)
from wsprobe.read.reading import Frame, Reading, Response, Session, Span

_HOME_MADE = "hand-written code that builds frames"

SESSION_NOT_FRAMES = Entry(
    "session-not-frames",
    "fail",
    "RFC 6455 section 5.2",
    title="What follows the handshake is not WebSocket frames",
    meaning="The server accepted the handshake and then sent something else; clients fail with a frame error.",
    usual="a handler that returns an HTTP response, or raises, after the handshake; a proxy or server "
    "that answers 101 and then continues in HTTP; text written to the raw socket",
    advice="Send frames only, through the server's WebSocket library.",
)
FRAME_MASKED = Entry(
    "frame-masked",
    "fail",
    "RFC 6455 section 5.1",
    title="A masked frame from the server",
    meaning="Only a client masks its frames. A client that receives a masked frame must close the connection.",
    usual="client code reused for the server side",
    advice="Send server frames with the mask bit 0.",
)
FRAME_RSV = Entry(
    "frame-rsv",
    "fail",
    "RFC 6455 section 5.2",
    title="Reserved bits are set",
    meaning="RSV1 to RSV3 must be 0, unless an extension that was agreed uses them.",
    usual="a stream in which bytes are missing or changed, or an extension that was not negotiated",
    advice="Send the bits as 0.",
)
FRAME_COMPRESSED_UNNEGOTIATED = Entry(
    "frame-compressed-unnegotiated",
    "fail",
    "RFC 6455 section 5.2; RFC 7692 section 6",
    title="A compressed message, although compression was not agreed",
    meaning="RSV1 marks a compressed message, but the answer did not accept permessage-deflate.",
    usual="a proxy that removed Sec-WebSocket-Extensions from the answer, or a server that always compresses",
    advice="Compress only if the answer carries permessage-deflate.",
)
FRAME_RSV1_MISPLACED = Entry(
    "frame-rsv1-misplaced",
    "fail",
    "RFC 7692 section 6.1",
    title="RSV1 is set on the wrong frame",
    meaning="With permessage-deflate RSV1 belongs on the first frame of a data message only, not on "
    "continuations or control frames.",
    usual=_HOME_MADE,
    advice="Set RSV1 on the first frame of a compressed message only.",
)
FRAME_OPCODE_RESERVED = Entry(
    "frame-opcode-reserved",
    "fail",
    "RFC 6455 section 5.2",
    title="A reserved opcode",
    meaning="Opcodes 3 to 7 and 11 to 15 are reserved; a client must fail the connection.",
    usual="a stream in which bytes are missing or changed, or opcodes of a draft before version 7",
    advice="Use opcodes 0, 1, 2, 8, 9 and 10.",
)
FRAME_LENGTH_NOT_MINIMAL = Entry(
    "frame-length-not-minimal",
    "fail",
    "RFC 6455 section 5.2",
    title="A length in more bytes than it needs",
    meaning="RFC 6455 requires the shortest form of the length.",
    usual=_HOME_MADE + " with a fixed header size",
    advice="Use 7 bits up to 125, 16 bits up to 65535, and 64 bits above.",
)
FRAME_LENGTH_MSB = Entry(
    "frame-length-msb",
    "fail",
    "RFC 6455 section 5.2",
    title="A length of 2^63 or more",
    meaning="The most significant bit of a 64-bit length must be 0.",
    usual="a stream in which bytes are missing or changed, or a signed number",
    advice="Check the byte order and sign of the length.",
)
FRAME_INCOMPLETE = Entry(
    "frame-incomplete",
    "warn",
    "RFC 6455 section 5.2",
    title="The last frame is incomplete",
    meaning="The connection ended in the middle of a frame. A client sees an abnormal closure (1006).",
    usual="a server process that was stopped, or a frame that announces more bytes than it has",
    advice="Check that the announced length counts bytes, and read the server's log at that time.",
)
FRAME_UNFINISHED = Entry(
    "frame-unfinished",
    "note",
    "RFC 6455 section 5.2",
    title="A frame was not complete when listening stopped",
    meaning="wsprobe stopped listening in the middle of a frame, so it cannot judge that frame or what "
    "follows it, the answer to its Close included.",
    usual="a large message, or a length that is announced and never sent",
    advice="Listen longer (`--linger`), and check that the announced length counts bytes.",
)
CONTROL_FRAGMENTED = Entry(
    "control-fragmented",
    "fail",
    "RFC 6455 section 5.5",
    title="A fragmented control frame",
    meaning="Close, Ping and Pong must not be fragmented.",
    usual=_HOME_MADE,
    advice="Send control frames with FIN set.",
)
CONTROL_TOO_LONG = Entry(
    "control-too-long",
    "fail",
    "RFC 6455 section 5.5",
    title="A control frame of more than 125 bytes",
    meaning="Control frames carry at most 125 bytes; in a Close two of them are the code.",
    usual="a close reason of more than 123 bytes",
    advice="Cut the reason to 123 bytes of UTF-8.",
)
CONTINUATION_UNEXPECTED = Entry(
    "continuation-unexpected",
    "fail",
    "RFC 6455 section 5.4",
    title="A continuation frame without a message",
    meaning="The server sent a continuation frame before any message had begun.",
    usual=_HOME_MADE + ", or opcodes of a draft before version 7",
    advice="Begin each message with opcode 1 or 2.",
)
MESSAGE_INTERRUPTED = Entry(
    "message-interrupted",
    "fail",
    "RFC 6455 section 5.4",
    title="A new message inside an unfinished one",
    meaning="Only control frames may come between the fragments of a message.",
    usual="two tasks that write to one connection",
    advice="Send one message at a time.",
)
MESSAGE_UNFINISHED = Entry(
    "message-unfinished",
    "note",
    "RFC 6455 section 5.4",
    title="The last message was not finished",
    meaning="The session ended between the fragments of a message; a script never gets that message.",
    usual="a long message that was still coming when wsprobe stopped listening",
    advice="Listen longer (`--linger`).",
)
TEXT_NOT_UTF8 = Entry(
    "text-not-utf8",
    "fail",
    "RFC 6455 section 8.1",
    title="A text message that is not UTF-8",
    meaning="A client must fail the connection (close code 1007).",
    usual="binary or Latin-1 data sent as text, or a character cut in two",
    advice="Send it as a binary message, or encode it in UTF-8.",
)
DEFLATE_BROKEN = Entry(
    "deflate-broken",
    "fail",
    "RFC 7692 section 7.2.2",
    title="A compressed message cannot be inflated",
    meaning="The payload is not a DEFLATE stream, or refers to data that was never sent.",
    usual="gzip or zlib headers that were not removed, a lost compression context, or a larger window "
    "than agreed",
    advice="Send raw DEFLATE and keep to the agreed context and window.",
)
CLOSE_BODY_ONE_BYTE = Entry(
    "close-body-one-byte",
    "fail",
    "RFC 6455 section 5.5.1",
    title="A Close with one byte",
    meaning="A Close is empty or begins with a two-byte code.",
    usual="a code written as one byte or one character",
    advice="Write the code as two bytes, big-endian.",
)
CLOSE_CODE_RESERVED = Entry(
    "close-code-reserved",
    "fail",
    "RFC 6455 section 7.4.1",
    title="A close code that must not be sent",
    meaning="1005, 1006 and 1015 describe an end for which no code was sent; no endpoint may send them.",
    usual="a proxy or library that passes on the code it computed for its own side",
    advice="Send 1000, 1001, 1011 or a code from 4000 to 4999.",
)
CLOSE_CODE_RANGE = Entry(
    "close-code-range",
    "fail",
    "RFC 6455 section 7.4.2",
    title="A close code outside 1000 to 4999",
    meaning="Codes below 1000 are not used, and none is defined from 5000 on.",
    usual="an HTTP status used as a close code, wrong byte order, or text where the code must be",
    advice="Send a code from 4000 to 4999; for example 4403 for what HTTP calls 403.",
)
CLOSE_CODE_UNREGISTERED = Entry(
    "close-code-unregistered",
    "warn",
    "RFC 6455 section 7.4.2",
    title="A close code that is not registered",
    meaning="1004 and 1016 to 2999 are reserved for the protocol and its extensions. Some clients refuse "
    "a code that is not registered.",
    usual="an application code picked from the wrong range",
    advice="Use 4000 to 4999 for codes of your own.",
)
CLOSE_REASON_NOT_UTF8 = Entry(
    "close-reason-not-utf8",
    "fail",
    "RFC 6455 sections 5.5.1 and 8.1",
    title="The close reason is not UTF-8",
    meaning="A client must treat it as a broken text (code 1007).",
    usual="a reason cut at 123 bytes in the middle of a character",
    advice="Cut the reason between characters.",
)
CLOSE_CODE_NOT_ECHOED = Entry(
    "close-code-not-echoed",
    "note",
    "RFC 6455 section 5.5.1",
    title="The server answered Close with another code",
    meaning="The answer to a Close usually repeats its code, but does not have to.",
    usual="a server that always closes with its own code",
    advice="Nothing needs to be done.",
)
DATA_AFTER_CLOSE = Entry(
    "data-after-close",
    "warn",
    "RFC 6455 section 5.5.1",
    title="The server sent more after its Close",
    meaning="After its Close an endpoint must not send anything. Most clients ignore what comes; some "
    "report an error, and then the close code is lost.",
    usual="a second task that still sends, or a server that closes twice",
    advice="Stop everything that sends before you close.",
)
CLOSE_UNANSWERED = Entry(
    "close-unanswered",
    "warn",
    "RFC 6455 section 5.5.1",
    title="The Close was not answered",
    meaning="An endpoint that receives a Close must answer with a Close. Without one the closure is not clean.",
    usual="a server that closes TCP immediately, or does not read",
    advice="Let the server's library do the closing handshake.",
)
SESSION_DROPPED = Entry(
    "session-dropped",
    "warn",
    "RFC 6455 sections 7.1.5 and 7.2.1",
    title="Dropped without a Close",
    meaning="The connection ended with no Close frame: clients see code 1006, an abnormal closure.",
    usual="a crash after the handshake, a proxy's timeout or restart, or a server that closes TCP without "
    "a Close frame",
    advice="Read the logs of the server and the proxies at that time; send a Close frame before closing TCP.",
)
SESSION_CUT = Entry(
    "session-cut",
    "note",
    "RFC 6455 section 5",
    title="The server sent more than wsprobe keeps",
    meaning="wsprobe stopped reading at its own limit. Nothing is wrong with the session.",
    usual="a server that sends a lot of data",
    advice="Nothing needs to be done.",
)


_NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "Close", 9: "Ping", 10: "Pong"}
_MSB = 1 << 63
_HEADER_MAX = 14

_Broken = Callable[[Frame], bool]
_Words = Callable[[Frame], str]

_CHECKS: tuple[tuple[Entry, _Broken, _Words], ...] = (
    (
        FRAME_OPCODE_RESERVED,
        lambda frame: frame.opcode not in _NAMES,
        lambda frame: f"opcode {frame.opcode} is reserved",
    ),
    (FRAME_MASKED, lambda frame: frame.masked, lambda frame: f"the server masks a {name(frame)} frame"),
    (
        CONTROL_FRAGMENTED,
        lambda frame: frame.is_control and not frame.fin,
        lambda frame: f"a {name(frame)} frame without FIN",
    ),
    (
        CONTROL_TOO_LONG,
        lambda frame: frame.is_control and frame.length > 125,
        lambda frame: f"a {name(frame)} frame of {frame.length} bytes",
    ),
    (
        FRAME_LENGTH_NOT_MINIMAL,
        lambda frame: not frame.minimal,
        lambda frame: f"the length {frame.length} is written in more bytes than it needs",
    ),
    (
        FRAME_LENGTH_MSB,
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
    for entry, broken, words in _CHECKS:
        yield from _first(entry, [frame for frame in odd if broken(frame)], words)
    yield from _reserved_bits(reading, frames)
    if how(reading) in PEER_ENDED:
        yield from _incomplete(frames, of.rest)


def _first(entry: Entry, bad: list[Frame], words: _Words) -> Iterator[Finding]:
    if bad:
        more = f", and {len(bad) - 1} more like it" if len(bad) > 1 else ""
        yield entry.found(words(bad[0]) + more, header(bad[0]))


def _reserved_bits(reading: Reading, frames: tuple[Frame, ...]) -> Iterator[Finding]:
    """Check RSV1 to RSV3; an unknown extension may define any of them."""
    response = handshake(reading)
    in_use = set() if response is None else {extension.name for extension, _ in accepted(response)}
    if in_use - {DEFLATE}:
        return

    def fault(frame: Frame) -> Entry | None:
        data = frame.opcode in (TEXT, BINARY)
        if frame.rsv != 4:
            return FRAME_RSV
        if in_use:
            return None if data else FRAME_RSV1_MISPLACED
        return FRAME_COMPRESSED_UNNEGOTIATED if data else FRAME_RSV

    reserved = [frame for frame in frames if frame.rsv]
    faults = [fault(frame) for frame in reserved]
    for entry, words in (
        (FRAME_RSV, lambda frame: f"{_bits(frame)} set on a {name(frame)} frame"),
        (FRAME_RSV1_MISPLACED, lambda frame: f"RSV1 is set on a {name(frame)} frame"),
        (
            FRAME_COMPRESSED_UNNEGOTIATED,
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
        yield FRAME_INCOMPLETE.found(
            f"a {name(last)} frame ends after {len(last.payload)} of {last.length} bytes",
            last.span,
        )
    elif rest and len(rest) < _HEADER_MAX and (last is None or last.opcode != CLOSE):
        yield FRAME_INCOMPLETE.found(
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
        yield SESSION_NOT_FRAMES.found(
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
        yield BODY_ON_101.found("a body follows the 101, where only frames may come", span)
    else:
        words = "a line end follows" if kind == "line ends" else f"{_KINDS.get(kind, kind)} follows"
        yield SESSION_NOT_FRAMES.found(f"{words} {opening_answer(reading)}, where only frames may come", span)


_KINDS = {"tls": "TLS", "ssh": "SSH", "http2": "HTTP/2", "ftp": "FTP", "smtp": "SMTP"}


def messages(reading: Reading, of: Session) -> Iterator[Finding]:
    """Check the order of fragments, UTF-8 in text and compressed messages. The first of each fault."""
    response = handshake(reading)
    if response is None:
        return
    left = [_unexpected, _interrupts, _broken_deflate, _broken_text]
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
        yield MESSAGE_UNFINISHED.found(
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
    agreed = agreed_deflate(response.head)
    return each_message(frames, None if agreed is None else agreed.server)


def _unexpected(message: Message, before: Message | None) -> Iterator[Finding]:
    if "no-start" in message.oddities:
        yield CONTINUATION_UNEXPECTED.found(
            "a continuation frame arrived, but no message had begun", header(message.frames[0])
        )


def _interrupts(message: Message, before: Message | None) -> Iterator[Finding]:
    first = message.frames[0]
    if before is not None and "interrupted" in before.oddities:
        yield MESSAGE_INTERRUPTED.found(
            f"a {name(first)} message begins while a {name(before.frames[0])} message is unfinished",
            header(first),
        )


def _broken_deflate(message: Message, before: Message | None) -> Iterator[Finding]:
    if "not-deflate" in message.oddities:
        yield DEFLATE_BROKEN.found(
            f"a compressed message cannot be inflated: {message.problem}", _span(message)
        )


def _broken_text(message: Message, before: Message | None) -> Iterator[Finding]:
    compressed_unagreed = bool(message.frames[0].rsv & RSV1) and not message.compressed
    if message.opcode == TEXT and "not-utf-8" in message.oddities and not compressed_unagreed:
        at = utf8_fault(message.data, complete=message.complete) or 0
        yield TEXT_NOT_UTF8.found(
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
        yield CLOSE_BODY_ONE_BYTE.found(f"the Close carries one byte, 0x{data.hex()}", span, received=data)
    if code is None:
        return
    yield from _code(frame, code)
    try:
        data[2:].decode("utf-8")
    except UnicodeDecodeError as error:
        yield CLOSE_REASON_NOT_UTF8.found(
            f"the close reason is not UTF-8 at byte {error.start} ({error.reason})",
            (span[0] + 2, span[1]),
            received=data[2:],
        )


def _code(frame: Frame, code: int) -> Iterator[Finding]:
    start = frame.start + len(frame.header)
    span = (start, start + 2)
    said = b"%d" % code
    if code in NEVER_SENT:
        yield CLOSE_CODE_RESERVED.found(
            f"{code} means {NEVER_SENT[code]} and must not be sent",
            span,
            received=said,
        )
    elif not 1000 <= code < 5000:
        usual = _text_for_code(frame.data)
        where = f": the Close carries the text {shown(frame.data)} where a code of two bytes must be"
        yield CLOSE_CODE_RANGE.found(
            f"{code} is not a close code" + (where if usual else ""),
            span,
            expected=b"1000 to 4999",
            received=said,
            usual=usual or None,
        )
    elif not may_be_sent(code):
        yield CLOSE_CODE_UNREGISTERED.found(f"{code} is not registered", span, received=said)


def _text_for_code(data: bytes) -> str:
    """What usually writes *data*, which has text where the two bytes of a code must be; "" if it has no text.

    No code of four digits begins with such bytes, and none is near 12592, which is "10"."""
    if data[:4].isdigit():
        return "a server or proxy that writes the code as text (lighttpd)"
    if len(data) > 2 and data.isascii() and data.decode("ascii").isprintable():
        return "a server that sends a reason without a code"
    return ""


def closing(reading: Reading) -> Iterator[Finding]:
    """Check the closing handshake: a Close from each side, nothing after it (sections 5.5.1 and 7.1)."""
    if reading.session is None:
        return
    of = session(reading)
    if of is None:
        whole = frames_before_http(reading)
        if whole is not None and how(reading) in PEER_ENDED and not _ended(whole):
            yield _dropped(reading)
        return
    theirs, ours = close_of(of), our_close(of)
    if theirs is not None:
        yield from _after_close(reading, of, theirs)
        if ours is not None and theirs.at > ours.at and theirs.close_code != ours.close_code:
            yield from _other_code(of, theirs, ours)
    elif of.frames and not of.frames[-1].complete and how(reading) not in (*PEER_ENDED, "limit"):
        last = of.frames[-1]
        yield FRAME_UNFINISHED.found(
            f"a {name(last)} frame announces {last.length} bytes, but only {len(last.payload)} had arrived "
            f"by the end",
            header(last),
        )
    elif ours is not None and how(reading) not in ("limit", "interrupted", ""):
        yield CLOSE_UNANSWERED.found(f"the Close that wsprobe sent got no answer: {_end(reading)}")
    elif how(reading) in PEER_ENDED:
        yield _dropped(reading)
    if how(reading) == "limit":
        yield SESSION_CUT.found(f"{stopped(reading)}; the session was still open")


def _ended(of: Session) -> bool:
    """True if a session with another framing was complete when the connection ended."""
    return of.drops or close_of(of) is not None or our_close(of) is not None


def _after_close(reading: Reading, of: Session, theirs: Frame) -> Iterator[Finding]:
    start = theirs.span[1]
    after = [frame for frame in of.frames if frame.start >= start]
    behind = http_behind(reading)
    if behind is not None and behind.head.first is not None and behind.head.start == start:
        first = behind.head.first
        yield DATA_AFTER_CLOSE.found(f"HTTP after the Close: {shown(first.text)}", first.span)
    elif theirs.complete and (after or of.rest):
        what = f"a {name(after[0])} frame" if after else counted(len(of.rest), "byte")
        more = f" and {len(after) - 1} more" if len(after) > 1 else ""
        span = header(after[0]) if after else (start, len(reading.received))
        yield DATA_AFTER_CLOSE.found(f"{what}{more} after the Close", span)


def _other_code(of: Session, theirs: Frame, ours: Frame) -> Iterator[Finding]:
    if closed_by_server(of) is None:
        yield CLOSE_CODE_NOT_ECHOED.found(
            f"the Close that wsprobe sent had the code {ours.close_code}, and the answer has none",
            header(theirs),
        )


def _dropped(reading: Reading) -> Finding:
    last = ended(reading)
    assert reading.session is not None
    assert last is not None
    opened = reading.when(max(reading.session.start - 1, 0))
    after = max(last.at - opened, 0) / 1000
    # The causes of the report say why, from what came before this end.
    return SESSION_DROPPED.found(
        f"{_end(reading)} {after:.1f} ms after {opening_answer(reading)}, without a Close", usual=""
    )


def _end(reading: Reading) -> str:
    end = how(reading)
    return PEER_ENDED.get(end, "the time limit ran out" if end == "timeout" else "the wait for it ended")
