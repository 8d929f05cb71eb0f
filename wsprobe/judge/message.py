"""The form of HTTP messages (RFC 9112, RFC 9110 section 5), and headers that a 101 must not have.

One finding per oddity and head: it points at the first place and counts the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Entry, Finding, counted, shown
from wsprobe.judge.subject import PEER_ENDED, blank, how, status_span, stopped, where
from wsprobe.read.head import LINES_MAX
from wsprobe.read.reading import Body, Field, Head, Reading, Response, Span
from wsprobe.read.tokens import VALUE_MAX

_HAND_WRITTEN = "a server that writes its answers by hand, byte by byte"

HEAD_EMPTY_LINES = Entry(
    "head-empty-lines",
    "warn",
    "RFC 9112 section 2.2",
    title="Empty lines before the status line",
    meaning="An answer begins with its status line. Many clients skip empty lines before it, strict ones "
    "do not.",
    usual="a line end left over from an earlier answer, or a template that begins with a line break",
    advice="Begin with the status line.",
)
HEAD_BARE_LF = Entry(
    "head-bare-lf",
    "warn",
    "RFC 9112 section 2.2",
    title="Lines end with LF alone",
    meaning="Lines must end with CR LF. A client may accept LF alone as a line end, but not every client does.",
    usual=_HAND_WRITTEN + ", with `\\n` for `\\r\\n`",
    advice="End every line with CR LF.",
)
HEAD_BARE_CR = Entry(
    "head-bare-cr",
    "warn",
    "RFC 9112 section 2.2",
    title="A CR inside a line",
    meaning="A CR that is not followed by LF makes the header invalid; clients refuse it, replace the CR "
    "by a space, or read two lines.",
    usual="untrusted input put into a header without a check",
    advice="Remove line ends from header values.",
)
HEAD_NUL = Entry(
    "head-nul",
    "warn",
    "RFC 9110 section 5.5",
    title="A NUL byte in the head",
    meaning="NUL is invalid and dangerous in a header; clients refuse the answer or replace the byte.",
    usual="a C string or a fixed-size buffer sent with its terminator",
    advice="Send the length of the text, not of the buffer.",
)
HEAD_CONTROL = Entry(
    "head-control",
    "warn",
    "RFC 9110 section 5.5",
    title="Control bytes in the head",
    meaning="Control characters are not allowed in headers; clients treat them differently.",
    usual="binary data or terminal escapes put in a header",
    advice="Encode such a value (base64 or percent-encoding).",
)
HEAD_8_BIT = Entry(
    "head-8-bit",
    "note",
    "RFC 9110 section 5.5",
    title="Bytes above 127 in the head",
    meaning="Header values are US-ASCII; other bytes have no defined meaning, and clients decode "
    "them "
    "differently.",
    usual="a name or message in UTF-8 or Latin-1",
    advice="Put such text in the body, or encode it.",
)
HEAD_OBS_FOLD = Entry(
    "head-obs-fold",
    "warn",
    "RFC 9112 section 5.2",
    title="A folded header",
    meaning="Continuing a header on the next line is obsolete; a server must not do so, and a client "
    "replaces the fold by spaces.",
    usual="a long value that was wrapped as in an e-mail",
    advice="Write each header on one line.",
)
HEAD_NO_COLON = Entry(
    "head-no-colon",
    "warn",
    "RFC 9112 section 5",
    title="A header line without a colon",
    meaning="The line is not a header. Clients drop it or refuse the answer.",
    usual=_HAND_WRITTEN,
    advice="Write `Name: value`, or remove the line.",
)
HEAD_EMPTY_NAME = Entry(
    "head-empty-name",
    "warn",
    "RFC 9112 section 5",
    title="A header without a name",
    meaning="A header name is a token of at least one character.",
    usual="a header built from an empty variable",
    advice="Remove the line.",
)
HEAD_NAME_NOT_TOKEN = Entry(
    "head-name-not-token",
    "warn",
    "RFC 9110 section 5.1",
    title="A header name that is not a token",
    meaning="A header name consists of letters, digits and a few other characters. Strict clients refuse "
    "the answer.",
    usual="a name with spaces, brackets or letters beyond ASCII",
    advice="Rename the header.",
)
HEAD_SPACE_BEFORE_COLON = Entry(
    "head-space-before-colon",
    "warn",
    "RFC 9112 section 5.1",
    title="White space before the colon",
    meaning="White space is not allowed between name and colon: some clients read the space as part of "
    "the name and so miss the header.",
    usual=_HAND_WRITTEN,
    advice="Write `Name: value`.",
)
HEAD_SPACE_FIRST = Entry(
    "head-space-first",
    "warn",
    "RFC 9112 section 2.2",
    title="White space before the first header",
    meaning="A line that begins with white space directly after the status line continues nothing; clients "
    "refuse it or drop the line.",
    usual="an indented template",
    advice="Begin every header at the start of its line.",
)
HEAD_LARGE = Entry(
    "head-large",
    "note",
    "RFC 9110 section 5.4",
    title="A large head",
    meaning="HTTP does not limit the size of the head, but implementations do: 8 to 16 KiB or 100 lines "
    "are common in libraries and proxies, 256 KiB in browsers.",
    usual="cookies or debugging headers that grew",
    advice="Keep the whole head under 8 KiB.",
)
HEAD_LINE_LONG = Entry(
    "head-line-long",
    "note",
    "RFC 9110 section 5.4",
    title="A line of the head is too long to read in full",
    meaning="The line is shown and saved. But wsprobe reads only the first part of a list in the line, does "
    "not "
    "read extensions there, and does not run h11 on the answer, which would need hundreds of times its "
    "size in memory.",
    usual="a broken or hostile server",
    advice="Keep every line of a head under 8 KiB.",
)
CONTENT_LENGTH_ON_101 = Entry(
    "content-length-on-101",
    "warn",
    "RFC 9110 section 8.6",
    title="Content-Length on a 101",
    meaning="A 1xx answer has no body and must not carry Content-Length. Clients ignore it, some proxies "
    "do not.",
    usual="a framework that adds Content-Length to every answer",
    advice="Leave the header out of the 101.",
)
TRANSFER_ENCODING_ON_101 = Entry(
    "transfer-encoding-on-101",
    "warn",
    "RFC 9112 section 6.1",
    title="Transfer-Encoding on a 101",
    meaning="A 1xx answer has no body and must not carry Transfer-Encoding. Clients ignore it, some "
    "proxies do not.",
    usual="a framework that streams every answer",
    advice="Leave the header out of the 101.",
)
BODY_ON_101 = Entry(
    "body-on-101",
    "fail",
    "RFC 9110 section 15.2; RFC 6455 section 5.2",
    title="The 101 has a body",
    meaning="Text follows the 101 where only WebSocket frames may come: a client reads it as broken frames.",
    usual="a framework that writes a body to every answer",
    advice="Send nothing but frames after the blank line of the 101.",
)
LENGTH_CONFLICT = Entry(
    "length-conflict",
    "warn",
    "RFC 9112 section 6.3",
    title="Content-Length is unusable",
    meaning="It has several different values, or a value that is not a number: a client cannot know where "
    "the body ends.",
    usual="two layers that each set the header",
    advice="Send one correct Content-Length.",
)
BODY_TRUNCATED = Entry(
    "body-truncated",
    "warn",
    "RFC 9112 section 8",
    title="The body was cut short by the server",
    meaning="The connection ended before the announced length had arrived. The status is valid; the body is "
    "incomplete.",
    usual="a server that closes immediately after refusing, or a Content-Length that counts characters "
    "instead of bytes",
    advice="Send as many bytes as announced, then close.",
)
BODY_TOO_LONG = Entry(
    "body-too-long",
    "warn",
    "RFC 9112 section 6.3",
    title="More bytes than announced",
    meaning="Bytes follow the end of the body. They do not belong to any answer, and clients ignore them.",
    usual="a Content-Length that counts characters instead of bytes, or a server that answers twice",
    advice="Count bytes, and send one answer.",
)
BODY_MALFORMED = Entry(
    "body-malformed",
    "warn",
    "RFC 9112 section 7.1",
    title="The body's framing is broken",
    meaning="The transfer coding cannot be read to the end, so it is uncertain which bytes are content.",
    usual="a body marked as chunked that is not chunked, or was encoded twice",
    advice="Let the server library do the framing.",
)
BODY_CUT = Entry(
    "body-cut",
    "note",
    "RFC 9110 section 6.4",
    title="The body is longer than wsprobe keeps",
    meaning="wsprobe stopped reading at its own limit. Nothing is wrong with the answer.",
    usual="a large error page, a download, or chunks without end",
    advice="Raise the limit with `--max-body`.",
)
BODY_UNFINISHED = Entry(
    "body-unfinished",
    "warn",
    "RFC 9112 section 6.3",
    title="The time limit ran out inside the body",
    meaning="The status and headers are complete and valid; the body had not ended yet.",
    usual="a body without a length on a connection that is kept open, or a slow server",
    advice="Send Content-Length, or close the connection after the body; `-m` raises the time limit.",
)
CODING_FAILED = Entry(
    "coding-failed",
    "warn",
    "RFC 9110 section 8.4",
    title="The body's coding could not be decoded",
    meaning="Content-Encoding or Transfer-Encoding does not match the body, or Content-Encoding names a coding "
    "that wsprobe does not know. The body is shown without decoding.",
    usual="a proxy that changes the body or the header, but not both",
    advice="Compare the header with the body's first bytes.",
)
H11_REFUSES = Entry(
    "h11-refuses",
    "warn",
    "RFC 9112",
    title="A strict client library refuses this",
    meaning="h11, the library behind many Python clients, refuses this answer. A program that uses h11 "
    "shows a protocol error instead of the answer.",
    usual="one of the other findings about the head or body",
    advice="Correct the other findings.",
)


_ODDITIES = {
    "no-colon": (HEAD_NO_COLON, "this line has no colon"),
    "empty-name": (HEAD_EMPTY_NAME, "this header has no name"),
    "space-before-colon": (HEAD_SPACE_BEFORE_COLON, "there is white space before the colon"),
    "space-before-name": (HEAD_SPACE_FIRST, "the first line after the status line begins with white space"),
    "folded": (HEAD_OBS_FOLD, "this header is folded over more than one line"),
    "bare-lf": (HEAD_BARE_LF, "this line ends with LF alone"),
    "bare-cr": (HEAD_BARE_CR, "there is a CR inside this line"),
    "nul": (HEAD_NUL, "there is a NUL byte in this line"),
    "control": (HEAD_CONTROL, "there are control bytes in this line"),
    "8-bit": (HEAD_8_BIT, "there are bytes above 127 in this line"),
}

_PEER_LEFT = (
    "peer closed connection",
    "peer unexpectedly closed connection",
    "can't handle event type ConnectionClosed",
)
"""Errors of h11 0.16 about the end of an incomplete answer, not about its bytes."""

LARGE_HEAD = 16 * 1024
MANY_FIELDS = 100


def head(reading: Reading) -> Iterator[Finding]:
    """Report oddities in all heads; in interim answers only the first of each kind."""
    if reading.looks_like:
        return
    told: set[str] = set()
    for response in reading.responses:
        for finding in _of_one(response):
            if not response.interim or finding.id not in told:
                told.add(finding.id)
                yield finding


def _of_one(response: Response) -> Iterator[Finding]:
    if "leading-empty-lines" in response.oddities:
        start = response.head.start
        yield HEAD_EMPTY_LINES.found("empty lines come before the status line", (start, start))
    yield from _lines(response)
    yield from _size(response.head)


def _lines(response: Response) -> Iterator[Finding]:
    head, fields = response.head, response.head.fields
    found = set(response.oddities)
    for field in fields:
        if field.oddities:
            found.update(field.oddities)
    if head.blank == b"\n":
        found.add("bare-lf")
    if not found:
        return
    for oddity, (entry, words) in _ODDITIES.items():
        if oddity not in found:
            continue
        places = [field.span for field in fields if oddity in field.oddities and not _cut(head, field, oddity)]
        if oddity in response.oddities and head.first is not None:
            places.insert(0, head.first.span)
        if oddity == "bare-lf" and head.blank == b"\n" and not places:
            end = head.start + len(head.raw) - 1
            places.append((end, end))
        if places:
            yield entry.found(words + _more(places), places[0])
    names = [field for field in fields if "name-not-token" in field.oddities]
    if names:
        yield HEAD_NAME_NOT_TOKEN.found(
            f"{shown(names[0].name)} is not a header name" + _more([field.span for field in names]),
            (names[0].lines[0].start, names[0].lines[0].start + len(names[0].name)),
        )


def _cut(head: Head, field: Field, oddity: str) -> bool:
    """True if the head ended inside *field*, and *oddity* means nothing more."""
    last = field.lines[-1]
    if head.complete or field is not head.fields[-1] or last.end:
        return False
    return oddity == "no-colon" or (oddity == "bare-cr" and b"\r" not in last.text[:-1])


def _more(places: list[Span]) -> str:
    return f", and {len(places) - 1} more like it" if len(places) > 1 else ""


def _size(head: Head) -> Iterator[Finding]:
    size = len(head.raw)
    if size > LARGE_HEAD or len(head.fields) > MANY_FIELDS:
        yield HEAD_LARGE.found(
            f"the head has {size} bytes and {counted(len(head.fields), 'header')}",
            (head.start, head.start + size),
        )
    for line in head.lines if size > VALUE_MAX else ():
        if len(line.text) > VALUE_MAX:
            # A line with a line end in it is everything after the last line that was split off.
            rest = b"\n" in line.text
            words = (
                f"everything after the first {LINES_MAX} lines is read as one line of" if rest else "a line has"
            )
            yield HEAD_LINE_LONG.found(
                f"{words} {len(line.text)} bytes; only the first {VALUE_MAX} are parsed", line.span
            )
            return


def framing_on_101(reading: Reading, response: Response) -> Iterator[Finding]:
    """Content-Length and Transfer-Encoding on a 101, which has no body (RFC 9110 section 8.6, 9112 6.1)."""
    for name, entry in (
        (b"content-length", CONTENT_LENGTH_ON_101),
        (b"transfer-encoding", TRANSFER_ENCODING_ON_101),
    ):
        fields = response.head.all(name)
        if fields:
            yield entry.found(
                f"a 101 has no body, but this one has {shown(fields[0].name)}: {shown(fields[0].value)}",
                where(response.head, fields),
            )


def strict_library(reading: Reading) -> Iterator[Finding]:
    """Report what h11 says about the same bytes, unless it only reports the end or another protocol."""
    opinion = reading.opinion
    if opinion is None or opinion.accepts or opinion.waits or reading.looks_like:
        return
    if opinion.message.startswith(_PEER_LEFT):
        return
    if reading.responses and not blank(reading.responses[-1].head):
        yield H11_REFUSES.found(
            f"a strict client library (h11) refuses this: {_what_came(opinion.message)}",
            status_span(reading.responses[-1]),
        )


_CAME = (
    ("illegal status line", "the status line does not have the required form"),
    (
        "continuation line at start",
        "the first header line begins with white space, as if it continued another line",
    ),
    ("illegal header line", "a header line is not NAME: VALUE, or has a forbidden byte"),
    ("illegal header name", "a header name has a byte that is not allowed"),
    ("illegal header value", "a header value has a byte that is not allowed"),
    ("conflicting content-length", "Content-Length has several different numbers"),
    ("bad content-length", "Content-Length is not a valid number"),
    ("multiple transfer-encoding", "Transfer-Encoding appears more than once"),
    ("only transfer-encoding: chunked", "Transfer-Encoding is not chunked alone"),
    ("illegal chunk header", "a chunk of the body does not begin with its length in hex"),
    ("malformed chunk footer", "a chunk of the body does not end after its length"),
    ("no response line", "there is an empty line in place of the status line"),
    ("response status_code", "the status code is outside 100 to 999"),
    ("informationalresponse status_code", "the status code is outside 100 to 999"),
    ("receive buffer too long", "the head is too long"),
)
"""The beginning of h11 0.16's error (in lower case) -> the fault in words."""


