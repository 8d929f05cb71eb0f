"""man/history.md: every revision, rule and contradiction of which wsprobe-history(7) is the short."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import markdown
from man.build.markdown import text
from wsprobe.history import data
from wsprobe.history.data import Cell, Contradiction, Grade, HistoryRule, OpenQuestion, Row

KNOWN: dict[Grade, str] = {
    "read": "the normative text was read",
    "secondary": "a change log, a quotation in source code, or an implementation of that draft shows it",
    "one timeline": "one author's published timeline says so; there is no other source",
    "not known": "there is nothing better than memory or inference, so wsprobe claims nothing",
}
ABOUT = {
    "http": "HTTP: status, status line, field lines",
    "fields": "The fields of a 101",
    "procedure": "Procedure",
    "http2": "Outside the protocol",
}


def table() -> str:
    return markdown.document(_body())


def _body() -> Iterator[str]:
    yield "# How the meaning of a refused WebSocket handshake changed"
    yield ""
    yield (
        "The full tables behind wsprobe-history(7), made by `python -m man.build` from the data that `wsprobe "
        "compare --spec` and `wsprobe explain` read. Each fact has a word for how well it is known:"
    )
    yield ""
    yield from markdown.table(("word", "meaning"), ((grade, text(KNOWN[grade])) for grade in KNOWN))
    rules = (f"Rules: {title}" for title in ABOUT.values())
    yield from markdown.contents(("Timeline", "Open questions", "Revisions", *rules, "Contradictions"))
    yield "## Timeline"
    yield ""
    yield (
        "Rows with an asterisk are from a published timeline (a blog post in Japanese), the start of this "
        "account; the others were added."
    )
    yield ""
    yield from markdown.table(
        ("date", "what", "changed", "why", "verified"), (_row(row) for row in data.timeline())
    )
    yield "## Open questions"
    yield ""
    for question in data.questions():
        yield from _question(question)
    yield "## Revisions"
    yield ""
    yield (
        "By their names in the option `--spec` and in the JSON, oldest first; `wsprobe explain NAME` has all "
        "that is known of each, with its sources."
    )
    yield ""
    yield from markdown.table(
        ("name", "date", "what it is", "known"),
        (
            (markdown.code(each.name), text(each.date), text(f"{each.title}. {each.what}"), text(each.grade))
            for each in data.revisions().values()
        ),
    )
    for about, title in ABOUT.items():
        yield f"## Rules: {title}"
        yield ""
        yield (
            "A revision of the API that is not listed has the rule of its protocol revision."
            if about == "http"
            else "As above."
        )
        yield ""
        for rule in data.rules().values():
            if rule.about == about:
                yield from _rule(rule)
    yield "## Contradictions"
    yield ""
    yield "Where a client cannot follow two places at the same time, or one leaves an answer undecided."
    yield ""
    for contradiction in data.contradictions().values():
        yield from _contradiction(contradiction)


def _row(row: Row) -> tuple[str, ...]:
    date = f"{row.date}{' *' if row.published else ''}"
    return (text(date), text(row.title), text(row.changed), text(row.why), text(row.verified))


def _question(question: OpenQuestion) -> Iterator[str]:
    yield f"### {text(question.asked)}"
    yield ""
    yield text(question.answer)
    yield ""
    for each in question.evidence:
        yield f"- {text(each)}"
    yield ""
    yield from markdown.literal(f"wsprobe compare --browser-mode lab:{name}" for name in question.scenarios)


def _rule(rule: HistoryRule) -> Iterator[str]:
    yield f"### {text(rule.title)}"
    yield ""
    yield from markdown.table(
        ("revisions", "what a client does", "section", "known"),
        ((text(span(names)), *_cell(cell)) for names, cell in rule.cells),
    )


def span(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _cell(cell: Cell) -> tuple[str, str, str]:
    return text(cell.text), text(cell.section), text(cell.grade)


def _contradiction(contradiction: Contradiction) -> Iterator[str]:
    yield f"### {text(contradiction.title)}"
    yield ""
    for place in contradiction.places:
        yield f"- {text(f'{place.where}: {place.says}.')}"
    yield ""
    yield f"In practice: {text(contradiction.practice)}"
    yield ""
