"""Lines of output: styled pieces, with the same text in a pipe and on a terminal, and a bound for every list
whose length a peer decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

from msgspec import Struct

from wsprobe.text import counted, legible, unbroken, visible

Style = Literal["", "good", "fail", "warn", "note", "title", "name", "dim", "bar", "wait", "ours"]
"""What a piece is; ``show/paint.py`` has the colour of each."""


class Piece(Struct, frozen=True):
    text: str
    style: Style = ""
    received: bool = False
    """A message: the terminal wraps it, so that it can be copied as it is."""


class Omission(Piece, frozen=True):
    """Stands for what is left out."""


Line = tuple[Piece, ...]


class Look(Struct, frozen=True):
    """What the output can show."""

    width: int = 80
    """Columns."""
    terminal: bool = False
    """The output is a terminal: drawing and colour are possible."""
    color: bool = False
    unicode: bool = False
    """The stream can encode every character."""
    verbose: int = 0
    verbosity: bool = False
    """The command has -v."""
    screen: bool = False
    """Show one screen, not everything."""
    screen_only: bool = False
    """The command has no -v that shows the rest."""
    follows: bool = True
    """False with --max-redirs 0: -L follows no redirect."""

    def text(self, data: bytes) -> str:
        """A peer's bytes, made safe, as readable as this output allows."""
        return legible(data) if self.unicode else visible(data)

    def words(self, text: str) -> str:
        """Text that a peer, a worker or the command line gave, made safe in the same way."""
        return self.text(text.encode("utf-8", "surrogateescape"))

    def of_script(self, text: str) -> str:
        """A string of a script, which may have lone surrogates, made safe in the same way."""
        return self.text(text.encode("utf-8", "surrogatepass"))


def line(*parts: str | Piece, style: Style = "") -> Line:
    """One line; plain strings take *style*."""
    return tuple([Piece(part, style) if isinstance(part, str) else part for part in parts])


def text_of(of: Line) -> str:
    """The line as text, without styles."""
    return "".join([piece.text for piece in of])


def capital(text: str) -> str:
    """*text* with a capital letter, as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def width_of(of: Line) -> int:
    """The columns that the line takes on a terminal."""
    return cells(text_of(of))


LONGEST = 16384
"""The most characters of a printed line: nobody reads a Location of 2 MB."""


def shortened(of: Line) -> Line:
    """*of*, with a note instead of everything beyond LONGEST."""
    over = sum([len(piece.text) for piece in of]) - LONGEST
    if over <= 0:
        return of
    kept: list[Piece] = []
    room = LONGEST
    for piece in of:
        kept.append(Piece(piece.text[:room], piece.style))
        room = max(room - len(piece.text), 0)
    return (*(piece for piece in kept if piece.text), Piece(f" ... {over} more characters ({KEPT})", "dim"))


def styled(of: Line, begin: int, end: int, style: Style) -> Line:
    """*of* with the characters from *begin* to *end* in *style*."""
    pieces = []
    at = 0
    for piece in of:
        left, right = (min(max(edge - at, 0), len(piece.text)) for edge in (begin, end))
        parts = ((0, left, piece.style), (left, right, style), (right, len(piece.text), piece.style))
        pieces += [Piece(piece.text[a:b], its) for a, b, its in parts if a < b]
        at += len(piece.text)
    return tuple(pieces)


def cells(text: str) -> int:
    """The width of *text* in columns: two for a wide character (UAX #11), none for a combining one."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in ("W", "F") else 1
        for char in text
    )


def fitting(text: str, room: int) -> int:
    """The number of characters of *text* that fit into *room* columns; at least one, so that a loop ends."""
    if text.isascii():
        return max(room, 1)
    end = taken = 0
    while end < len(text) and (taken := taken + cells(text[end])) <= room:
        end += 1
    return max(end, 1)


def cut_in_middle(text: str, room: int, look: Look) -> str:
    """*text* in at most *room* columns, cut in the middle: the beginning and the end identify a URL."""
    if cells(text) <= room:
        return text
    mark = "\u2026" if look.unicode else "..."
    kept = max(room - len(mark), 2)
    end = kept // 2
    begin = fitting(text, kept - end)
    while cells(text[-end:]) > kept // 2 and end > 1:
        end -= 1
    return f"{text[:begin]}{mark}{text[-end:]}"


def plain(lines: Iterable[Line]) -> str:
    """The lines as text, each ended by a newline."""
    return "".join([text_of(each).rstrip(" ") + "\n" for each in lines])


def fitted(rows: Iterable[Line], look: Look) -> list[Line]:
    """*rows* unchanged; on a terminal wrapped to its width, except for a message, which the terminal wraps."""
    if not look.terminal:
        return list(rows)
    alone = ([row] if any(piece.received for piece in row) else cut(row, look.width) for row in rows)
    return [part for parts in alone for part in parts]


