"""Who likely wrote an answer, why, and what to write into a proxy."""

from __future__ import annotations

from collections.abc import Sequence

from wsprobe.remedy import Advice
from wsprobe.show.lines import Line, Piece, line


def causes(of: Sequence[Advice]) -> list[Line]:
    """What likely happened, what to do about each cause, and the lines to write into a proxy."""
    rows: list[Line] = []
    for each in of:
        if each.kind in ("likely", "or"):
            rows.append(line(Piece(f"{each.kind}: ", "note"), each.text))
            rows += [line("  do: ", each.fix)] if each.fix else []
    lines = [each for each in of if each.kind == "lines"]
    if lines:
        rows.append(line(Piece("to pass Upgrade and Connection on:", "good")))
        rows += [line("  - ", each.text) for each in lines]
    return rows
