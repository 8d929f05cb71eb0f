"""Standard output and standard error: what they can take, and how lines are written to them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import IO, Literal

from wsprobe.show.lines import Line, Look, plain

Color = Literal["auto", "always", "never"]


def look(stream: IO[str], color: Color = "auto", verbose: int | None = None) -> Look:
    """What *stream* can take, by the environment and by --color. *verbose*: how often -v was given; None where
    the command has no -v."""
    terminal = stream.isatty()
    wanted = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (getattr(stream, "encoding", "") or "").lower().replace("_", "-")
    return Look(
        width=shutil.get_terminal_size().columns,
        terminal=terminal,
        color=color == "always" or (color == "auto" and wanted),
        unicode=encoding in ("utf-8", "utf8"),
        verbose=verbose or 0,
        verbosity=verbose is not None,
    )


def emit(lines: Iterable[Line], stream: IO[str], of: Look) -> None:
    """Write lines to *stream*, painted if it takes colour."""
    if of.color:
        from wsprobe.show.paint import paint  # rich is loaded where something is painted

        paint(lines, stream, of)
    else:
        stream.write(plain(lines))
    stream.flush()


def note(text: str) -> None:
    """Write a word about the call itself to standard error."""
    sys.stderr.write(f"wsprobe: {text}\n")
    sys.stderr.flush()
