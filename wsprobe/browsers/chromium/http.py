"""A response head as read by Chromium, which is lenient, and has its own net errors.

Sources: net/http/http_stream_parser.cc, net/http/http_util.cc, net/http/http_response_headers.cc.

"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from wsprobe.browsers.script import end
from wsprobe.exchange import LOST
from wsprobe.read.reading import Reading

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_COMMAS = rb'(?s)(?:[^,"]|"(?:[^"\\]|\\.?)*(?:"|$))*'
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_DIGITS = rb"[0-9]+"
_LINE = rb"([^ \t\n:][^\n:]*:[^\n]*)((?:\n[ \t][^\n]*)*)|[^\n]+"
"""A line: that of a field, and its continuations; or any other."""
_STATUS_LINE_SLOP = 4
_INT_MAX = 2**31 - 1

_NOT_LISTS = frozenset(
    {b"date", b"expires", b"last-modified", b"location", b"retry-after", b"set-cookie", b"www-authenticate"}
    | {b"proxy-authenticate", b"strict-transport-security"}
)
"""Fields whose commas do not separate values (HttpUtil::IsNonCoalescingHeader)."""

_SINGLE = ((b"content-disposition", "CONTENT_DISPOSITION"), (b"location", "LOCATION"))

Version = tuple[int, int]


class Headers(Struct, frozen=True):
    """A parsed head (HttpResponseHeaders)."""

    version: Version
    """One of (0, 9), (1, 0), (1, 1), (2, 0)."""
    status: int
    fields: tuple[tuple[bytes, tuple[bytes, ...]], ...]
    """(name in lower case, values): a list is split at its commas."""

    def values(self, name: bytes) -> list[bytes]:
        """Every value of *name* (lower case), from lists within a field and from several fields."""
        return [value for key, values in self.fields if key == name for value in values]

    @property
    def chunked(self) -> bool:
        return self.version >= (1, 1) and any(
            v.lower() == b"chunked" for v in self.values(b"transfer-encoding")
        )


class Answer(Struct, frozen=True):
    """The result of waiting for a response head."""

    at: int
    """When the result was known, in microseconds."""
    headers: Headers | None = None
    """The parsed head. With an *error*: that of a cut head, if it could be parsed."""
    body: int = 0
    """Offset in ``Reading.received`` of the first byte after the head."""
    error: str = ""
    """A net error without ``ERR_``, "" if there is none."""
    pending: bool = False
    """True if the recording ends before the result is known."""


def read_answer(reading: Reading, *, secure: bool, default_port: bool, max_head: int) -> Answer:
    """Read the head of the first response in *reading* (HttpStreamParser::ReadResponseHeaders)."""
    received = reading.received
    start = _status_line(received)
    if start is not None:
        found = _END_OF_HEAD.search(received, start, max_head)
        if found is not None:
            return _parsed(reading, start, found.end(), default_port)
        if len(received) >= max_head:
            return Answer(reading.when(max_head - 1), error="RESPONSE_HEADERS_TOO_BIG")
    elif len(received) >= 2 * _STATUS_LINE_SLOP:
        return _parsed(reading, None, 0, default_port)
    return _cut_short(reading, start, secure, default_port)


def _status_line(received: bytes) -> int | None:
    """Offset of the status line, None without one. Up to four bytes of junk may precede it
    (LocateStartOfStatusLine)."""
    at = received[: 2 * _STATUS_LINE_SLOP].lower().find(b"http")
    return at if at >= 0 else None


def _parsed(reading: Reading, start: int | None, stop: int, default_port: bool) -> Answer:
    """HttpStreamParser::ParseResponseHeaders of the bytes from *start* to *stop*."""
    at = reading.when(stop - 1 if start is not None else 2 * _STATUS_LINE_SLOP - 1)
    if start is None:
        if not default_port:  # HTTP/0.9 is accepted on the scheme's default port only
            return Answer(at, error="INVALID_HTTP_RESPONSE")
        return Answer(at, headers=Headers((0, 9), 200, ()))
    head = reading.received[:stop]
    if b"\0" in head:
        return Answer(at, error="INVALID_HTTP_RESPONSE")
    headers = parse(head[start:])
    if not headers.chunked and _differ(headers, b"content-length"):
        return Answer(at, error="RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH")
    for name, word in _SINGLE:
        if _differ(headers, name):
            return Answer(at, error=f"RESPONSE_HEADERS_MULTIPLE_{word}")
    return Answer(at, headers=headers, body=stop)


def _cut_short(reading: Reading, start: int | None, secure: bool, default_port: bool) -> Answer:
    """The answer if the connection ended before the head did (HttpStreamParser::HandleReadHeaderResult)."""
    last = end(reading)
    if last.how not in LOST:
        return Answer(last.at, pending=True)
    if last.how == "reset":
        return Answer(last.at, error="CONNECTION_RESET")
    if last.how == "error":
        return Answer(last.at, error="SSL_PROTOCOL_ERROR" if secure else "CONNECTION_FAILED")
    if not reading.received:
        return Answer(last.at, error="EMPTY_RESPONSE")
    if secure:
        return Answer(last.at, error="RESPONSE_HEADERS_TRUNCATED")
    made = _parsed(reading, start, len(reading.received), default_port)
    return Answer(last.at, made.headers, len(reading.received), made.error or "CONNECTION_CLOSED")


def _differ(headers: Headers, name: bytes) -> bool:
    """True if *name* has different values (HeadersContainMultipleCopiesOfField)."""
    return len(set(headers.values(name))) > 1


def parse(head: bytes) -> Headers:
    """A head that begins with its status line (HttpUtil::AssembleRawHeaders, HttpResponseHeaders::Parse)."""
    line, _, rest = re.sub(rb"[\r\n]+", b"\n", head).partition(b"\n")
    lines = list(_unfolded(rest))
    version = _version(line)
    if version == (0, 9) and not lines:
        pass
    elif version >= (1, 1):
        version = (2, 0) if version == (2, 0) else (1, 1)
    else:
        version = (1, 0)
    return Headers(version, _status(line), tuple(_fields(lines)))


def _unfolded(lines: bytes) -> Iterator[bytes]:
    """Lines joined with their continuations. A line that does not look like a field cannot be continued."""
    for line in re.finditer(_LINE, lines):
        yield line[1] + re.sub(rb"\n[ \t]*", b" ", line[2]) if line[2] else line[0]


def _fields(lines: list[bytes]) -> Iterator[tuple[bytes, tuple[bytes, ...]]]:
    """The fields in *lines*. Skips lines without a colon or with an invalid name
    (HttpUtil::HeadersIterator)."""
    for line in lines:
        name, colon, value = line.partition(b":")
        key = name.rstrip(b" \t").lower()
        if not colon or name[:1] in (b" ", b"\t") or not re.fullmatch(_TOKEN, key):
            continue
        value = value.strip(b" \t")
        yield key, (value,) if key in _NOT_LISTS or b"," not in value else split_list(value)


def split_list(value: bytes) -> tuple[bytes, ...]:
    """The elements of a list: split at commas outside quotes, trimmed, with empty elements."""
    elements = []
    at = 0
    while True:
        found = re.compile(_COMMAS).match(value, at)
        stop = found.end() if found is not None else len(value)
        elements.append(value[at:stop].strip(b" \t"))
        if stop >= len(value):
            return tuple(elements)
        at = stop + 1


def _version(line: bytes) -> Version:
    """The version of HTTP in a status line, (0, 0) without one (HttpResponseHeaders::ParseVersion)."""
    dot = line.find(b".", 4)
    if line[4:5] != b"/" or dot < 0:
        return 0, 0
    major, minor = line[5:6], line[dot + 1 : dot + 2]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def _status(line: bytes) -> int:
    """The status in a status line; 200 if no digits follow the first space
    (HttpResponseHeaders::ParseStatusLine, ParseStatus)."""
    _, space, rest = line.partition(b" ")
    digits = re.match(_DIGITS, rest.lstrip(b" ")) if space else None
    if digits is None:
        return 200
    return min(int(digits.group().lstrip(b"0")[:11] or b"0"), _INT_MAX)
