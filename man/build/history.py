"""wsprobe-history(7): the story in a few screens. history.md has every revision and rule."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import mdoc
from man.build.mdoc import tagged, text
from man.build.revisions import span
from wsprobe.history import data
from wsprobe.history.data import HistoryRule

TURNS = (
    "2009-08-04",
    "2009-08-14",
    "2010-05-06",
    "2011-02-08",
    "2011-02-25",
    "2011-04-22",
    "2011-05-24",
    "2011-06-07",
    "2011-12",
    "2012-07-11",
    "2012-09-20",
    "2016-03-14",
    "2018-09",
    "2025-11-21",
)
"""Dates of the rows of the timeline that turned the reading of a refused handshake."""
RULE = "A status other than 101"
"""The title of the rule that is told whole."""


def page() -> str:
    return mdoc.page("wsprobe-history", 7, "how the meaning of a refused WebSocket handshake changed", _body())


def _body() -> Iterator[str]:
    yield ".Sh DESCRIPTION"
    yield from mdoc.paragraphs(
        "By RFC 6455, a client handles an answer other than 101 as HTTP does. A browser fails the connection "
        "instead, and hides the answer from the script. This page shows how the two came to differ.",
        f"history.md has the full tables: {len(data.revisions())} revisions of the protocol and of the API, "
        f"and {len(data.rules())} rules in each of them, with sections, sources, and how well each fact is "
        f"known. It is in man/ of the source, and in share/doc/wsprobe once installed. These commands use the "
        f"same facts:",
    )
    yield from mdoc.literal(
        (
            "wsprobe compare --spec all URL",
            "wsprobe compare --spec hybi-05..rfc6455,r1.210 FILE",
            "wsprobe explain history",
            "wsprobe explain hybi-07",
        )
    )
    yield ".Sh TURNING POINTS"
    yield from tagged((row.date, f"{row.title}. {row.changed}") for row in data.timeline() if row.date in TURNS)
    yield ".Sh THE RULE"
    yield from text("What a client does with a status other than 101, by the revisions that --spec knows:")
    yield from _rule(next(rule for rule in data.rules().values() if rule.title == RULE))
    yield ".Sh OPEN QUESTIONS"
    for number, question in enumerate(data.questions()):
        if number:
            yield ".Pp"
        yield from text(question.asked)
        yield ".Pp"
        yield from text(question.answer)
    yield ".Sh CONTRADICTIONS"
    yield from text(
        "Where a client cannot follow two places at the same time, or one leaves an answer undecided; in "
        "practice:"
    )
    yield from tagged((each.title, each.practice) for each in data.contradictions().values())
    yield ".Sh REVISIONS"
    yield from text("The names for --spec, oldest first; wsprobe explain NAME has more:")
    yield from text(f"{', '.join(data.revisions())}.")
    yield from mdoc.references("wsprobe(1)", "wsprobe-compare(1)", "wsprobe-browsers(7)")


def _rule(rule: HistoryRule) -> Iterator[str]:
    yield from tagged(((span(names), cell.text) for names, cell in rule.cells), compact=True)
