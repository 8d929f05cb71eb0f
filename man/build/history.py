"""wsprobe-history(7), from the same data that the program reads."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import mdoc
from man.build.mdoc import tagged, text
from wsprobe.history import data
from wsprobe.history.revision import Cell, Contradiction, Grade, Question, Revision, Row, Rule

KNOWN: dict[Grade, str] = {
    "read": "the normative text was read",
    "secondary": "a change log, a quotation in source code, or an implementation of that draft says so",
    "one timeline": "one author's published timeline says so, and nothing else was found",
    "not known": "nothing better than memory or inference was found, so nothing is claimed",
}
ABOUT = {
    "http": "HTTP: status, status line, field lines",
    "fields": "The fields of a 101",
    "procedure": "Procedure",
    "http2": "Beside the protocol",
}


def page() -> str:
    return mdoc.page("wsprobe-history", 7, "how the reading of a refused WebSocket handshake changed", _body())


def _body() -> Iterator[str]:
    yield ".Sh DESCRIPTION"
    yield from text(
        "RFC 6455 says that an answer to a handshake which is not a 101 is HTTP's to read. A browser fails it "
        "instead, and hides from script what was answered. That the two disagree is history, which this page "
        "tells with its sources: what each revision of the protocol and of the API asked a client to do with "
        "an answer."
    )
    yield ".Pp"
    yield from text("The same facts are what the program reads by:")
    yield from mdoc.literal(
        (
            "wsprobe compare --spec all URL",
            "wsprobe compare --spec hybi-05..rfc6455,r1.210 FILE",
            "wsprobe explain history",
            "wsprobe explain hybi-07",
        )
    )
    yield ".Ss How well a fact is known"
    yield from tagged((grade, KNOWN[grade]) for grade in KNOWN)
    yield ".Sh THE TIMELINE"
    yield from text(
        "Rows marked with an asterisk are those of a published timeline (a blog post in Japanese), from which "
        "this account starts; the others were added."
    )
    yield from tagged((_head(row), _row(row)) for row in data.timeline())
    yield ".Sh QUESTIONS IT LEFT OPEN"
    for number, question in enumerate(data.questions()):
        if number:
            yield ".Pp"
        yield from _question(question)
    yield ".Sh REVISIONS"
    yield from text("Under the names that the option --spec and the output in JSON use, oldest first.")
    for revision in data.revisions().values():
        yield from _revision(revision)
    yield ".Sh RULES"
    yield from text(
        "Each rule through the revisions, with the section and how well it is known. A revision of the API "
        "that is not named has what the protocol under it has."
    )
    for about, title in ABOUT.items():
        yield f".Ss {title}"
        yield ".Bl -tag -width Ds"
        for rule in data.rules().values():
            if rule.about == about:
                yield from _rule(rule)
        yield ".El"
    yield ".Sh CONTRADICTIONS"
    yield from text(
        "Where two places cannot both be followed, or one leaves an answer undecided, both are named."
    )
    yield ".Bl -tag -width Ds"
    for contradiction in data.contradictions().values():
        yield from _contradiction(contradiction)
    yield ".El"
    yield from mdoc.references("wsprobe(1)", "wsprobe-compare(1)", "wsprobe-browsers(7)")


def _head(row: Row) -> str:
    return f"{row.date}{' *' if row.published else ''}"


def _row(row: Row) -> str:
    why = f" Why: {row.why}" if row.why else ""
    return f"{row.title}. {row.changed}{why} Verified: {row.verified}"


def _question(question: Question) -> Iterator[str]:
    yield from text(question.asked)
    yield ".Pp"
    yield from text(question.answer)
    yield from mdoc.bullets(question.evidence)
    yield ".Pp"
    yield from text("To see it:")
    yield from mdoc.literal(f"wsprobe compare --browser-mode lab:{name}" for name in question.scenarios)


def _revision(revision: Revision) -> Iterator[str]:
    yield f".Ss {revision.name}"
    yield from text(f"{revision.title}, {revision.date}. {revision.what}")
    told = revision.told
    facts = [
        ("Changed", revision.changed),
        ("Why", revision.why),
        ("Sections", revision.sections),
        ("On the wire", revision.wire),
        ("Shipped in", revision.shipped),
        ("Over", revision.protocol),
        ("Handshake of", revision.same_as),
        ("Script", _told(revision) if told is not None else ""),
        ("Known", KNOWN[revision.grade]),
        ("Sources", "; ".join(f"{source.title}, {source.where}" for source in revision.sources)),
    ]
    yield from tagged((label, said) for label, said in facts if said)


def _told(revision: Revision) -> str:
    told = revision.told
    assert told is not None
    events = "nothing is said of events" if told.events is None else "gets " + ", then ".join(told.events)
    code = f", code {told.code}" if told.code is not None else ""
    where = f"section {told.section}" if told.section[:1].isdigit() else told.section
    return f"{events}{code} ({where}). {told.may_know}"


def _rule(rule: Rule) -> Iterator[str]:
    yield f".It {mdoc.quoted(rule.title)}"
    yield from tagged(((_span(names), _cell(cell)) for names, cell in rule.cells), compact=True)


def _span(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _cell(cell: Cell) -> str:
    where = "; ".join(part for part in (cell.section, cell.grade) if part)
    return f"{cell.text} ({where})"


def _contradiction(contradiction: Contradiction) -> Iterator[str]:
    yield f".It {mdoc.quoted(contradiction.title)}"
    for place in contradiction.places:
        yield from text(f"{place.where}: {place.says}.")
    yield from text(f"In practice: {contradiction.practice}")
