"""A response head as read by hyper, the HTTP library of Deno, and its parser httparse.

Sources: httparse 1.10 src/lib.rs (Response::parse, parse_headers_iter_uninit), hyper 1.6 src/proto/h1/role.rs
(Client) and io.rs (Buffered::parse).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.browsers.runtime.heads import DIGITS, TOO_LARGE, Fault, Field, Head, HeadParser, Short, Wrong
from wsprobe.browsers.script import arrivals
from wsprobe.read.reading import Reading
from wsprobe.read.tokens import only_part

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_SPACE = re.compile(rb"[ \t]*")
_NO_BODY = (204, 304)
_LENGTH_MAX = 2**64 - 3
_DIGITS_MAX = len(str(2**64))


class Httparse(HeadParser):
    """Accepts CRLF and LF as line ends. The keys of faults are the names of hyper's errors
    (hyper::error::Parse)."""

    def __init__(self, data: bytes, most_fields: int) -> None:
        super().__init__(data)
        self._most_fields = most_fields
        self._minor = b""

    def start(self, at: int) -> int:
        while (byte := self.byte(at)) in (b"\r", b"\n"):
            at = self.expect(at + 1, b"\n", "Header") if byte == b"\r" else at + 1
        return at

    def status_line(self, at: int) -> tuple[int, int]:
        at = self.expect(self._version(at), b" ", "Version")
        for _ in range(3):
            at = self.expect(at, DIGITS, "Status")
        status = int(self.data[at - 3 : at])
        byte = self.byte(at)
        if byte == b" ":
            at = _VALUE.match(self.data, at + 1).end()  # type: ignore[union-attr]
            byte = self.byte(at)
        if byte == b"\r":
            at += 1
        return status, self.expect(at, b"\n", "Status")

    def _version(self, at: int) -> int:
        eight = self.data[at : at + 8]
        if len(eight) == 8:
            if eight not in (b"HTTP/1.0", b"HTTP/1.1"):
                raise Wrong(at, "Version")
            self._minor = eight[7:]
            return at + 8
        for place, byte in enumerate(eight[:7]):
            if byte != b"HTTP/1."[place]:
                raise Wrong(at + place, "Version")
        raise Short

    def end(self, at: int) -> int | None:
        byte = self.byte(at)
        if byte == b"\r":
            return self.expect(at + 1, b"\n", "Header")
        return at + 1 if byte == b"\n" else None

    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        stop = _NAME.match(self.data, at).end()  # type: ignore[union-attr]
        if self.byte(stop) != b":" or stop == at:
            raise Wrong(stop, "Header")
        start = _SPACE.match(self.data, stop + 1).end()  # type: ignore[union-attr]
        end = _VALUE.match(self.data, start).end()  # type: ignore[union-attr]
        after = end
        if self.byte(after) == b"\r":
            after += 1
        line = self.expect(after, b"\n", "Header")
        if len(fields) == self._most_fields:
            raise Wrong(after, TOO_LARGE)
        return self.data[at:stop].lower(), self.data[start:end].rstrip(b" \t"), line

    def whole(self, status: int, fields: list[Field], stop: int) -> None:
        """Client::decoder: hyper decides how the body is framed before it looks at the status."""
        if status < 100:
            raise Wrong(stop, "Status")
        if status < 200 or status in _NO_BODY:
            return
        names = {name for name, _ in fields}
        if b"transfer-encoding" in names:
            if self._minor == b"0":
                raise Wrong(stop, "TransferEncoding")
        elif b"content-length" in names:
            length = only_part(b",".join(value for name, value in fields if name == b"content-length"))
            if length is None or not length.isdigit() or len(digits := length.lstrip(b"0")) > _DIGITS_MAX:
                raise Wrong(stop, "ContentLength")
            if (number := int(digits or b"0")) >= 2**64:
                raise Wrong(stop, "ContentLength")
            if number > _LENGTH_MAX:
                raise Wrong(stop, TOO_LARGE)


def heads(reading: Reading, most_fields: int, most: int) -> Iterator[Head | Fault]:
    """As ``heads.heads``, but a fault is found at the time when hyper parses the head again.

    After a head was incomplete, hyper parses it again only once an empty line has arrived (is_complete_fast).
    *most_fields*: the most fields of one head. *most*: the number of bytes from which on an incomplete head is
    too large.
    """
    parser = Httparse(b"", most_fields)
    at = parsed = 0
    for arrival in arrivals(reading):
        parser.data += arrival.data
        while len(parser.data) > at:
            if parsed and not _seems_complete(parser.data, max(at, parsed - 3)):
                break
            try:
                status, fields, stop = parser.head(at)
            except Wrong as wrong:
                yield Fault(arrival.at, wrong.key)
                return
            except Short:
                break
            yield Head(arrival.at, status, fields, stop)
            at, parsed = stop, 0
            if status == 101 or status >= 200:
                return
        if len(parser.data) - at >= most:
            yield Fault(arrival.at, TOO_LARGE)
            return
        parsed = len(parser.data) if len(parser.data) > at else 0


def _seems_complete(data: bytes, start: int) -> bool:
    return data.find(b"\r\n\r\n", start) >= 0 or data.find(b"\n\n", start) >= 0
