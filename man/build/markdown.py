"""The language of the tables in man/*.md, GitHub's Markdown, as far as they need it. Functions yield lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_MARKS = re.compile(r"([\\`*_\[\]<>|~#])")
_NOT_IN_A_LINK = re.compile(r"[^a-z0-9 _-]")


def document(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def text(said: str) -> str:
    """*said* on one line, whatever is in it shown as it is."""
    return _MARKS.sub(r"\\\1", " ".join(said.split()))


def code(said: str) -> str:
    """*said* as code; nothing in it is markup. A bar would end the cell of a table all the same."""
    fence = "``" if "`" in said else "`"
    pad = " " if fence == "``" else ""
    return f"{fence}{pad}{' '.join(said.split())}{pad}{fence}".replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; its cells are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def contents(titles: Iterable[str]) -> Iterator[str]:
    """A list of links to headings, by the anchors that GitHub gives them."""
    for title in titles:
        yield f"- [{text(title)}](#{_NOT_IN_A_LINK.sub('', title.lower()).replace(' ', '-')})"
    yield ""


def literal(lines: Iterable[str]) -> Iterator[str]:
    yield "```"
    yield from lines
    yield "```"
    yield ""
