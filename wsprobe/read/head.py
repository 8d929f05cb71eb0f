"""Heads without loss (RFC 9112 sections 2 to 5): lines, fields, status lines, and the request as sent.

For any input, ``Head.raw`` and the bytes after it are the input again.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from wsprobe.exchange import Exchange, Sent
from wsprobe.read.reading import Field, Head, Line, Response, SentRequest, Span, key_of
from wsprobe.read.tokens import is_token, split_list

LINES_MAX = 5_000
"""Limit on separate lines in one head. The rest of a longer head becomes one last line: memory stays
bounded."""

PLAIN_MAX = 65536
"""Most bytes of a head that is checked as a whole."""

_WHITE = b" \t"
_UNUSUAL = re.compile(rb"[^\t\x20-\x7e]")
_ODD_BYTES = (
    ("bare-cr", rb"\r"),
    ("nul", rb"\x00"),
    ("8-bit", rb"[\x80-\xff]"),
    ("control", rb"[\x01-\x08\x0a-\x0c\x0e-\x1f\x7f]"),
)


class HeadSplitter:
    """Finds the end of one head in a growing buffer. Looks at each byte once.

    A head ends with the first empty line after a non-empty line. Empty lines before the start line belong to
    the head (RFC 9112 section 2.2 lets servers skip them; browsers skip them in answers).
    """

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._line = start
        self.searched = start
        """Offset of the first unread byte; once there is a head, the offset after it."""
        self._lines: list[Line] = []
        self._text_seen = False
        self.lines = 0
        """Lines before the empty line; at most LINES_MAX are separated."""

    def advance(self, data: bytes | bytearray) -> Head | None:
        """The head, once its blank line is in *data* (the whole buffer, from the start); else None."""
        if self.searched == self._start and (plain := _plain_head(data, self._start)) is not None:
            head, self.searched = plain
            self.lines = len(head.lines)
            return head
        return self.line_by_line(data)

    def line_by_line(self, data: bytes | bytearray) -> Head | None:
        """The same for a head that is not plain."""
        while (newline := data.find(b"\n", self.searched)) >= 0:
            self.searched = newline + 1
            stop = newline - 1 if newline > self._line and data[newline - 1] == 0x0D else newline
            end = b"\n" if stop == newline else b"\r\n"
            if stop > self._line:
                self._text_seen = True
            elif self._text_seen:
                return self._head(data, self._line, end)
            if self.lines < LINES_MAX:
                self._lines.append(Line(bytes(data[self._line : stop]), end, self._line))
            self.lines += 1
            self._line = newline + 1
        self.searched = len(data)
        return None

    def finish(self, data: bytes | bytearray) -> Head:
        """The incomplete head: all of *data* from the start of the head, without a blank line."""
        return self._head(data, len(data), b"")

    def _head(self, data: bytes | bytearray, stop: int, blank: bytes) -> Head:
        last = self._lines[-1] if self._lines else None
        kept = last.start + len(last.raw) if last else self._start
        lines = list(self._lines)
        rest = [_last_line(bytes(data[kept:stop]), kept)] if kept < stop else []
        if self.lines <= LINES_MAX:
            lines, rest = [*lines, *rest], []
        # The rest of such a long head is many lines in one, so it is neither start line nor field.
        at = next((i for i, line in enumerate(lines) if line.text), len(lines))
        first = lines[at] if at < len(lines) else None
        raw = bytes(data[self._start : stop + len(blank)])
        return Head(raw, (*lines, *rest), blank, self._start, _fields(lines[at + 1 :]), first)


def split_head(data: bytes | bytearray, start: int = 0) -> tuple[Head, int]:
    """The head that begins at *start*, and the offset of the first byte after it."""
    if (plain := _plain_head(data, start)) is not None:
        return plain
    splitter = HeadSplitter(start)
    head = splitter.line_by_line(data)
    if head is None:
        return splitter.finish(data), len(data)
    return head, splitter.searched


def _plain_head(data: bytes | bytearray, start: int) -> tuple[Head, int] | None:
    """As ``split_head``, for a head without oddities; None for any other head, and for one without an end.

    Nearly all heads are plain; this way takes half the time.
    """
    stop = data.find(b"\r\n\r\n", start)
    if not start < stop <= start + PLAIN_MAX:
        return None
    raw = bytes(data[start : stop + 4])
    head = _kept_plain(raw, start) if len(raw) <= KEPT else _plain(raw, start)
    return None if head is None else (head, stop + 4)


def _plain(raw: bytes, start: int) -> Head | None:
    """The head that *raw* is, with its blank line, if it is plain."""
    begin, *rest = raw[:-4].split(b"\r\n")
    if not begin or b"\n" in begin or len(rest) >= LINES_MAX:
        return None
    first = Line(begin, b"\r\n", start)
    lines, fields = [first], []
    at = start + len(begin) + 2
    for text in rest:
        size = len(text)
        field = _plain_field(text, at) if size <= USUAL else _look_at(text, at)
        if field is None:
            return None
        fields.append(field)
        lines += field.lines
        at += size + 2
    return Head(raw, tuple(lines), b"\r\n", start, tuple(fields), first)


KEPT = 1024
"""Most bytes of a head that is cached."""
_kept_plain = lru_cache(maxsize=64)(_plain)
"""Cached, because each answer is read twice (live, and from the recording), and many servers send the same one
for every URL."""


def line_oddities(line: Line) -> tuple[str, ...]:
    """The oddities in the bytes of one line: ``bare-lf``, ``bare-cr``, ``nul``, ``8-bit``, ``control``."""
    return _odd_bytes(line.text, line.end == b"\n")


def _odd_bytes(text: bytes, bare: bool) -> tuple[str, ...]:
    found: tuple[str, ...] = ("bare-lf",) if bare else ()
    if _UNUSUAL.search(text) is None:
        return found
    return found + tuple(name for name, pattern in _ODD_BYTES if re.search(pattern, text))


def _last_line(raw: bytes, start: int) -> Line:
    for end in (b"\r\n", b"\n"):
        if raw.endswith(end):
            return Line(raw[: -len(end)], end, start)
    return Line(raw, b"", start)


def _fields(lines: list[Line]) -> tuple[Field, ...]:
    """One field a line; a line that begins with white space continues the field before it (obs-fold)."""
    found: list[Field] = []
    at = 0
    while at < len(lines):
        stop = at + 1
        while stop < len(lines) and lines[stop].text[:1] in (b" ", b"\t"):
            stop += 1
        line = lines[at]
        plain = _look_at(line.text, line.start) if stop == at + 1 and line.end == b"\r\n" else None
        found.append(_field(tuple(lines[at:stop])) if plain is None else plain)
        at = stop
    return tuple(found)


USUAL = 256
"""Most bytes of a line that is cached for the next line with the same bytes in the same place."""

_PLAIN = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*+((?:[!-~](?:[\t -~]*[!-~])?)?)[ \t]*")
"""A field line without oddities; nearly all are."""


def _look_at(text: bytes, start: int) -> Field | None:
    """The field in one whole line that ends with CRLF; None if the line is not plain."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    name, value = found.groups()
    begin, stop = found.span(2)
    return Field(name, name.lower(), value, (Line(text, b"\r\n", start),), (start + begin, start + stop))