ROOM_FOR_WORDS = 36
"""The least columns for the text at the end of a row; with fewer, the text goes below the row."""
BELOW = 4
"""Its indent then, in columns."""


def row(columns: Line, words: Line, look: Look) -> list[Line]:
    """A row of a table with *words* of any length in the last column: on a terminal they are wrapped, next to
    the other *columns* or below them."""
    *before, last = columns
    alone = fitted([(*before, Piece(last.text.rstrip(" "), last.style))], look)
    if not words:
        return alone
    at = width_of(columns) + 2
    whole = (*columns, Piece("  "), *words)
    if not look.terminal:
        return [whole]
    if look.width - at >= ROOM_FOR_WORDS:
        return cut(whole, look.width, indent=at)
    indent = BELOW if look.width - BELOW >= NARROW else 0
    below = cut(words, look.width - indent, indent=0)
    return [*alone, *((Piece(" " * indent), *part) for part in below)]


def cut(of: Line, columns: int, indent: int = 2) -> list[Line]:
    """Wrap *of* into lines of at most *columns* columns, with its styles: at spaces, and within a command or a
    word only if it is longer than a line. All lines but the first are indented, if there is room."""
    if width_of(of) <= columns:
        return [of]
    columns = max(columns, 1)
    indent = indent if columns - indent >= NARROW else 0
    rows: list[Line] = []
    row: list[Piece] = []
    room = columns
    begun = False  # whether the row has more than its indent

    def end() -> None:
        nonlocal row, room, begun
        while row and not row[-1].text.strip(" ") and len(row) > 1:
            row.pop()
        rows.append(tuple(row))
        row, room, begun = ([Piece(" " * indent)] if indent else []), columns - indent, False

    for word in _words(of, columns - indent):
        size = width_of(tuple(word))
        if size > room and begun:
            end()
            word = [Piece(word[0].text.lstrip(" "), word[0].style), *word[1:]]
            size = width_of(tuple(word))
        for piece in word:
            text = piece.text
            while size > room and cells(text) > room:
                if begun and cells(text[0]) > room:
                    end()
                    continue
                at = fitting(text, room)
                row.append(Piece(text[:at], piece.style))
                begun = True
                text = text[at:]
                end()
            if text:
                row.append(Piece(text, piece.style))
                room -= cells(text)
                begun = True
    rows.append(tuple(row))
    return rows


NARROW = 6
"""Columns that are left beside an indent; where there are fewer, nothing is indented."""


def _words(of: Line, columns: int) -> list[list[Piece]]:
    """The pieces of each word, with the spaces before it; a word may have several styles. A command that fits
    into *columns* is one word."""
    found: list[list[Piece]] = []
    for piece in of:
        for word in unbroken(piece.text, columns, cells):
            if found and not word.startswith(" ") and not found[-1][-1].text.endswith(" "):
                found[-1].append(Piece(word, piece.style))
            else:
                found.append([Piece(word, piece.style)])
    return found


CHARACTERS = 20_000
"""The most characters of one list of lines, because a peer decides their length."""
VERBOSE = 10
"""The factor with -v."""
KEPT = "--json has all"
LAST = 3
"""Rows shown of the end, if the end matters."""

Item = TypeVar("Item")
Key = TypeVar("Key")


def grouped(pairs: Iterable[tuple[Key, Item]]) -> dict[Key, list[Item]]:
    """The items of each key, both in the order in which they come first."""
    found: dict[Key, list[Item]] = {}
    for key, item in pairs:
        found.setdefault(key, []).append(item)
    return found


class Budget:
    """The remaining lines and characters of one list."""

    def __init__(self, lines: int, look: Look) -> None:
        """*lines*: how many without -v."""
        more = VERBOSE if look.verbose else 1
        self._lines = lines * more
        self._characters = CHARACTERS * more

    @property
    def full(self) -> bool:
        """True if no line or no character is left."""
        return self._lines <= 0 or self._characters <= 0

    def take(self, row: Line) -> Line:
        """Count *row*, and return it."""
        self._lines -= 1
        self._characters -= width_of(row)
        return row


def ends(items: Sequence[Item], most: int, look: Look) -> tuple[Sequence[Item], int, Sequence[Item]]:
    """The first of *items*, the number left out, and the last ones; *most* in total, without -v."""
    most *= VERBOSE if look.verbose else 1
    if len(items) <= most:
        return items, 0, ()
    return items[: most - LAST], len(items) - most, items[-LAST:]


def left_out(count: int, what: str, look: Look, kept: str = KEPT) -> Line:
    """The line instead of *count* of *what*, with how to see them.

    *what* is in the singular. *kept*: where `connect` keeps all of it.
    """
    how = kept if look.verbosity else KEPT
    if look.verbosity and not look.verbose:
        how = f"-v shows more, {how}"
    return line(Omission(f"... {counted(count, f'more {what}')} ({how})", "dim"))
