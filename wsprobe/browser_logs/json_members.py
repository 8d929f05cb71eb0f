"""The members of one large JSON object, as its text arrives: a log may be cut off, and larger than memory.

Only the top level is taken apart: each member's value, and each element of an array that the caller names.
Chromium writes an element a line, which is the fast way here; any other layout is read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ELEMENT_MAX = 16 * 1024 * 1024
"""The most bytes of one element or member."""

_SPACE = re.compile(rb"[ \t\r\n]*")
_SPLIT = re.compile(rb"[ \t\r\n,]*")
_MARK = re.compile(rb'["{}\[\]]')
_STRING_END = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR_END = re.compile(rb"[,\]}\s]")
_MEMBER = re.compile(rb'[ \t\r\n,]*"((?:[^"\\]|\\.)*)"[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)


class JsonMembers:
    """The members of an object that arrives in pieces of any size."""

    def __init__(self, array: bytes) -> None:
        """*array*: the name of the member whose elements are wanted one at a time."""
        self._array = array
        self._buffer = bytearray()
        self._at = 0
        self._scanned, self._depth = 0, 0
        """Of an incomplete element: how far it was scanned, and how deep it is there."""
        self._found = self._members()
        self.problem = ""
        """Why the rest cannot be read; "" so far."""
        self.complete = False
        """Whether the object's last bracket was read."""

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield (name, value) for each member, and (name of the array, element) for each of its elements."""
        if self.problem or self.complete:
            return
        self._buffer += data
        for found in self._found:
            if found is None:
                break
            yield found
        del self._buffer[: self._at]
        self._scanned -= self._at
        self._at = 0
        if len(self._buffer) > ELEMENT_MAX and not self.problem:
            self.problem = f"an element longer than {ELEMENT_MAX:,} bytes"
            self._buffer.clear()

    def _members(self) -> Iterator[tuple[bytes, bytes] | None]:
        """The same, to the end of the object or a problem; None where more bytes are needed."""
        yield from self._open(b"{", "no JSON object")
        while not (self.problem or self.complete):
            sign = self._sign(_SPLIT)
            match = _MEMBER.match(self._buffer, self._at)
            if match is not None:
                self._at = match.end()
                yield from self._member(match.group(1) or b"?")
            elif sign == b"}":
                self._at += 1
                self.complete = True
            elif not sign or sign == b'"':
                yield None
            else:
                self.problem = "invalid JSON"

    def _member(self, name: bytes) -> Iterator[tuple[bytes, bytes] | None]:
        if name != self._array:
            while not self._sign(_SPACE) or (value := self._value()) is None:
                yield None
            yield name, value
            return
        yield from self._open(b"[", "its events are no array")
        while not self.problem:
            sign = self._sign(_SPLIT)
            if sign == b"]":
                self._at += 1
                return
            element = (self._line() or self._value()) if sign else None
            yield None if element is None else (name, element)

    def _open(self, bracket: bytes, otherwise: str) -> Iterator[None]:
        """Read *bracket*; *otherwise*: the problem if something else is there."""
        while not (sign := self._sign(_SPACE)):
            yield None
        if sign == bracket:
            self._at += 1
        else:
            self.problem = otherwise

    def _sign(self, skipped: re.Pattern[bytes]) -> bytearray:
        """The byte behind what is *skipped*, "" if it has not arrived."""
        match = skipped.match(self._buffer, self._at)
        self._at = self._at if match is None else match.end()
        return self._buffer[self._at : self._at + 1]

    def _line(self) -> bytes | None:
        """The element, if it is one whole line, as Chromium writes it; None if it may not be."""
        buffer, start = self._buffer, self._at
        if self._scanned > start:
            return None
        end = buffer.find(b"\n", start)
        if end < 0:
            return None
        last = end
        while last > start and buffer[last - 1] in b",\r":
            last -= 1
        line = bytes(buffer[start:last])
        if line[:1] != b"{" or line[-1:] != b"}" or line.count(b"{") != line.count(b"}"):
            return None
        self._at = end + 1
        return line

    def _value(self) -> bytes | None:
        """The value that begins here; None if more bytes are needed. Not decoded: it may be invalid."""
        buffer, start = self._buffer, self._at
        if buffer[start] not in b'"{[':
            match = _SCALAR_END.search(buffer, start)
            if match is None:
                return None
            self._at = max(match.start(), start + 1)
            return bytes(buffer[start : self._at])
        at = max(self._scanned, start)
        while (mark := _MARK.search(buffer, at)) is not None:
            sign = mark.group()
            at = mark.end()
            if sign == b'"':
                end = _STRING_END.match(buffer, at)
                if end is None:
                    self._scanned = mark.start()
                    return None
                at = end.end()
            else:
                self._depth += 1 if sign in b"{[" else -1
            if self._depth <= 0:
                self._at, self._scanned, self._depth = at, 0, 0
                return bytes(buffer[start:at])
        self._scanned = len(buffer)
        return None
