"""Heads without loss: lines with their own endings, and fields made of them (RFC 9112 sections 2 and 5).

Whatever bytes go in, the same bytes come out of ``Head.raw`` and what follows it.
"""

from __future__ import annotations

import re

from wsprobe.read.reading import Field, Head, Line, Span

LINES_MAX = 50_000
"""Lines told apart in one head. The rest of a longer head is kept as one last line: memory stays bounded."""

_WHITE = b" \t"
_UNUSUAL = re.compile(rb"[^\t\x20-\x7e]")
_ODD_BYTES = (
    ("bare-cr", re.compile(rb"\r")),
    ("nul", re.compile(rb"\x00")),
    ("8-bit", re.compile(rb"[\x80-\xff]")),
    ("control", re.compile(rb"[\x01-\x08\x0a-\x0c\x0e-\x1f\x7f]")),
)


class HeadSplitter:
    """Finds the end of one head in a buffer that grows. Each byte is looked at once.

    A head ends with the first empty line after a line that is not empty: empty lines before the start
    line belong to the head (RFC 9112 section 2.2 has servers skip them; browsers skip them in answers).
    """

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._line = start
        self._searched = start
        self._lines: list[Line] = []
        self._text_seen = False
        self.lines = 0
        """Lines that came before the empty one; no more than LINES_MAX are told apart."""

    def advance(self, data: bytes | bytearray) -> Head | None:
        """The head, once its blank line is in *data* (the whole buffer, from its beginning); else None."""
        while (newline := data.find(b"\n", self._searched)) >= 0:
            self._searched = newline + 1
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
        self._searched = len(data)
        return None

    def finish(self, data: bytes | bytearray) -> Head:
        """The head as far as it came: all of *data* from its start, without a blank line."""
        return self._head(data, len(data), b"")

    def _head(self, data: bytes | bytearray, stop: int, blank: bytes) -> Head:
        last = self._lines[-1] if self._lines else None
        kept = last.start + len(last.raw) if last else self._start
        lines = list(self._lines)
        rest = [_last_line(bytes(data[kept:stop]), kept)] if kept < stop else []
        if self.lines <= LINES_MAX:
            lines, rest = [*lines, *rest], []
        # What is left of so long a head is many lines in one, so it is neither start line nor field.
        at = next((i for i, line in enumerate(lines) if line.text), len(lines))
        first = lines[at] if at < len(lines) else None
        return Head((*lines, *rest), blank, self._start, _fields(lines[at + 1 :]), first)


def split_head(data: bytes | bytearray, start: int = 0) -> tuple[Head, int]:
    """The head that begins at *start*, and the offset of the first byte after it."""
    splitter = HeadSplitter(start)
    head = splitter.advance(data)
    if head is None:
        return splitter.finish(data), len(data)
    return head, start + sum(len(line.raw) for line in head.lines) + len(head.blank)


def line_oddities(line: Line) -> tuple[str, ...]:
    """What is unusual in the bytes of one line: ``bare-lf``, ``bare-cr``, ``nul``, ``8-bit``, ``control``."""
    found: tuple[str, ...] = ("bare-lf",) if line.end == b"\n" else ()
    if _UNUSUAL.search(line.text) is None:
        return found
    return found + tuple(name for name, pattern in _ODD_BYTES if pattern.search(line.text))


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
        found.append(_field(tuple(lines[at:stop])))
        at = stop
    return tuple(found)


def _field(lines: tuple[Line, ...]) -> Field:
    text = lines[0].text
    colon = text.find(b":")
    value, span = _value(lines, colon + 1)
    return Field(text[:colon] if colon > 0 else b"", value, lines, span, _oddities(lines, colon))


def _value(lines: tuple[Line, ...], after_colon: int) -> tuple[bytes, Span]:
    """The value, and where it stands: from its first to its last byte that is not white space."""
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


def _oddities(lines: tuple[Line, ...], colon: int) -> tuple[str, ...]:
    text = lines[0].text
    found: list[str] = []
    if colon < 0:
        found.append("no-colon")
    elif not text[:colon].strip(_WHITE):
        found.append("empty-name")
    elif text[colon - 1] in _WHITE:
        found.append("space-before-colon")
    if text[:1] in (b" ", b"\t"):
        found.append("space-before-name")
    if len(lines) > 1:
        found.append("folded")
    for line in lines:
        for odd in line_oddities(line):
            if odd not in found:
                found.append(odd)
    return tuple(found)