_plain_field = lru_cache(maxsize=2048)(_look_at)
"""Cached, because the same lines recur in the same places: in the two readings of one answer (live, and from
the recording), in our own requests, and in the answers of similar servers."""


def _field(lines: tuple[Line, ...]) -> Field:
    text = lines[0].text
    colon = text.find(b":")
    value, span = _value(lines, colon + 1)
    name = text[:colon] if colon > 0 else b""
    key = key_of(name)
    return Field(name, key, value, lines, span, _oddities(lines, colon, key))


def _value(lines: tuple[Line, ...], after_colon: int) -> tuple[bytes, Span]:
    """The value and its span, without the white space around it."""
    pieces: list[bytes] = []
    begin = stop = lines[0].span[1]
    found = False
    skip = after_colon
    for line in lines:
        part = line.text[skip:]
        skip = 0
        piece = part.strip(_WHITE)
        pieces.append(piece)
        if piece:
            end = line.start + len(line.text)
            if not found:
                begin = end - len(part.lstrip(_WHITE))
                found = True
            stop = end - len(part) + len(part.rstrip(_WHITE))
    return (pieces[0] if len(pieces) == 1 else b" ".join(pieces).strip(_WHITE)), (begin, stop)


def _oddities(lines: tuple[Line, ...], colon: int, key: bytes) -> tuple[str, ...]:
    text = lines[0].text
    found: list[str] = []
    if colon < 0:
        found.append("no-colon")
    elif not key:
        found.append("empty-name")
    elif text[colon - 1] in _WHITE:
        found.append("space-before-colon")
    if key and not is_token(key):
        found.append("name-not-token")
    if text[:1] in (b" ", b"\t"):
        found.append("space-before-name")
    if len(lines) > 1:
        found.append("folded")
    for line in lines:
        for odd in line_oddities(line):
            if odd not in found:
                found.append(odd)
    return tuple(found)


