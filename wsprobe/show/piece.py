"""The one document model: lines of styled pieces. Pipe and terminal show the same words.

A style is a word of `wsprobe.show.paint.STYLES`; plain text simply leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable

from wsprobe.show.visible import legible, visible
from wsprobe.value import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    style: str = ""


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What the output can take."""

    width: int = 80
    """Columns."""
    terminal: bool = False
    """A person looks at it: drawing and colour are welcome."""
    color: bool = False
    unicode: bool = False
    """The stream can carry every character."""
    verbose: int = 0
    verbosity: bool = False
    """The command has -v."""

    def text(self, data: bytes) -> str:
        """Peer bytes, made safe, as readable as this output allows."""
        return legible(data) if self.unicode else visible(data)


def line(*parts: str | Piece, style: str = "") -> Line:
    """One line; plain strings take *style*."""
    return tuple(Piece(part, style) if isinstance(part, str) else part for part in parts)


def text_of(of: Line) -> str:
    return "".join(piece.text for piece in of)


def width_of(of: Line) -> int:
    return sum(cells(piece.text) for piece in of)


def cells(text: str) -> int:
    """Columns that *text* takes: two for a wide character (UAX #11), none for one that combines."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in ("W", "F") else 1
        for char in text
    )


def fitting(text: str, room: int) -> int:
    """How many characters of *text* stand in *room* columns; at least one, so that there is an end to it."""
    if text.isascii():
        return max(room, 1)
    end = taken = 0
    while end < len(text) and (taken := taken + cells(text[end])) <= room:
        end += 1
    return max(end, 1)


def plain(lines: Iterable[Line]) -> str:
    """The lines as text, each ended by a newline."""
    return "".join(text_of(each).rstrip(" ") + "\n" for each in lines)


def cut(of: Line, columns: int) -> list[Line]:
    """Break *of* into lines of at most *columns* columns, styles kept; at a space where there is one."""
    if width_of(of) <= columns:
        return [of]
    rows: list[Line] = []
    row: list[Piece] = []
    room = columns
    for piece in of:
        text = piece.text
        while cells(text) > room:
            whole = fitting(text, room)
            at = text.rfind(" ", 1, whole + 1)
            if at <= 0:
                at = 0 if row and room < columns // 2 else whole
            row.append(Piece(text[:at], piece.style))
            rows.append(tuple(row))
            text = text[at:].removeprefix(" ")
            row, room = [Piece("  ")], columns - 2
        row.append(Piece(text, piece.style))
        room -= cells(text)
    rows.append(tuple(row))
    return rows
