"""What one rule of one revision says of one reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wsprobe.history.data import cell_of
from wsprobe.history.revision import Grade, Revision
from wsprobe.judge.finding import Finding, Level
from wsprobe.read.reading import Span

_LEVELS: dict[str, Level] = {"fail": "fail", "ambiguous": "warn", "not known": "warn"}
_KNOWN: dict[Grade, str] = {
    "read": "",
    "secondary": " (known at second hand)",
    "one timeline": " (known from one published timeline)",
    "not known": "",
}

STRONGEST = ("fail", "not known", "ambiguous")
"""A rule that fails decides, whatever the others leave open; then what is not known; then what is undecided."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """An answer of ``Verdict.answer``, and the rule behind it as a finding."""

    answer: str
    finding: Finding


def rule(
    revision: Revision,
    rule_id: str,
    answer: str,
    what: str = "",
    *,
    span: Span | None = None,
    expected: str | None = None,
    received: str | None = None,
    usual: str = "",
) -> Ruling:
    """*answer* by the cell of *rule_id* in *revision*; *what* is said before the rule's own words."""
    cell = cell_of(rule_id, revision)
    own = f"{what}: {cell.text}" if what else cell.text
    where = f"{spec_of(revision, cell.rule)} section {cell.section}" if cell.section[:1].isdigit() else ""
    finding = Finding(
        f"rule-{rule_id}",
        _LEVELS.get(answer, "note"),
        where or ", ".join(part for part in (spec_of(revision, cell.rule), cell.section) if part),
        own + _KNOWN[cell.grade],
        usual,
        span,
        expected,
        received,
    )
    return Ruling(answer, finding)


def spec_of(revision: Revision, rule_id: str) -> str:
    """The name of the revision whose cell counts: its own, or that of the protocol under it."""
    from wsprobe.history.data import revisions, rules

    own = rules()[rule_id].cell(revision.name)
    spoken = revision.name if own is not None or not revision.protocol else revision.protocol
    return "RFC 6455" if spoken == "rfc6455" else revisions()[spoken].name


def strongest(rulings: Iterable[Ruling]) -> Ruling | None:
    """The ruling that decides, the first of its kind; None if all let the answer pass."""
    found = list(rulings)
    for answer in STRONGEST:
        for ruling in found:
            if ruling.answer == answer:
                return ruling
    return None
