"""Facts about the specifications' revisions: their types, and the TOML files of this package, each read once,
on first use; finds revisions by name."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from wsprobe.data_file import one_line, text_beside, toml_beside
from wsprobe.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping


from typing import Literal

from msgspec import Struct

Grade = Literal["read", "secondary", "one timeline", "not known"]
"""How well a fact is known.

``read``: the normative text was read. ``secondary``: a change log, a near-verbatim quotation in source code
or an implementation of that draft. ``one timeline``: only one author's published timeline. ``not known``:
nothing better than memory or inference was found, so wsprobe claims nothing.
"""

Kind = Literal["protocol", "api", "extension", "document"]


class Source(Struct, frozen=True):
    """A source for a fact."""

    title: str
    where: str
    """A URL, or a section or revision number."""


class Disclosure(Struct, frozen=True):
    """How a revision lets a failed handshake reach the script, or forbids it."""

    grade: Grade
    section: str
    events: tuple[str, ...] | None
    """Event types in order; None where the revision says nothing about script."""
    code: int | None
    """``CloseEvent.code``, or the code that counts as the connection's; None without one."""
    may_know: str
    """What a script may learn about the cause."""
    situations: tuple[str, ...] = ()
    """Ids of the situations that must look alike, in the order of the text."""


class Revision(Struct, frozen=True, kw_only=True):
    """One revision of one specification, under the name that options and JSON use."""

    name: str
    title: str
    kind: Kind
    date: str
    """ISO 8601, as exact as known: ``2011-04-22`` or ``2011-12``."""
    what: str
    grade: Grade
    """How well its text as a whole is known."""
    sections: str
    """The sections on the opening handshake."""
    changed: str
    """Its changes to the reading of an answer, "" if none."""
    why: str = ""
    sources: tuple[Source, ...]
    protocol: str = ""
    """For an API revision: the protocol revision under it."""
    same_as: str = ""
    """The revision that it republishes, or the one with the same handshake."""
    wire: str = ""
    """``Sec-WebSocket-Version``, or another mark on the wire."""
    shipped: str = ""
    reads: bool = True
    """False for a document that does not cover an answer to an HTTP/1.1 Upgrade."""
    told: Disclosure | None = None


class Cell(Struct, frozen=True):
    """One rule as some revisions have it."""

    rule: str
    mode: str
    """The variant of the check: a word that the check's function knows."""
    section: str
    grade: Grade
    text: str


class HistoryRule(Struct, frozen=True):
    """One rule through all revisions. Every protocol revision has exactly one cell."""

    id: str
    title: str
    about: Literal["http", "fields", "procedure", "http2"]
    cells: tuple[tuple[tuple[str, ...], Cell], ...]
    """(revision names, cell)."""

    def cell(self, revision: str) -> Cell | None:
        """The cell of *revision*, or None if the rule has no cell there."""
        for names, cell in self.cells:
            if revision in names:
                return cell
        return None


class Passage(Struct, frozen=True):
    """One of the contradicting places."""

    where: str
    says: str


class Contradiction(Struct, frozen=True):
    """Two places that a client cannot both follow, or a place that leaves an answer undecided."""

    id: str
    title: str
    places: tuple[Passage, ...]
    revisions: tuple[str, ...]
    """The revisions that it affects."""
    practice: str
    """The engines' measured behaviour."""
    finding: str = ""
    """The judge's finding on the same bytes; "" if the contradiction is found in another way."""


class Row(Struct, frozen=True, kw_only=True):
    """One row of the timeline."""

    date: str
    revision: str
    """Name of a revision, or "" for another event."""
    title: str
    changed: str
    why: str = ""
    verified: str
    """The verified parts, and the evidence."""
    grade: Grade
    published: bool = False
    """True: a row of the published timeline. False: added here."""


class OpenQuestion(Struct, frozen=True):
    """A question that the published timeline left open, and its answer."""

    id: str
    asked: str
    answer: str
    evidence: tuple[str, ...]
    scenarios: tuple[str, ...]
    """Names for ``wsprobe compare --browser-mode lab:NAME``."""


class UnknownRevision(ValueError):
    """An unknown revision. The message is one line and suggests the nearest names."""


def select(text: str, known: Mapping[str, Revision] | None = None) -> tuple[Revision, ...]:
    """The revisions listed in *text*, oldest first, each once.

    ``rfc6455``; ``hybi-07,r1.210``; a range ``hybi-05..rfc6455``: revisions of one kind (protocol or API) if
    both ends have that kind, otherwise all between them; ``all``: every revision that can read an answer.
    Raises UnknownRevision.
    """
    if known is None:
        known = revisions()
    wanted = {name for part in text.split(",") for name in expand(part.strip(), known)}
    return tuple(revision for revision in known.values() if revision.name in wanted)


