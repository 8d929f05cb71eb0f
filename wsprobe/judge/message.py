"""The form of HTTP messages (RFC 9112, RFC 9110 section 5), and headers that a 101 must not have.

One finding per oddity and head: it points at the first place and counts the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.catalogue import F
from wsprobe.judge.finding import Finding, shown
from wsprobe.judge.framing import chunk_ending_in_lf, out_of_order
from wsprobe.judge.subject import PEER_ENDED, blank, how, status_span, stopped, where
from wsprobe.read.head import LINES_MAX
from wsprobe.read.reading import Body, Field, Head, Reading, Response, Span
from wsprobe.read.tokens import VALUE_MAX
from wsprobe.text import counted

_HAND_WRITTEN = "a server that writes its answers by hand, byte by byte"


_ODDITIES = {
    "no-colon": (F.HEAD_NO_COLON, "this line has no colon"),
    "empty-name": (F.HEAD_EMPTY_NAME, "this header has no name"),
    "space-before-colon": (F.HEAD_SPACE_BEFORE_COLON, "there is white space before the colon"),
    "space-before-name": (F.HEAD_SPACE_FIRST, "the first line after the status line begins with white space"),
    "folded": (F.HEAD_OBS_FOLD, "this header is folded over more than one line"),
    "bare-lf": (F.HEAD_BARE_LF, "this line ends with LF alone"),
    "bare-cr": (F.HEAD_BARE_CR, "there is a CR inside this line"),
    "nul": (F.HEAD_NUL, "there is a NUL byte in this line"),
    "control": (F.HEAD_CONTROL, "there are control bytes in this line"),
    "8-bit": (F.HEAD_8_BIT, "there are bytes above 127 in this line"),
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
        yield F.HEAD_EMPTY_LINES.found("empty lines come before the status line", (start, start))
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
        yield F.HEAD_NAME_NOT_TOKEN.found(
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
        yield F.HEAD_LARGE.found(
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
            yield F.HEAD_LINE_LONG.found(
                f"{words} {len(line.text)} bytes; only the first {VALUE_MAX} are parsed", line.span
            )
            return


def strict_library(reading: Reading) -> Iterator[Finding]:
    """Report what h11 says about the same bytes, unless it only reports the end or another protocol."""
    opinion = reading.opinion
    if opinion is None or opinion.accepts or opinion.waits or reading.looks_like:
        return
    if opinion.message.startswith(_PEER_LEFT):
        return
    if reading.responses and not blank(reading.responses[-1].head):
        yield F.H11_REFUSES.found(
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
        yield F.BODY_TOO_LONG.found(
            f"{counted(len(reading.rest), 'byte')} arrived after the end of the body",
            (start, len(reading.received)),
        )
    if of.coding_fault:
        yield from _coding(response, of)


def _framing(reading: Reading, response: Response, of: Body) -> Iterator[Finding]:
    end = how(reading)
    span = _framing_span(response)
    if of.framing == "unknown":
        codings = response.head.all(b"transfer-encoding")
        if not out_of_order(codings) and (codings or not response.head.all(b"content-length")):
            words = f"the end of the body cannot be found: {_what_came(of.problem)}"
            yield F.BODY_MALFORMED.found(words, span)
    elif of.framing == "chunked" and chunk_ending_in_lf(of.raw) is not None:
        return  # a reader of CR LF waits here for the end of that line
    elif of.malformed:
        yield F.BODY_MALFORMED.found(f"the body is marked as chunked, but {_what_came(of.problem)}", span)
    elif of.cut or end == "limit":
        yield F.BODY_CUT.found(
            f"{stopped(reading, of.cut_by)}; {counted(len(of.content), 'byte')} of body had come", span
        )
    elif end in PEER_ENDED and (of.framing != "close" or end != "fin"):
        yield F.BODY_TRUNCATED.found(f"{PEER_ENDED[end]} {_amount(of)}", span)
    elif end == "timeout":
        yield F.BODY_UNFINISHED.found(f"the time limit ran out {_amount(of)}", span)


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
            yield F.BODY_CUT.found(
                f"the body is {of.coding_problem}, the limit of wsprobe", _coding_span(response)
            )
    elif of.complete or of.coding_fault != "short":
        coding = shown(of.coding.encode("latin-1"))
        usual = (
            "a coding that wsprobe cannot undo here; a browser may" if of.coding_fault == "unknown" else None
        )
        yield F.CODING_FAILED.found(f"{coding}: {of.coding_problem}", _coding_span(response), usual=usual)


def _coding_span(response: Response) -> Span | None:
    head = response.head
    return where(head, head.all(b"content-encoding") or head.all(b"transfer-encoding"))
