"""The causes of an answer, what to do about them, and the lines for a proxy."""

from __future__ import annotations

from wsprobe.diagnosis.advice import Advice
from wsprobe.diagnosis.cause import Cause
from wsprobe.show.lines import Line, Piece, line


def causes(of: Advice, verbose: bool = False) -> list[Line]:
    """The causes, what to do about each, and the lines for a proxy. *verbose*: with the evidence."""
    rows: list[Line] = []
    for rank, each in enumerate(of.causes):
        label, said = lead(each, rank)
        apart = said == each.text and each.usual and each.without_usual
        rows.append(line(Piece(f"{label}: ", "note"), each.without_usual if apart else said))
        rows += [line(f"  {each.usually}")] if apart else []
        rows += [line("  do: ", each.fix)] if each.fix else []
        rows += [line("  to tell the page: ", of.code)] if of.code and not rank else []
        rows += [line(Piece(f"  known by: {evidence(each)}", "dim"))] if verbose else []
    if of.lines:
        rows.append(line(Piece("to pass Upgrade and Connection on:", "good")))
        rows += [line("  - ", each) for each in of.lines]
    return rows


def lead(of: Cause, rank: int, *, quoted: bool = False) -> tuple[str, str]:
    """The label of the cause at *rank*, and what follows it: of a cause that repeats the outcome, which the
    report has above, only the usual causes. *quoted*: the report has the server's words above too."""
    said = of.without_quote if quoted else of.text
    if not rank and of.usual and (of.repeats_outcome or said == of.usually):
        label, _, said = of.usually.partition(": ")
        return label, said
    return "or" if rank else of.label, said or of.text


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
