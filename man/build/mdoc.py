"""The language of manual pages, mdoc(7), as far as our pages need it.

A sentence a line, no line over 80 bytes, ASCII only, as ``mandoc -Tlint`` wants it. Every function returns or
yields lines without their line ends.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from wsprobe.version import __version__

DATE = "December 1, 2026"
"""When the pages' own words were last gone through."""
COLUMNS = 72
"""Of a line of output in a literal display."""

_SENTENCE = re.compile(r"(?<=[^.][.?!])\s+(?=[^a-z])|(?<=[.?!][\"')])\s+(?=[^a-z])|(?<=[a-z]{3}\.)\s+(?=[a-z])")
_QUOTED = re.compile(r"``?([^`]+)``?")
"""Code in a docstring, which is plain in a page."""
_OPTION = re.compile(r"(?<![\w-])--[a-z0-9][a-z0-9-]*")
_CHARACTERS = {"\\": "\\e", '"': "\\(dq"}


def page(name: str, section: int, about: str, body: Iterable[str]) -> str:
    """A whole page, with a line end at its end. *about* is one line without a full stop."""
    lines = (
        f".Dd {DATE}",
        f".Dt {name.upper()} {section}",
        f".Os wsprobe {__version__}",
        ".Sh NAME",
        f".Nm {name}",
        f".Nd {escaped(about)}",
        *body,
    )
    return "".join(f"{line}\n" for line in lines)


def text(said: str) -> Iterator[str]:
    """Running text: a sentence a line, broken where a line would grow too long. Options stay whole."""
    for sentence in _SENTENCE.split(_QUOTED.sub(r"\1", said)):
        kept = _OPTION.sub(lambda option: option[0].replace("-", "\\-"), escaped(sentence))
        for line in textwrap.wrap(kept, 78, break_long_words=False, break_on_hyphens=False):
            yield f"\\&{line}" if line.startswith((".", "'")) else line


def paragraphs(*said: str) -> Iterator[str]:
    for number, each in enumerate(said):
        if number:
            yield ".Pp"
        yield from text(each)


def literal(lines: Iterable[str], *, compact: bool = False) -> Iterator[str]:
    """Lines as they are, indented: what is typed or printed."""
    yield ".Bd -literal -offset indent -compact" if compact else ".Bd -literal -offset indent"
    for line in lines:
        yield verbatim(line)
    yield ".Ed"


def broken(lines: str) -> Iterator[str]:
    """*lines* in at most so many columns; the rest of a long one is indented."""
    for line in lines.strip("\n").splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        yield from (
            textwrap.wrap(
                line,
                COLUMNS,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            if len(line) > COLUMNS
            else (line,)
        )


def verbatim(line: str) -> str:
    """One line of a literal display: its hyphens can be copied and typed."""
    shown = escaped(line).replace("-", "\\-").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return f"\\&{shown}" if shown.startswith((".", "'")) or not shown else shown


def tagged(rows: Iterable[tuple[str, str]], *, compact: bool = False) -> Iterator[str]:
    """A list with (tag, text) for its items."""
    yield ".Bl -tag -width Ds -compact" if compact else ".Bl -tag -width Ds"
    for tag, said in rows:
        yield f".It {quoted(tag)}"
        yield from text(said)
    yield ".El"


def bullets(items: Iterable[str]) -> Iterator[str]:
    yield ".Bl -bullet"
    for item in items:
        yield ".It"
        yield from text(item)
    yield ".El"


def references(*pages: str) -> Iterator[str]:
    """SEE ALSO: pages as ``name(section)``, in the order mandoc wants: by section, then by name."""
    yield ".Sh SEE ALSO"
    split = sorted((each[:-1].partition("(")[::2] for each in pages), key=lambda pair: (pair[1], pair[0]))
    for number, (name, section) in enumerate(split):
        yield f".Xr {name} {section}{' ,' if number + 1 < len(split) else ''}"


def quoted(words: str) -> str:
    """One argument of a macro: a quoted word is not taken for a macro."""
    return f'"{escaped(words)}"'


def escaped(said: str) -> str:
    """ASCII only; ``close()`` is no function of C that would have to be marked as one."""
    shown = "".join(_CHARACTERS.get(char, char if char.isascii() else f"\\[u{ord(char):04X}]") for char in said)
    return shown.replace("()", "\\&()")
