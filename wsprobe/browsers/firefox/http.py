"""The answer as Firefox's HTTP transaction reads it, byte by byte as it comes: status line, header lines, body.

When the body of an answer begins matters, because only then is the channel told that there is an answer at all:
a pipe lies between the connection and the channel, and with nothing in it, OnStartRequest waits. Without a
Content-Type, the decoder that looks into the body to find one lies there too, and wants to see more. The
transaction is bound to its connection (NS_HTTP_STICKY_CONNECTION), so nothing is asked twice.

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

from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.script import arrivals, end
from wsprobe.exchange import BROKEN, FINISHED, Received, Sent
from wsprobe.read.reading import Reading

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_WHITE_SPACE = b" \t\r\n"
_NUMBER = rb"-?[0-9]{1,40}"
_INT64_MAX = 2**63 - 1

_SINGLETONS = frozenset(
    {b"content-type", b"content-disposition", b"content-length", b"user-agent", b"referer", b"host"}
    | {b"authorization", b"proxy-authorization", b"if-modified-since", b"if-unmodified-since", b"from"}
    | {b"location", b"max-forwards", b"sec-gpc", b"strict-transport-security"}
)
"""Never merged: the first counts (IsSingletonHeader)."""

_SUSPECT = frozenset({b"content-length", b"content-disposition", b"location"})
"""Different values of these look like an injected head (IsSuspectDuplicateHeader)."""

_BY_LINE = frozenset({b"set-cookie", b"www-authenticate", b"proxy-authenticate"})
"""Merged with a line feed, because their values have commas of their own (MergeHeader)."""


class BadField(Exception):
    """The whole answer is given up for this field."""


class Fields:
    """Filled line by line; values as ``GetResponseHeader`` gives them."""

    __slots__ = ("content_length", "typed", "values")

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        """By name in lower case."""
        self.content_length = -1
        """-1: not known."""
        self.typed = False
        """There is a Content-Type with a type in it."""

    def get(self, name: bytes) -> bytes | None:
        return self.values.get(name)

    def add(self, line: bytes) -> None:
        """One header line, folds joined. What is not a field is skipped; raises BadField."""
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            return
        name = name.lower()
        value = value.strip(b" \t")
        if b"\0" in value:
            raise BadField(f"a NUL in {name.decode()}")
        self._set(name, value)
        if name == b"content-length":
            self._length(value)
        elif name == b"content-type":
            self.typed |= any(_is_type(part) for part in value.split(b","))

    def tokens(self, name: bytes, separators: bytes) -> list[bytes]:
        """*name*'s value cut at any of *separators*, empty parts left out."""
        value = self.values.get(name)
        return [part for part in re.split(b"[" + separators + b"]+", value) if part] if value else []

    def _set(self, name: bytes, value: bytes) -> None:
        """SetHeaderFromNet."""
        had = self.values.get(name)
        if had is None:
            self.values[name] = value
        elif name not in _SINGLETONS:
            self.values[name] = _merged(name, had, value)
        elif name in _SUSPECT and _comparable(name, had) != _comparable(name, value):
            raise BadField(f"different values of {name.decode()}")

    def _length(self, value: bytes) -> None:
        """ParseResponseContentLength: one number, or the same one several times."""
        parts = [part.strip(_WHITE_SPACE) for part in value.split(b",")]
        if len(set(parts)) > 1:
            raise BadField("different values of content-length")
        if value and re.fullmatch(_NUMBER, parts[0]) and abs(int(parts[0])) <= _INT64_MAX:
            self.content_length = int(parts[0])


def _is_type(part: bytes) -> bool:
    """net_ParseMediaType: a slash before white space or parameters makes a type."""
    type_, *_ = re.split(rb"[; \t]", part.strip(_WHITE_SPACE), maxsplit=1)
    return b"/" in type_ and type_ != b"*/*"


def _merged(name: bytes, had: bytes, value: bytes) -> bytes:
    if not value:
        return had
    if not had:
        return value
    return had + (b"\n" if name in _BY_LINE else b", ") + value


def _comparable(name: bytes, value: bytes) -> bytes:
    """RemoveDuplicateHeaderValues, for Content-Length only."""
    if name != b"content-length":
        return value
    parts = {part.strip(_WHITE_SPACE) for part in value.split(b",")}
    return parts.pop() if len(parts) == 1 else value


_VERSION = re.compile(rb"HTTP(?![0-9A-Za-z_])(/(?:([0-9]+)(\.(?:([0-9]+))?)?)?)?")
_CODE = re.compile(rb"[ \t\r\n]*([0-9]{1,3})(?=[ \t\r\n]|\Z)")
_UINT32_MAX = 2**32 - 1


class BadStatus(Exception):
    """There is a space, and no status code behind it."""


