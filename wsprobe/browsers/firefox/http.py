"""How Firefox's HTTP transaction reads an answer, byte by byte as it arrives: status line, header lines, body.

The start of the body matters, because only then does the channel learn of the answer: a pipe lies between the
connection and the channel, and OnStartRequest waits while it is empty. Without a Content-Type, the decoder that
guesses the type from the body waits for more bytes. The transaction is bound to its connection
(NS_HTTP_STICKY_CONNECTION), so no request is repeated.

Sources: netwerk/protocol/http/nsHttpTransaction.cpp (ParseHead, LocateHttpStart, ParseLineSegment, ProcessData,
HandleContentStart, HandleContent, Close), nsHttpResponseHead.cpp (ParseVersion, ParseStatusLine),
nsHttpHeaderArray.cpp and .h, nsHttpChunkedDecoder.cpp, nsHttpChannel.cpp (CallOnStartRequest),
nsUnknownDecoder.cpp.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise

from msgspec import Struct

from wsprobe.browsers.firefox.request import Facts
from wsprobe.browsers.script import arrivals, end
from wsprobe.exchange import BROKEN, FINISHED, Received, Sent
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import only_part

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_WHITE_SPACE = b" \t\r\n"
_NUMBER = rb"-?[0-9]{1,40}"
_INT64_MAX = 2**63 - 1

_SINGLETONS = frozenset(
    {b"content-type", b"content-disposition", b"content-length", b"user-agent", b"referer", b"host"}
    | {b"authorization", b"proxy-authorization", b"if-modified-since", b"if-unmodified-since", b"from"}
    | {b"location", b"max-forwards", b"sec-gpc", b"strict-transport-security"}
)
"""Fields that are never merged: the first one counts (IsSingletonHeader)."""

_SUSPECT = frozenset({b"content-length", b"content-disposition", b"location"})
"""Fields that make the head look injected if they come twice with different values
(IsSuspectDuplicateHeader)."""

_BY_LINE = frozenset({b"set-cookie", b"www-authenticate", b"proxy-authenticate"})
"""Fields merged with a line feed, because their values contain commas (MergeHeader)."""


class BadField(Exception):
    """Firefox refuses the whole answer because of this field. The argument says why."""


class Fields(dict[bytes, bytes]):
    """The fields of a head by name in lower case, added line by line, with values as ``GetResponseHeader``
    returns them."""

    __slots__ = ("content_length", "typed")

    def __init__(self) -> None:
        super().__init__()
        self.content_length = -1
        """-1: not known."""
        self.typed = False
        """There is a Content-Type with a type in it."""

    def add(self, line: bytes) -> None:
        """Add one header line, with its folds joined. A line that is not a field is skipped. Raises
        BadField."""
        name, colon, value = line.partition(b":")
        if not colon or not re.fullmatch(_TOKEN, name):
            return
        name = name.lower()
        value = value.strip(b" \t")
        if b"\0" in value:
            raise BadField(f"a NUL in {name.decode()}")
        self._set(name, value)
        if name == b"content-length":
            self._length(value)
        elif name == b"content-type":
            self.typed |= _has_type(value)

    def tokens(self, name: bytes, separators: bytes) -> list[bytes]:
        """The value of *name* split at any of *separators*, without empty parts."""
        value = self.get(name)
        return [part for part in re.split(b"[" + separators + b"]+", value) if part] if value else []

    def _set(self, name: bytes, value: bytes) -> None:
        """Store a value (SetHeaderFromNet). Raises BadField."""
        had = self.get(name)
        if had is None:
            self[name] = value
        elif name not in _SINGLETONS:
            self[name] = _merged(name, had, value)
        elif name in _SUSPECT and _comparable(name, had) != _comparable(name, value):
            raise BadField(f"different values of {name.decode()}")

    def _length(self, value: bytes) -> None:
        """Store the length of the body (ParseResponseContentLength): one number, or the same one several times.
        Raises BadField."""
        number = only_part(value, _WHITE_SPACE)
        if number is None:
            raise BadField("different values of content-length")
        if value and re.fullmatch(_NUMBER, number) and abs(int(number)) <= _INT64_MAX:
            self.content_length = int(number)


def _has_type(value: bytes) -> bool:
    """True if an element of the list *value* is a media type: a slash before any white space or parameter
    (net_ParseMediaType)."""
    listed = (element.strip(_WHITE_SPACE) for element in value.split(b",") if b"/" in element)
    types = (re.split(rb"[; \t]", element, maxsplit=1)[0] for element in listed)
    return any(b"/" in each and each != b"*/*" for each in types)


def _merged(name: bytes, had: bytes, value: bytes) -> bytes:
    if not value:
        return had
    if not had:
        return value
    return had + (b"\n" if name in _BY_LINE else b", ") + value


def _comparable(name: bytes, value: bytes) -> bytes:
    """*value* as compared with an earlier one (RemoveDuplicateHeaderValues, for Content-Length only)."""
    if name != b"content-length":
        return value
    only = only_part(value, _WHITE_SPACE)
    return value if only is None else only


_VERSION = rb"HTTP(?![0-9A-Za-z_])(/(?:([0-9]+)(\.(?:([0-9]+))?)?)?)?"
_CODE = rb"[ \t\r\n]*([0-9]{1,3})(?=[ \t\r\n]|\Z)"
_UINT32_MAX = 2**32 - 1


class BadStatus(Exception):
    """The status line has a space, and no status code after it."""


class Status(Struct, frozen=True):
    major: int
    """0, 1, 2 or 3."""
    minor: int
    code: int


def parse(line: bytes) -> Status:
    """The version and code in a status line. Without a space, and for HTTP/0.9, the code is 200. Raises
    BadStatus."""
    major, minor = _version(line.partition(b"\0")[0])
    _, space, rest = line.partition(b" ")
    if major == 0 or not space:
        return Status(major, minor, 200)
    code = re.match(_CODE, rest)
    if code is None:
        raise BadStatus
    return Status(major, minor, int(code[1]))


def _version(line: bytes) -> tuple[int, int]:
    """(major, minor): HTTP/0.9 unless the line begins with ``HTTP`` in upper case; HTTP/1.0 if the rest makes
    no sense."""
    found = re.match(_VERSION, line)
    if found is None:
        return (1, 0) if line[:4].lower() == b"icy " else (0, 9)
    major = _integer(found[2])
    if major in (2, 3):
        return major, 0
    if major == 1 and _integer(found[4]) >= 1:
        return 1, 1
    return 1, 0


def _integer(digits: bytes | None) -> int:
    """*digits* as a number; -1 if there are none, or if the number does not fit in 32 bits."""
    if not digits:
        return -1
    number = int(digits.lstrip(b"0")[:11] or b"0")
    return number if number <= _UINT32_MAX else -1


_NO_CONTENT = frozenset({101, 204, 205, 304})
_SIZE = rb"[ \t\n\v\f\r]*\+?(?:0[xX])?([0-9A-Fa-f]+)"
_SNIFFED = 512
"""nsUnknownDecoder decides once it has more bytes than this."""


class Start(Struct, frozen=True):
    """The moment at which the channel learns of the answer: when the byte before *offset* arrives."""

    offset: int
    complete: bool
    """True if the body ends at *offset*; later bytes do not belong to it."""


def begins(code: int, fields: Fields, received: bytes, start: int) -> Start | None:
    """When the body at offset *start* has begun for the channel; None if it has not."""
    if code in _NO_CONTENT:
        return Start(start, True)
    needed = 1 if fields.typed else _SNIFFED + 1
    if any(token.lower() == b"chunked" for token in fields.tokens(b"transfer-encoding", b", \t")):
        return _chunked(received, start, needed)
    length = fields.content_length
    found = Start(start + length, True) if 0 <= length <= needed else Start(start + needed, False)
    return found if len(received) >= found.offset else None


def _chunked(received: bytes, at: int, needed: int) -> Start | None:
    ending = False
    while (stop := received.find(b"\n", at)) >= 0:
        line = received[at:stop].removesuffix(b"\r")
        at = stop + 1
        if ending:
            if not line:
                return Start(at, True)
        elif line:
            size = re.match(_SIZE, line.partition(b";")[0])
            if size is None or int(size[1], 16) > _UINT32_MAX:
                return Start(at, False)
            length = int(size[1], 16)
            ending = length == 0
            there = min(length, len(received) - at)
            if there >= needed:
                return Start(at + needed, False)
            needed -= there
            at += length
    return None


_START = b"http/1."
_OTHER_START = re.compile(rb"(?i)[ \t-\r]*(http/[23]|icy )")
_ANY_START = rb"(?i)http/1\."
_WITHIN = 11
"""Bytes of the first read in which Firefox looks for the start of the answer."""
_STALE = 1_000_000
"""Microseconds after the request from which a 408 counts as the answer of a connection that was idle too
long."""


class Head(Struct, frozen=True):
    status: Status
    fields: Fields
    end: int
    """Offset in ``Reading.received`` of the first byte after the head."""
    cut: bool = False
    """True if the connection ended before the blank line; Firefox uses the fields so far."""


class Answer(Struct, frozen=True):
    """The result of waiting for an answer."""

    at: int
    """When the WebSocket channel learns of it, in microseconds."""
    head: Head | None = None
    stream: int | None = None
    """Offset in ``Reading.received`` of the first byte after the answer; None if the answer has not ended."""
    cut: bool = False
    """True if the connection ended before the answer did."""
    fault: str = ""
    """Why there is no head."""
    pending: bool = False
    """True if the recording ends before the result is known."""


class _GivenUp(Exception):
    """The bytes up to *offset* cannot become an answer. The argument *fault* says why."""

    def __init__(self, offset: int, fault: str) -> None:
        super().__init__(fault)
        self.offset = offset


def read_answer(reading: Reading, facts: Facts) -> Answer:
    """Read the final answer, without interim ones."""
    try:
        head = _final_head(reading, facts)
    except _GivenUp as fault:
        return Answer(reading.when(fault.offset), fault=str(fault))
    last = end(reading)
    if last.how in BROKEN and head is None:
        return Answer(last.at, fault="the connection was reset")
    if head is None and last.how in FINISHED:
        return Answer(last.at, fault="the connection ended before an answer")
    if head is None:
        return Answer(last.at, pending=True)
    if head.cut:
        return Answer(last.at, head, cut=True)
    return _started(reading, head)


def _started(reading: Reading, head: Head) -> Answer:
    """The result once the body has begun, which is when the channel learns of the answer."""
    complete = reading.when(head.end - 1)
    asked = next((e.at for e in reading.exchange.events if isinstance(e, Sent)), 0)
    if head.status.code == 408 and complete - asked >= _STALE:
        return Answer(complete, fault="408: the connection was too old")
    start = begins(head.status.code, head.fields, reading.received, head.end)
    if start is not None:
        return Answer(reading.when(start.offset - 1), head, start.offset if start.complete else None)
    last = end(reading)
    if last.how in BROKEN:  # of a head without a byte behind it the channel is not told (measured)
        return Answer(last.at, fault="the connection was reset before the body")
    ended = last.how in FINISHED
    return Answer(last.at, head if ended else None, cut=ended, pending=not ended)


def _final_head(reading: Reading, facts: Facts) -> Head | None:
    received = reading.received
    start = _first_start(reading)
    while start is not None:
        head = _head(reading, start)
        if min(len(received), head.end if head is not None else len(received)) > facts.max_head:
            raise _GivenUp(facts.max_head, "the head is too big")
        if head is None or head.status.code == 101 or head.status.code // 100 != 1:
            return head
        start = None if head.cut else _next_start(received, head.end, facts)
    return None


def _first_start(reading: Reading) -> int | None:
    """Offset of the status line in the first read, None without any byte (LocateHttpStart, with partial
    matches). Up to a few bytes of junk may precede it. Raises _GivenUp."""
    first = next((e.data for e in reading.exchange.events if isinstance(e, Received) and e.data), b"")
    head = first[:_WITHIN].lower()
    if not head:
        return None
    if len(head) < len(_START):
        found = 0 if _START.startswith(head) else -1
    else:
        found = head.find(_START)
        other = _OTHER_START.match(head)
        if other is not None:  # nothing but white space is before it
            found = other.start(1)
    if found < 0:
        raise _GivenUp(0, "it does not begin with an HTTP/1 status line")
    return found


def _next_start(received: bytes, at: int, facts: Facts) -> int | None:
    """Offset of the next status line after an interim answer, None if it has not arrived (LocateHttpStart).
    Junk up to a limit may precede it. Raises _GivenUp."""
    other = _OTHER_START.match(received, at)
    found = other.start(1) if other is not None else -1
    if found < 0:
        any_start = re.compile(_ANY_START).search(received, at)
        found = any_start.start() if any_start is not None else -1
    if (found if found >= 0 else len(received)) - at > facts.max_junk:
        raise _GivenUp(at + facts.max_junk, "no answer follows the interim one")
    return found if found >= 0 else None


def _head(reading: Reading, start: int) -> Head | None:
    """The head that begins at *start*; None if it has not ended. Raises _GivenUp."""
    received = reading.received
    starts = [read.start for read in arrivals(reading)]
    parser = _Parser()
    at = start
    while (stop := received.find(b"\n", at)) >= 0:
        parser.line(_line(received, at, stop, starts), at)
        if parser.status is not None and parser.done:
            return Head(parser.status, parser.fields, stop + 1)
        at = stop + 1
    if rest := _line(received, at, len(received), starts):
        parser.line(rest, at)
    if end(reading).how not in FINISHED:
        return None
    parser.line(b"", len(received))
    return Head(parser.status, parser.fields, len(received), cut=True) if parser.status is not None else None


def _line(received: bytes, at: int, stop: int, starts: list[int]) -> bytes:
    """The bytes from *at* to *stop* as ParseHead reads them: without a CR that is the last byte of a read or
    precedes the LF. *starts*: the offsets at which reads begin."""
    within = starts[bisect_right(starts, at) : bisect_right(starts, stop)]
    if not within:
        return received[at:stop].removesuffix(b"\r")
    bounds = pairwise([at, *within, stop])
    return b"".join(received[begin:end].removesuffix(b"\r") for begin, end in bounds)


class _Parser:
    """Parses a head line by line (ParseLineSegment). A line counts once the next line shows that it does not
    continue."""

    __slots__ = ("_line", "done", "fields", "status")

    def __init__(self) -> None:
        self._line: bytes | None = None
        self.status: Status | None = None
        self.fields = Fields()
        self.done = False

    def line(self, text: bytes, at: int) -> None:
        """Add a line without its line end, which begins at offset *at*. Raises _GivenUp."""
        if self._line is not None and self.status is not None and text[:1] in (b" ", b"\t"):
            self._line += text
            return
        if self._line is not None:
            self._parse(self._line, at)
        self._line = text
        self.done = not text

    def _parse(self, line: bytes, at: int) -> None:
        try:
            if self.status is None:
                self.status = parse(line)
                if self.status.major == 0:
                    raise _GivenUp(at, "Firefox reads it as HTTP/0.9")
            else:
                self.fields.add(line)
        except BadStatus:
            raise _GivenUp(at, "the status line has no status code") from None
        except BadField as fault:
            raise _GivenUp(at, str(fault)) from None