def expand(part: str, known: Mapping[str, Revision]) -> tuple[str, ...]:
    """The names for one element of a list. Raises UnknownRevision."""
    order = list(known)
    if part == "all":
        return tuple(name for name in order if known[name].reads)
    if ".." not in part:
        return (_check(part, known),)
    first, _, last = part.partition("..")
    low, high = order.index(_check(first, known)), order.index(_check(last, known))
    if low > high:
        raise UnknownRevision(f"the range {part} runs backwards: write {last}..{first}")
    kinds = {known[first].kind, known[last].kind}
    between = order[low : high + 1]
    if len(kinds) == 1:
        return tuple(name for name in between if known[name].kind in kinds)
    return tuple(name for name in between if known[name].reads)


def _check(name: str, known: Mapping[str, Revision]) -> str:
    if name in known:
        return name
    near = nearest(name, known)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    raise UnknownRevision(f"no specification revision is called {name!r}{hint}; try `wsprobe explain history`")


_NAMED = r'(?m)^(?:name|id|revision) = "([^"]+)"'

_ALIKE = {
    "six": ("name-not-resolved", "no-route", "refused", "not-completed", "options-dropped", "abrupt-close"),
    "seven": (
        "name-not-resolved",
        "no-route",
        "refused",
        "tls-failed",
        "not-completed",
        "options-dropped",
        "abrupt-close",
    ),
}
"""The lists of situations that must look alike: hixie-76 section 6.1, and API revision 1.271 and after."""


@cache
def revisions() -> dict[str, Revision]:
    """Every revision by name, oldest first."""
    found = (_revision(row) for row in _load("revisions")["revision"])
    return {revision.name: revision for revision in found}


@cache
def situations() -> dict[str, str]:
    """The situations that must look alike to a script: id -> what it is."""
    return {row["id"]: row["text"] for row in _load("revisions")["situation"]}


@cache
def rules() -> dict[str, HistoryRule]:
    """Every rule by id."""
    known = revisions()
    found = {}
    named = cache(lambda text: expand(text, known))
    for row in _load("rules")["rule"]:
        cells = tuple(
            (named(cell["for"]), Cell(row["id"], cell["mode"], cell["section"], cell["grade"], cell["text"]))
            for cell in row["cells"]
        )
        found[row["id"]] = HistoryRule(row["id"], row["title"], row["about"], cells)
    return found


@cache
def contradictions() -> dict[str, Contradiction]:
    """Every contradiction between specifications, or within one, by id."""
    known = revisions()
    found = {}
    for row in _load("contradictions")["contradiction"]:
        names = tuple(name for part in row["revisions"] for name in expand(part, known))
        places = tuple(Passage(**place) for place in row["places"])
        found[row["id"]] = Contradiction(
            row["id"], row["title"], places, names, row["practice"], row.get("finding", "")
        )
    return found


@cache
def touched_by() -> dict[str, str]:
    """Finding id of the judge -> id of the contradiction that the same bytes touch."""
    rows = _load("contradictions")["contradiction"]
    return {row["finding"]: row["id"] for row in rows if "finding" in row}


@cache
def index(name: str) -> frozenset[str]:
    """The names in the file *name*, found without parsing it: enough to search for a word."""
    return frozenset(re.findall(_NAMED, text_beside(__file__, f"{name}.toml")))


@cache
def timeline() -> tuple[Row, ...]:
    """The timeline, oldest row first."""
    return tuple(Row(**_joined(row)) for row in _load("timeline")["row"])


@cache
def questions() -> tuple[OpenQuestion, ...]:
    """The open questions of the published timeline, with answers."""
    return tuple(
        OpenQuestion(
            row["id"],
            one_line(row["asked"]),
            one_line(row["answer"]),
            tuple(one_line(text) for text in row["evidence"]),
            tuple(row["scenarios"]),
        )
        for row in _load("timeline")["question"]
    )


def cell_of(rule: str, revision: Revision) -> Cell:
    """The cell of *rule* that applies to *revision*: its own, or that of the protocol revision under it.

    If a revision's text was not read, the fact that it keeps another's handshake is itself second-hand.
    """
    found = rules()[rule].cell(revision.name)
    if found is None and revision.protocol:
        found = rules()[rule].cell(revision.protocol)
    if found is None:
        return Cell(rule, "not-known", "", "not known", "Not known.")
    if found.grade == "read" and revision.same_as and revision.grade != "read":
        return replace(found, grade=revision.grade)
    return found


def _revision(row: dict[str, Any]) -> Revision:
    row = _joined(row)
    row["sources"] = tuple(Source(**source) for source in row["sources"])
    told = row.pop("told", None)
    if isinstance(told, str):  # the revision that says the same
        told = next(other["told"] for other in _load("revisions")["revision"] if other["name"] == told)
    if told:
        events = told.get("events")
        row["told"] = Disclosure(
            told["grade"],
            told["section"],
            None if events is None else tuple(events),
            told.get("code"),
            one_line(told["may_know"]),
            _ALIKE[told["situations"]] if "situations" in told else (),
        )
    return Revision(**row)


@cache
def _load(name: str) -> dict[str, Any]:
    return toml_beside(__file__, f"{name}.toml")


def _joined(row: dict[str, Any]) -> dict[str, Any]:
    return {key: one_line(value) if isinstance(value, str) else value for key, value in row.items()}
