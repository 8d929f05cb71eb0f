"""The answer as Firefox's HTTP transaction reads it, byte by byte as it comes.

Source: netwerk/protocol/http/nsHttpTransaction.cpp (ParseHead, LocateHttpStart, ParseLineSegment, ProcessData,
Close). The transaction is bound to its connection (NS_HTTP_STICKY_CONNECTION), so nothing is asked twice.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise

from wsprobe.browsers.firefox.facts import Facts
from wsprobe.browsers.firefox.net.http import body
from wsprobe.browsers.firefox.net.http.fields import BadField, Fields
from wsprobe.browsers.firefox.net.http.status import BadStatus, Status, parse
from wsprobe.browsers.script.timeline import arrivals, end
from wsprobe.exchange import Received, Sent
from wsprobe.pattern import pattern
from wsprobe.read.reading import Reading
from wsprobe.value import dataclass

_START = b"http/1."
_OTHER_START = pattern(rb"[ \t-\r]*(http/[23]|icy )", re.IGNORECASE)
_ANY_START = pattern(rb"http/1\.", re.IGNORECASE)
_WITHIN = 11
"""Of the first read, so many bytes are searched for the start of the answer."""
_SPACE = b" \t\n\v\f\r"
_STALE = 1_000_000
"""Microseconds after which a 408 is taken for that of a connection which was too old."""


@dataclass(frozen=True, slots=True)
class Head:
    status: Status
    fields: Fields
    end: int
    """Offset in ``Reading.received`` behind it."""
    cut: bool = False
    """The connection ended before the blank line: Firefox makes do with what there is."""


@dataclass(frozen=True, slots=True)
class Answer:
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
    if last.how in ("reset", "error") and head is None:
        return Answer(last.at, fault="the connection was reset")
    if head is None and last.how in ("fin", "truncated"):
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
    start = body.begins(head.status.code, head.fields, reading.received, head.end)
    if start is not None:
        return Answer(reading.when(start.offset - 1), head, start.offset if start.complete else None)
    last = end(reading)
    if last.how in ("reset", "error"):  # of a head without a byte behind it the channel is not told (measured)
        return Answer(last.at, fault="the connection was reset before the body")
    ended = last.how in ("fin", "truncated")
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
        if other is not None and not 0 <= found < other.start(1):
            found = other.start(1)
    if found < 0:
        raise _GivenUp(0, "it does not begin like an HTTP/1 answer")
    return found


def _next_start(received: bytes, at: int, facts: Facts) -> int | None:
    """LocateHttpStart after an interim answer: any junk may stand before, up to a limit."""
    other = _OTHER_START.match(received, at)
    found = other.start(1) if other is not None else -1
    if found < 0:
        any_start = _ANY_START.search(received, at)
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
    if end(reading).how not in ("fin", "truncated"):
        return None
    parser.line(b"", len(received))
    return Head(parser.status, parser.fields, len(received), cut=True) if parser.status is not None else None


def _line(received: bytes, at: int, stop: int, starts: list[int]) -> bytes:
    """The bytes from *at* to *stop* as ParseHead takes them: of each read, a CR that is its last, or stands
    before the LF, is left out. *starts*: where reads begin."""
    within = starts[bisect_right(starts, at) : bisect_right(starts, stop)]
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
                    raise _GivenUp(at, "it is taken for HTTP/0.9")
            else:
                self.fields.add(line)
        except BadStatus:
            raise _GivenUp(at, "the status line has no status code") from None
        except BadField as fault:
            raise _GivenUp(at, str(fault)) from None