def _what_came(message: str) -> str:
    """Return the fault that h11 found; its own words if they are unknown."""
    message = message.removeprefix("h11: ")
    said = message.lower()
    known = next((words for begins, words in _CAME if said.startswith(begins)), "")
    return known or f"h11 reports {shown(message.encode())}"


def body(reading: Reading, response: Response) -> Iterator[Finding]:
    """Check the body's framing (RFC 9112 section 6) and content coding (RFC 9110 section 8.4)."""
    of = response.body
    if of is None:
        return
    if not of.complete or of.malformed or of.framing == "unknown":
        yield from _framing(reading, response, of)
    if reading.rest:
        start = len(reading.received) - len(reading.rest)
        yield BODY_TOO_LONG.found(
            f"{counted(len(reading.rest), 'byte')} arrived after the end of the body",
            (start, len(reading.received)),
        )
    if of.coding_fault:
        yield from _coding(response, of)


def _framing(reading: Reading, response: Response, of: Body) -> Iterator[Finding]:
    end = how(reading)
    span = _framing_span(response)
    if of.framing == "unknown":
        lengths = response.head.all(b"content-length")
        entry = LENGTH_CONFLICT if lengths and not response.head.all(b"transfer-encoding") else BODY_MALFORMED
        yield entry.found(f"the end of the body cannot be found: {_what_came(of.problem)}", span)
    elif of.malformed:
        yield BODY_MALFORMED.found(f"the body is marked as chunked, but {_what_came(of.problem)}", span)
    elif of.cut or end == "limit":
        yield BODY_CUT.found(
            f"{stopped(reading, of.cut_by)}; {counted(len(of.content), 'byte')} of body had come", span
        )
    elif end in PEER_ENDED and (of.framing != "close" or end != "fin"):
        yield BODY_TRUNCATED.found(f"{PEER_ENDED[end]} {_amount(of)}", span)
    elif end == "timeout":
        yield BODY_UNFINISHED.found(f"the time limit ran out {_amount(of)}", span)


def _amount(of: Body) -> str:
    if of.expected is not None:
        return f"after {len(of.content)} of {of.expected} bytes"
    return f"inside the body, after {counted(len(of.content), 'byte')}"


def _framing_span(response: Response) -> Span:
    fields = response.head.all(b"transfer-encoding") or response.head.all(b"content-length")
    return where(response.head, fields) or status_span(response)


def _coding(response: Response, of: Body) -> Iterator[Finding]:
    if of.coding_fault == "cut":
        if not of.cut:
            yield BODY_CUT.found(
                f"the body is {of.coding_problem}, the limit of wsprobe", _coding_span(response)
            )
    elif of.complete or of.coding_fault != "short":
        coding = shown(of.coding.encode("latin-1"))
        usual = (
            "a coding that wsprobe cannot undo here; a browser may" if of.coding_fault == "unknown" else None
        )
        yield CODING_FAILED.found(f"{coding}: {of.coding_problem}", _coding_span(response), usual=usual)


def _coding_span(response: Response) -> Span | None:
    head = response.head
    return where(head, head.all(b"content-encoding") or head.all(b"transfer-encoding"))
