"""The result of a handshake in a runtime; response heads, and the order in which every runtime's parser reads
them: the status line, then the fields."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

import msgspec

from wsprobe.browsers.http2 import Step
from wsprobe.exchange import Ended, UnpackedMessages
from wsprobe.read.reading import Reading

AT_ONCE = 1000
"""Microseconds that a runtime takes to inflate a message, outside its event loop. If the connection ends in
that time, the runtime sees the end first."""


class Failed(msgspec.Struct, frozen=True):
    """A handshake that failed, and why."""

    because: str
    text: str | None = None
    """One of the texts of ``RuntimeFacts.failures``, with its fields filled in; None without a text."""
    code: str = ""
    beyond: tuple[str, ...] = ()
    """As ``ScriptView.beyond``."""


class Opened(msgspec.Struct, frozen=True):
    protocol: str
    extensions: str
    stop: int
    """Offset in ``Reading.received`` of the first byte after the head."""
    deflates: bool = False
    takeover: bool = True
    bits: int = 15
    """Window size of the server's compression, as a power of two; 0 if zlib does not accept it."""
    masked: UnpackedMessages | None = None
    """The contents of messages that are masked in the recording."""
    round_trip: int = AT_ONCE
    """Microseconds that a packet takes to the server and back. No answer can come sooner."""

    def right_behind(self, ended: Ended, last: int) -> bool:
        """True if the server *ended* the connection so soon after it sent its bytes of *last* (microseconds)
        that it cannot have received what the client sent next."""
        return ended.at - last <= min(self.round_trip, AT_ONCE)


Answered = Step[None, Opened | Failed]


TOO_LARGE = "too-large"
DIGITS = b"0123456789"
TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
SPACE = re.compile(rb"[ \t]*")
Field = tuple[bytes, bytes]


class Head(msgspec.Struct, frozen=True):
    """One valid response head."""

    at: int
    """When its last byte was read, in microseconds."""
    status: int
    fields: tuple[Field, ...]
    """(name in lower case, value from the parser), in order."""
    stop: int
    """Offset in ``Reading.received`` of the first byte after it."""
    upgrade: bool = False
    """True if the parser stops here and passes the connection on as upgraded."""

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    def joined(self, name: bytes, *, trims: bool = True) -> str | None:
        """The values of *name* joined by ", ", None without one. Node's IncomingMessage and Fetch both do this.

        *trims*: remove the white space after a value, as node does (src/node_http_parser.cc, ToTrimmedString).
        """
        values = [value.rstrip(b" \t") if trims else value for value in self.values(name)]
        return b", ".join(values).decode("latin-1") if values else None


class Fault(msgspec.Struct, frozen=True):
    """An invalid response head, at which a parser stops."""

    at: int
    key: str
    """The parser's own name for the fault, or TOO_LARGE."""
    reason: str = ""


class BadHead(Exception):
    """The head is invalid: the offset of the fault, its key (``Fault.key``), and the reason."""

    def __init__(self, at: int, key: str, reason: str = "") -> None:
        self.at = at
        self.key = key
        self.reason = reason


class Short(Exception):
    """More bytes are needed."""


class HeadParser(ABC):
    """A parser of response heads. Its methods raise BadHead for invalid bytes, and Short if the bytes end too
    soon."""

    most: int | None = None
    """The most bytes of all heads of a connection together; None: no limit."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def byte(self, at: int) -> bytes:
        if at >= len(self.data):
            raise Short
        return self.data[at : at + 1]

    def expect(self, at: int, allowed: bytes, key: str, reason: str = "") -> int:
        """The offset after the byte at *at*, which must be one of *allowed*; any other is the fault *key*."""
        if self.byte(at) not in allowed:
            raise BadHead(at, key, reason)
        return at + 1

    def sequence(self, at: int, allowed: Iterable[bytes], key: str, reason: str = "") -> int:
        """The offset after the bytes at *at*, each of which must be one of those *allowed* at its place."""
        for each in allowed:
            at = self.expect(at, each, key, reason)
        return at

    def past(self, what: re.Pattern[bytes], at: int) -> int:
        """The offset after all bytes at *at* that match *what*, a pattern that matches nothing too."""
        return what.match(self.data, at).end()  # type: ignore[union-attr]

    def head(self, at: int) -> tuple[int, tuple[Field, ...], int]:
        """Status and fields of the head that begins at *at*, and the offset after it."""
        status, at = self.status_line(self.start(at))
        fields: list[Field] = []
        while (stop := self.end(at)) is None:
            name, value, at = self.field(at, fields)
            fields.append((name, value))
        self.whole(status, fields, stop)
        return status, tuple(fields), stop

    def start(self, at: int) -> int:
        """The offset at which the status line begins."""
        return at

    @abstractmethod
    def status_line(self, at: int) -> tuple[int, int]:
        """The status, and the offset of the next line."""

    @abstractmethod
    def end(self, at: int) -> int | None:
        """The offset after the empty line at *at*, None if a field begins at *at*."""

    @abstractmethod
    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        """Name, value, and the offset of the next line. *fields*: the fields before this one."""

    def whole(self, status: int, fields: list[Field], stop: int) -> None:
        """Check the complete head."""
        return None

    def upgrades(self, status: int, fields: tuple[Field, ...]) -> bool:
        return False

    def behind(self, at: int, fields: tuple[Field, ...]) -> None:
        """Check what follows an interim head that has *fields* and ends at *at*."""
        return None


class LineFeedParser(HeadParser):
    """A parser that accepts CRLF and LF as line ends."""

    wrong: str
    """The key of a fault in the fields."""

    def end(self, at: int) -> int | None:
        byte = self.byte(at)
        if byte == b"\r":
            return self.expect(at + 1, b"\n", self.wrong)
        return at + 1 if byte == b"\n" else None

    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        stop = self.past(TOKEN, at)
        if self.byte(stop) != b":" or stop == at:
            raise BadHead(stop, self.wrong)
        start = self.past(SPACE, stop + 1)
        end = self.past(VALUE, start)
        line = self.line_end(end, self.wrong)
        return self.data[at:stop].lower(), self.data[start:end].rstrip(b" \t"), line

    def line_end(self, at: int, key: str) -> int:
        """The offset after the line end at *at*; anything else there is the fault *key*."""
        return self.expect(at + 1 if self.byte(at) == b"\r" else at, b"\n", key)


def heads(reading: Reading, parser: HeadParser) -> Iterator[Head | Fault]:
    """The interim response heads, then the final one, or a Fault at the first invalid head.

    If the bytes end first, only the complete interim heads.
    """
    most, at = parser.most, 0
    while True:
        try:
            status, fields, at = parser.head(at)
            if most is not None and at > most:
                raise BadHead(most, TOO_LARGE)
            yield Head(reading.when(at - 1), status, fields, at, parser.upgrades(status, fields))
            if status >= 200 or status == 101:
                return
            parser.behind(at, fields)
        except BadHead as wrong:
            if most is not None and wrong.at >= most:
                wrong = BadHead(most, TOO_LARGE)
            yield Fault(reading.when(wrong.at), wrong.key, wrong.reason)
            return
        except Short:
            if most is not None and len(parser.data) > most:
                yield Fault(reading.when(most), TOO_LARGE)
            return
