"""Lines on a terminal, drawn with rich. Imported only if something is drawn.

rich would interpret markup and emoji codes and drop control characters. All text here has passed
`wsprobe.show.visible`, and markup, emoji and highlighting are off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console
from rich.text import Text

from wsprobe.show.lines import Line, Look

STYLES = {
    "": "",
    "good": "bold green",
    "fail": "bold red",
    "warn": "yellow",
    "note": "cyan",
    "title": "bold",
    "name": "blue",
    "dim": "dim",
    "bar": "green",
    "wait": "magenta",
    "ours": "cyan",
}


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
    for line in lines:
        text = Text()
        for piece in line:
            text.append(piece.text, STYLES[piece.style])
        console.print(text)
