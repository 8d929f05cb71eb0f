"""What each rule of the diagnosis makes of an answer that it knows, and of one that just is not (rules.txt)."""

from __future__ import annotations

from tests.cases import every, named
from tests.diagnosis.rules import FILE, Section, sections

SECTIONS = tuple(sections(FILE.read_text("ascii")))


@every(named(SECTIONS, lambda section: section.title))
def test_a_rule_makes_of_an_answer_what_the_file_has(section: Section) -> None:
    """A difference on purpose is shown by ``python -m tests.diagnosis.rules``, and read as a diff."""
    for row in section.rows:
        for status in {row.first, row.last}:
            assert section.means(status, row.asked) == row.means, (status, *row.asked)