JUNK_MAX = 4
"""Bytes before "HTTP" that Chromium (net/http/http_stream_parser.cc) and Firefox skip."""

_NAME = re.compile(rb"(?is)(?P<junk>.{0,%d}?)(?P<name>http)(?P<version>/[0-9]+(?:\.[0-9]+)*)?" % JUNK_MAX)
_OTHER_NAME = rb"(?:[A-Za-z]+/[0-9]+(?:\.[0-9]+)*|ICY)(?=[ \t])"
_STATUS = re.compile(rb"(?s)([ \t]*)([^ \t]*)([ \t]?)(.*)")
_OPENING = rb"(?is).{0,%d}?http[^ \n]*[ ]+0*101(?![0-9])" % JUNK_MAX


class StatusLine(Struct, frozen=True):
    """The parts of a status line; see ``Response`` for what they mean."""

    version: str | None
    status: int | None
    reason: bytes
    oddities: tuple[str, ...]


def status_line(head: Head) -> StatusLine:
    """Take the start line of *head* apart as far as possible.

    Oddities: ``leading-empty-lines``, ``leading-junk`` (up to four bytes before HTTP), ``lower-case-name``,
    ``no-version``, ``other-protocol`` (``ICY 200``), ``not-http``, ``double-space``, ``tab``, ``no-status``,
    ``glued`` (three digits and then more), ``two-digit``, ``many-digit``, ``not-a-number``, and those of
    ``line_oddities``. ``no-reason-space``: nothing, not even a space, after the status (RFC 9112 requires it).
    """
    line = head.first
    if line is None:
        return StatusLine(None, None, b"", ("leading-empty-lines",) if head.lines else ())
    bare = line.end == b"\n"
    made = _usual_line(line.text, bare) if len(line.text) <= USUAL else _taken_apart(line.text, bare)
    if head.lines[0] is line:
        return made
    return replace(made, oddities=("leading-empty-lines", *made.oddities))


def _taken_apart(text: bytes, bare: bool) -> StatusLine:
    """The parts of the status line *text*; *bare*: it ends with LF alone."""
    odd = []
    version = None
    if match := _NAME.match(text):
        if match["junk"]:
            odd.append("leading-junk")
        if match["name"] != b"HTTP":
            odd.append("lower-case-name")
        if match["version"]:
            version = match["version"][1:].decode("ascii")
        else:
            odd.append("no-version")
    elif match := re.match(_OTHER_NAME, text):
        odd.append("other-protocol")
    else:
        return StatusLine(None, None, b"", ("not-http", *_odd_bytes(text, bare)))
    status, reason, more = _status(text[match.end() :])
    return StatusLine(version, status, reason, (*odd, *more, *_odd_bytes(text, bare)))


_usual_line = lru_cache(maxsize=256)(_taken_apart)
"""Cached, because servers of all kinds send the same few status lines."""


