"""Lines on a terminal, drawn with rich. Imported only if something is drawn.

rich would interpret markup and emoji codes and drop control characters. All text here has passed
`wsprobe.show.visible`, and markup, emoji and highlighting are off.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import IO

from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from wsprobe.show import lines
from wsprobe.show.lines import Line, Look

STYLES: dict[lines.Style, str] = {
    "": "",
    "good": "bold green",
    "fail": "bold red",
    "warn": "magenta",
    "note": "bold blue",
    "title": "bold",
    "name": "blue",
    "dim": "dim",
    "bar": "green",
    "wait": "magenta",
    "ours": "blue",
}
"""Without yellow and cyan, which nobody can read on a light background."""

TOGETHER = 500
"""Lines printed at once: rich takes longer to prepare a print than to print a line."""


def paint(lines: Iterable[Line], stream: IO[str], look: Look) -> None:
    """Write *lines* to *stream* in colour. Raises OSError."""
    console = Console(
        file=stream,
        force_terminal=True,
        color_system="standard",
        width=look.width,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=True,
        legacy_windows=False,
    )
    styles = {name: Style.parse(style) for name, style in STYLES.items()}
    rest = iter(lines)
    while some := list(islice(rest, TOGETHER)):
        segments: list[Segment] = []
        for line in some:
            segments += [Segment(piece.text, styles[piece.style]) for piece in line]
            segments.append(Segment.line())
        console.print(Segments(segments), end="")