class Status(Struct, frozen=True):
    major: int
    """0, 1, 2 or 3."""
    minor: int
    code: int


def parse(line: bytes) -> Status:
    """What *line* says. Raises BadStatus. Without a space, and for HTTP/0.9, the code is 200."""
    major, minor = _version(line.partition(b"\0")[0])
    _, space, rest = line.partition(b" ")
    if major == 0 or not space:
        return Status(major, minor, 200)
    code = _CODE.match(rest)
    if code is None:
        raise BadStatus
    return Status(major, minor, int(code[1]))


def _version(line: bytes) -> tuple[int, int]:
    """HTTP/0.9 unless it begins with ``HTTP``, in capitals; HTTP/1.0 for what cannot be made sense of."""
    found = _VERSION.match(line)
    if found is None:
        return (1, 0) if line[:4].lower() == b"icy " else (0, 9)
    major = _integer(found[2])
    if major in (2, 3):
        return major, 0
    if major == 1 and _integer(found[4]) >= 1:
        return 1, 1
    return 1, 0


def _integer(digits: bytes | None) -> int:
    """-1 where there is none, or none of 32 bits."""
    if not digits:
        return -1
    number = int(digits.lstrip(b"0")[:11] or b"0")
    return number if number <= _UINT32_MAX else -1


_NO_CONTENT = frozenset({101, 204, 205, 304})
_SIZE = rb"[ \t\n\v\f\r]*\+?(?:0[xX])?([0-9A-Fa-f]+)"
_SNIFFED = 512
"""nsUnknownDecoder decides once there is more than this."""


class Start(Struct, frozen=True):
    """The channel is told when the byte before *offset* arrives."""

    offset: int
    complete: bool
    """The body ends there; what comes behind is no part of it."""


def begins(code: int, fields: Fields, received: bytes, start: int) -> Start | None:
    """When the body that stands at *start* begins; None if not yet."""
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
"""Of the first read, so many bytes are searched for the start of the answer."""
_SPACE = b" \t\n\v\f\r"
_STALE = 1_000_000
"""Microseconds after which a 408 is taken for that of a connection which was too old."""


class Head(Struct, frozen=True):
    status: Status
    fields: Fields
    end: int
    """Offset in ``Reading.received`` behind it."""
    cut: bool = False
    """The connection ended before the blank line: Firefox makes do with what there is."""


class Answer(Struct, frozen=True):
    """What came of waiting for an answer."""

    at: int
    """Microseconds: when the WebSocket channel is told."""
    head: Head | None = None
    stream: int | None = None
    """Offset in ``Reading.received`` of what comes behind the answer; None if it has not ended."""
    cut: bool = False
    """The connection ended before the answer did."""
    fault: str = ""
    """Why there is no head."""
    pending: bool = False
    """True if the recording ends before this was settled."""


class _GivenUp(Exception):
    """The bytes up to *offset* cannot become an answer."""

    def __init__(self, offset: int, fault: str) -> None:
        super().__init__(fault)
        self.offset = offset


def read_answer(reading: Reading, facts: Facts) -> Answer:
    """Read the final answer: interim ones are passed over."""
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
    """Wait for the body to begin; it is then that the channel is told."""
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
    """LocateHttpStart, with partial matches: the first read decides, and only minor junk may stand before."""
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
    """LocateHttpStart after an interim answer: any junk may stand before, up to a limit."""
    other = _OTHER_START.match(received, at)
    found = other.start(1) if other is not None else -1
    if found < 0:
        any_start = re.compile(_ANY_START).search(received, at)
        found = any_start.start() if any_start is not None else -1
    if (found if found >= 0 else len(received)) - at > facts.max_junk:
        raise _GivenUp(at + facts.max_junk, "no answer follows the interim one")
    return found if found >= 0 else None


def _head(reading: Reading, start: int) -> Head | None:
    """The head from *start* on; None if its end has not come."""
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
    """The bytes from *at* to *stop* as ParseHead takes them: of each read, a CR that is its last, or stands
    before the LF, is left out. *starts*: where reads begin."""
    within = starts[bisect_right(starts, at) : bisect_right(starts, stop)]
    if not within:
        return received[at:stop].removesuffix(b"\r")
    bounds = pairwise([at, *within, stop])
    return b"".join(received[begin:end].removesuffix(b"\r") for begin, end in bounds)


class _Parser:
    """ParseLineSegment: a line counts once the next one shows that it does not go on there."""

    __slots__ = ("_line", "done", "fields", "status")

    def __init__(self) -> None:
        self._line: bytes | None = None
        self.status: Status | None = None
        self.fields = Fields()
        self.done = False

    def line(self, text: bytes, at: int) -> None:
        """*text* without its line end; *at*: its offset. Raises _GivenUp."""
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
