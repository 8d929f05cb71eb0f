"""How heads are written (RFC 9112 sections 2 and 5, RFC 9110 section 5), and what a 101 must not carry.

One finding an oddity and head: it points at the first place and counts the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsprobe.judge.finding import Finding
from wsprobe.judge.findings import counted, found, shown
from wsprobe.judge.subject import blank, handshake, status_span, where
from wsprobe.read.reading import Field, Head, Reading, Response, Span
from wsprobe.read.tokens import is_token

_ODDITIES = {
    "no-colon": ("head-no-colon", "this line has no colon"),
    "empty-name": ("head-empty-name", "this header has no name"),
    "space-before-colon": ("head-space-before-colon", "white space stands before the colon"),
    "space-before-name": ("head-space-first", "white space begins the first line after the status line"),
    "folded": ("head-obs-fold", "this header is folded over more than one line"),
    "bare-lf": ("head-bare-lf", "this line ends with LF alone"),
    "bare-cr": ("head-bare-cr", "a CR stands inside this line"),
    "nul": ("head-nul", "a NUL byte stands in this line"),
    "control": ("head-control", "control bytes stand in this line"),
    "8-bit": ("head-8-bit", "bytes above 127 stand in this line"),
}

_PEER_LEFT = (
    "peer closed connection",
    "peer unexpectedly closed connection",
    "can't handle event type ConnectionClosed",
)
"""What h11 0.16 says of an answer that broke off: of its end, not of its bytes."""

LARGE_HEAD = 16 * 1024
MANY_FIELDS = 100


def head(reading: Reading) -> Iterator[Finding]:
    """Oddities of every head that came; of interim ones the first of each kind."""
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
        yield found("head-empty-lines", "empty lines stand before the status line", (start, start))
    yield from _lines(response)
    yield from _size(response.head)


def _lines(response: Response) -> Iterator[Finding]:
    head, fields = response.head, response.head.fields
    for oddity, (id, words) in _ODDITIES.items():
        places = [field.span for field in fields if oddity in field.oddities and not _cut(head, field, oddity)]
        if oddity in response.oddities and head.first is not None:
            places.insert(0, head.first.span)
        if oddity == "bare-lf" and head.blank == b"\n" and not places:
            end = head.start + len(head.raw) - 1
            places.append((end, end))
        if places:
            yield found(id, words + _more(places), places[0])
    names = [field for field in fields if _name_is_odd(field)]
    if names:
        yield found(
            "head-name-not-token",
            f"{shown(names[0].name)} is no header name" + _more([field.span for field in names]),
            (names[0].lines[0].start, names[0].lines[0].start + len(names[0].name)),
        )


def _cut(head: Head, field: Field, oddity: str) -> bool:
    """True if the head broke off in *field*, and that is all that *oddity* says."""
    last = field.lines[-1]
    if head.complete or field is not head.fields[-1] or last.end:
        return False
    return oddity == "no-colon" or (oddity == "bare-cr" and b"\r" not in last.text[:-1])


def _name_is_odd(field: Field) -> bool:
    name = field.name.strip(b" \t")
    return bool(name) and not is_token(name)


def _more(places: list[Span]) -> str:
    return f", and so {len(places) - 1} more" if len(places) > 1 else ""


def _size(head: Head) -> Iterator[Finding]:
    size = len(head.raw)
    if size > LARGE_HEAD or len(head.fields) > MANY_FIELDS:
        yield found(
            "head-large",
            f"the head has {size} bytes and {counted(len(head.fields), 'header')}",
            (head.start, head.start + size),
        )


def framing_on_101(reading: Reading) -> Iterator[Finding]:
    """Content-Length and Transfer-Encoding on a 101, which has no body (RFC 9110 section 8.6, 9112 6.1)."""
    response = handshake(reading)
    if response is None:
        return
    for name, id in (
        (b"content-length", "content-length-on-101"),
        (b"transfer-encoding", "transfer-encoding-on-101"),
    ):
        fields = response.head.all(name)
        if fields:
            yield found(
                id,
                f"a 101 has no body, and this one says {shown(fields[0].name)}: {shown(fields[0].value)}",
                where(response.head, fields),
            )


def strict_library(reading: Reading) -> Iterator[Finding]:
    """What h11 says of the same bytes; not where the end or another protocol is all there is to say."""
    opinion = reading.opinion
    if opinion is None or opinion.accepts or opinion.waits or reading.looks_like:
        return
    if opinion.message.startswith(_PEER_LEFT):
        return
    if reading.responses and not blank(reading.responses[-1].head):
        yield found(
            "h11-refuses",
            f"a strict client library refuses this: h11 says {shown(opinion.message.encode())}",
            status_span(reading.responses[-1]),
        )
