"""The types for facts about the specifications' revisions. The facts themselves are in this package's TOML
files."""

from __future__ import annotations

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


class Revision(Struct, frozen=True):
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
    why: str
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


class Row(Struct, frozen=True):
    """One row of the timeline."""

    date: str
    revision: str
    """Name of a revision, or "" for another event."""
    title: str
    changed: str
    why: str
    verified: str
    """The verified parts, and the evidence."""
    grade: Grade
    published: bool
    """True: a row of the published timeline. False: added here."""


class OpenQuestion(Struct, frozen=True):
    """A question that the published timeline left open, and its answer."""

    id: str
    asked: str
    answer: str
    evidence: tuple[str, ...]
    scenarios: tuple[str, ...]
    """Names for ``wsprobe compare --browser-mode lab:NAME``."""
