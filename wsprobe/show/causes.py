"""The causes of an answer, what to do about them, and the lines for a proxy."""

from __future__ import annotations

from wsprobe.diagnosis.advice import Advice
from wsprobe.diagnosis.cause import Cause
from wsprobe.show.lines import Line, Piece, line


def causes(of: Advice, verbose: bool = False) -> list[Line]:
    """The causes, what to do about each, and the lines for a proxy. *verbose*: with the evidence."""
    rows: list[Line] = []
    for rank, each in enumerate(of.causes):
        rows.append(line(Piece(f"{'or' if rank else each.label}: ", "note"), each.text))
        rows += [line("  do: ", each.fix)] if each.fix else []
        rows += [line("  to tell the page: ", of.code)] if of.code and not rank else []
        rows += [line(Piece(f"  known by: {evidence(each)}", "dim"))] if verbose else []
    if of.lines:
        rows.append(line(Piece("to pass Upgrade and Connection on:", "good")))
        rows += [line("  - ", each) for each in of.lines]
    return rows


KNOWN_BY = {
    "own-request": "what was sent",
    "stated": "the words of the server",
    "only": "a mark of one program",
    "shared": "a form of answer that several programs share",
    "status": "the status alone",
}
"""``Cause.certainty`` in words."""


def evidence(of: Cause) -> str:
    """The evidence of a cause, and its kind; without the words of the server that the cause quotes."""
    shows = of.evidence.removesuffix(f": {of.quote}") if of.quote else of.evidence
    return f"{KNOWN_BY[of.certainty]} ({shows})" if shows else KNOWN_BY[of.certainty]