_UNREADABLE = {
    "leading-junk": "there are bytes before HTTP",
    "lower-case-name": "HTTP is not in upper case",
    "no-version": "the HTTP version is missing",
    "other-protocol": "it names another protocol than HTTP",
    "not-http": "it does not begin with HTTP",
    "no-status": "the status code is missing",
    "glued": "text follows the status code without a space",
    "one-digit": "the status code has one digit",
    "two-digit": "the status code has two digits",
    "many-digit": "the status code has more than three digits",
    "not-a-number": "the status code is not a number",
}

VERSION = r"[0-9]+\.[0-9]+"
"""The form of RFC 2616, which RFC 6455 cites; RFC 9112 section 2.3 allows one digit each."""


def malformed(response: Response) -> list[str]:
    """What does not conform to RFC 2616 in a status line, in words."""
    odd = response.oddities
    why = [text for oddity, text in _UNREADABLE.items() if oddity in odd] if odd else []
    if response.version is not None and not re.fullmatch(VERSION, response.version):
        why.append("the HTTP version is not two numbers with a dot between")
    return why


def opens_session(response: Response) -> bool:
    """True if the head is complete and a 101 on the loosest reading of any browser.

    Apart from ``HTTP/1.1 101``: Chromium skips up to four bytes before "http" in any letter case, accepts any
    text up to a space as the version, and reads the digits after it as a number. So ``HTTP 101``, ``0101`` and
    ``101Switching`` are a 101 (net/http/http_stream_parser.cc, http_response_headers.cc).
    """
    head = response.head
    if not head.complete:
        return False
    if response.status == 101:
        return True
    if response.status is not None and not response.oddities:
        return False
    beginning = b"".join(line.raw for line in head.lines[: JUNK_MAX + 1])
    return re.match(_OPENING, beginning) is not None


def _status(text: bytes) -> tuple[int | None, bytes, list[str]]:
    match = _STATUS.match(text)
    assert match is not None
    gap, digits, space, reason = match.groups()
    odd = []
    if b"\t" in gap:
        odd.append("tab")
    elif len(gap) > 1:
        odd.append("double-space")
    if len(digits) == 3 and digits.isdigit() and gap:
        return int(digits), reason, odd if space else [*odd, "no-reason-space"]
    if not digits:
        odd.append("no-status")
    elif digits.isdigit():
        odd.append("two-digit" if len(digits) == 2 else "one-digit" if len(digits) == 1 else "many-digit")
    elif re.match(rb"[0-9]{3}[^0-9]", digits):
        odd.append("glued")
    else:
        odd.append("not-a-number")
    return None, reason, odd


_ASKED = frozenset(
    {b"sec-websocket-key", b"sec-websocket-extensions", b"sec-websocket-protocol", b"websocket-protocol"}
)


def read_request(exchange: Exchange) -> tuple[SentRequest, bytes]:
    """The request, and all application bytes that were sent.

    The request is read from the bytes of ``Sent`` events. If nothing was sent, it is the request of the plan.
    """
    sent = b"".join([event.data for event in exchange.events if type(event) is Sent])
    data = sent or exchange.plan.request
    head, end = split_head(data)
    method, _, after = (head.first.text if head.first else b"").partition(b" ")
    resource, _, version = after.rpartition(b" ")
    of = head.several(_ASKED)
    keys, extensions = of.get(b"sec-websocket-key", []), of.get(b"sec-websocket-extensions", [])
    protocols = of.get(b"sec-websocket-protocol") or of.get(b"websocket-protocol", [])
    planned = exchange.plan.request
    stop = len(planned) if len(planned) > end and data.startswith(planned) else end
    request = SentRequest(
        head=head,
        method=method,
        resource=resource,
        version=version,
        key=keys[0].value if len(keys) == 1 else None,
        protocols=tuple([p for field in protocols for p in split_list(field.value)]),
        extensions=b", ".join([field.value for field in extensions]) if extensions else None,
        rest=data[end:stop],
    )
    return request, sent
