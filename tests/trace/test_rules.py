"""What each rule makes of a trace that it knows, and of one that just is not (rules/*.txt)."""

from __future__ import annotations

from tests.cases import every, named
from tests.trace.rules import FILES, Section, sections

SECTIONS = [each for file in FILES for each in sections(file.read_text("ascii"))]


@every(named(SECTIONS, lambda section: section.title))
def test_a_trace_means_what_the_file_has(section: Section) -> None:
    """A difference on purpose is shown by ``python -m tests.trace.rules``, and read as a diff."""
    assert section.anew() == section.means
