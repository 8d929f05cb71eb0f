"""A response head as read by picohttpparser, the HTTP parser of Bun.

Source: picohttpparser.c (phr_parse_response, parse_headers, get_token_to_eol).
"""

from __future__ import annotations

import re

from wsprobe.browsers.runtime.heads import DIGITS, Field, HeadParser, Wrong

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*")
_LINE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_SPACE = re.compile(rb"[ \t]*")
_SPACES = re.compile(rb" *")
INVALID = "invalid"


class Picohttpparser(HeadParser):
    """Accepts CRLF and LF as line ends."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def status_line(self, at: int) -> tuple[int, int]:
        for allowed in (b"H", b"T", b"T", b"P", b"/", b"1", b".", DIGITS, b" "):
            at = self.expect(at, allowed, INVALID)
        at = _SPACES.match(self.data, at).end()  # type: ignore[union-attr]
        self.byte(at + 3)
        for place in range(at, at + 3):
            self.expect(place, DIGITS, INVALID)
        after = self.data[at + 3 : at + 4]
        stop, line = self._line(at + 3)
        if stop > at + 3 and after != b" ":
            raise Wrong(at + 3, INVALID)
        return int(self.data[at : at + 3]), line

    def end(self, at: int) -> int | None:
        byte = self.byte(at)
        if byte == b"\r":
            return self.expect(at + 1, b"\n", INVALID)
        return at + 1 if byte == b"\n" else None

    def field(self, at: int, fields: list[Field]) -> tuple[bytes, bytes, int]:
        """Name, value, and the offset of the next line. A line that continues the value before it has the name
        b""."""
        if fields and self.byte(at) in (b" ", b"\t"):
            return b"", b"", self._line(at)[1]
        stop = _NAME.match(self.data, at).end()  # type: ignore[union-attr]
        if self.byte(stop) != b":" or stop == at:
            raise Wrong(stop, INVALID)
        start = _SPACE.match(self.data, stop + 1).end()  # type: ignore[union-attr]
        end, line = self._line(start)
        return self.data[at:stop].lower(), self.data[start:end].rstrip(b" \t"), line

    def whole(self, status: int, fields: list[Field], stop: int) -> None:
        if any(not name for name, _ in fields):  # Bun refuses a continuation line
            raise Wrong(stop - 1, INVALID)

    def _line(self, at: int) -> tuple[int, int]:
        """The offset at which the line around *at* ends, and the offset of the next line."""
        stop = end = _LINE.match(self.data, at).end()  # type: ignore[union-attr]
        byte = self.byte(end)
        if byte == b"\r":
            end += 1
        return stop, self.expect(end, b"\n", INVALID)
