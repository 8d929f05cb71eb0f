"""Specification revisions, their rules and contradictions, and the history as a whole."""

from __future__ import annotations

from wsprobe.explain.entry import Topic, lab
from wsprobe.history import data
from wsprobe.history.data import Cell, Contradiction, Grade, HistoryRule, OpenQuestion, Revision, Row

KNOWN: dict[Grade, str] = {
    "read": "the text was read",
    "secondary": "second hand: from a change log, a quotation in source code, or an implementation",
    "one timeline": "from one published timeline",
    "not known": "not known",
}
_SHORT: dict[Grade, str] = {
    "read": "text read",
    "secondary": "second hand",
    "one timeline": "one timeline",
    "not known": "not known",
}


def topics() -> tuple[str, ...]:
    """The topics that `find` knows: revisions, rules, contradictions, questions, and ``history``."""
    rows = (row.revision for row in data.timeline())
    return tuple(
        dict.fromkeys(
            (
                "history",
                *data.revisions(),
                *(name for name in rows if name),
                *(f"rule-{id}" for id in data.rules()),
                *data.contradictions(),
                *(question.id for question in data.questions()),
            )
        )
    )


def find(topic: str) -> Topic | None:
    """The revision, rule (``rule-ID``), contradiction, question or row of the timeline *topic*; None for
    another word."""
    if topic == "history":
        return _history()
    if topic in data.index("revisions") and topic in data.revisions():
        return _revision(data.revisions()[topic])
    if (rule := topic.removeprefix("rule-")) in data.index("rules"):
        return _rule(data.rules()[rule])
    if topic in data.index("contradictions"):
        return _contradiction(data.contradictions()[topic])
    if topic not in data.index("timeline"):
        return None
    for question in data.questions():
        if question.id == topic:
            return _question(question)
    return next((_row(row) for row in data.timeline() if row.revision == topic), None)


def _revision(revision: Revision) -> Topic:
    order = [r for r in data.revisions().values() if r.kind == revision.kind]
    at = order.index(revision)
    before, after = order[at - 1] if at else None, order[at + 1] if at + 1 < len(order) else None
    facts = [
        ("date", revision.date),
        ("known", KNOWN[revision.grade]),
        ("on the wire", revision.wire),
        ("shipped in", revision.shipped),
        ("over", revision.protocol),
        ("handshake of", revision.same_as),
        ("sections", revision.sections),
        ("changed", revision.changed),
        ("why", revision.why),
        *_told(revision),
        *_differences(revision, before),
        ("sources", "; ".join(f"{source.title}, {source.where}" for source in revision.sources)),
        *(
            (f"{row.date} in the timeline", _said(row))
            for row in data.timeline()
            if row.revision == revision.name
        ),
        ("before it", _neighbour(before)),
        ("after it", _neighbour(after)),
    ]
    near = [r.name for r in (before, after) if r is not None]
    touched = [c.id for c in data.contradictions().values() if revision.name in c.revisions]
    return Topic(
        revision.name,
        "revision",
        revision.title,
        (revision.what,),
        tuple(fact for fact in facts if fact[1]),
        (*near, *touched[:4], "history"),
    )


def _told(revision: Revision) -> list[tuple[str, str]]:
    told = revision.told
    if told is None:
        return []
    events = "nothing is specified" if told.events is None else ", then ".join(told.events)
    code = f", code {told.code}" if told.code is not None else ""
    where = f"section {told.section}" if told.section[:1].isdigit() else told.section
    alike = "; ".join(data.situations()[id] for id in told.situations)
    return [
        ("what a script gets after a failed handshake", f"{events}{code} ({where}; {_SHORT[told.grade]})"),
        ("what a script may learn", told.may_know),
        ("what must look the same to a script", alike),
    ]


def _differences(revision: Revision, before: Revision | None) -> list[tuple[str, str]]:
    """The rules that *revision* changed from the one before it; for the API, only its own rules."""
    if before is None or not revision.reads:
        return []
    found = []
    for rule in data.rules().values():
        if revision.protocol and rule.cell(revision.name) is None:
            continue
        cell, earlier = data.cell_of(rule.id, revision), data.cell_of(rule.id, before)
        if cell.mode != earlier.mode:
            found.append((f"rule-{rule.id}", _cell(cell)))
    return found


def _cell(cell: Cell) -> str:
    where = "; ".join(part for part in (cell.section, _SHORT[cell.grade]) if part)
    return f"{cell.text} ({where})"


def _neighbour(revision: Revision | None) -> str:
    return "" if revision is None else f"{revision.name}, {revision.date}: {revision.what}"


def _rule(rule: HistoryRule) -> Topic:
    facts = tuple((_span(names), _cell(cell)) for names, cell in rule.cells)
    text = (
        "The text of each revision. A revision of the API that is not listed here has no rule of its own: the "
        "protocol version under it decides.",
    )
    return Topic(f"rule-{rule.id}", "rule", rule.title, text, facts, ("history",))


def _span(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _contradiction(contradiction: Contradiction) -> Topic:
    facts = (
        *((place.where, place.says) for place in contradiction.places),
        ("in practice", contradiction.practice),
        ("revisions concerned", ", ".join(contradiction.revisions)),
    )
    return Topic(contradiction.id, "contradiction", contradiction.title, (), facts, ("history",))


def _question(question: OpenQuestion) -> Topic:
    facts = (*(("evidence", text) for text in question.evidence), *lab(question.scenarios))
    return Topic(question.id, "question", question.asked, (question.answer,), facts, ("history", "1006"))


def _history() -> Topic:
    text = (
        "Why protocol and API disagree: how the meaning of a refused handshake changed. RFC 6455 says that "
        "HTTP decides what an answer other than 101 means; browsers fail the connection and hide the "
        "answer from scripts.",
        "Rows marked * come from a published timeline (a blog post in Japanese), the start of this "
        "history; each row shows how much is verified.",
    )
    facts = [
        (f"{row.date}{' *' if row.published else ''}", f"{row.title}. {_said(row)}") for row in data.timeline()
    ]
    for question in data.questions():
        facts += [("asked", question.asked), ("answer", question.answer), *lab(question.scenarios)]
    see = ("hybi-07", "r1.210", "r1.271", *(question.id for question in data.questions()))
    return Topic("history", "history", "what a refused handshake meant, 2009 to today", text, tuple(facts), see)


def _row(row: Row) -> Topic:
    facts = (
        ("date", row.date),
        ("changed", row.changed),
        ("why", row.why),
        ("verified", row.verified),
        ("known", KNOWN[row.grade]),
    )
    return Topic(row.revision, "revision", row.title, (), tuple(f for f in facts if f[1]), ("history",))


def _said(row: Row) -> str:
    why = f" Why: {row.why}" if row.why else ""
    return f"{row.changed}{why} Verified: {row.verified}"
