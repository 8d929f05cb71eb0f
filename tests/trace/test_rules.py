"""What each rule makes of a trace that it knows, and of one that just is not (rules/*.txt)."""

from tests.cases import every, named, same
from tests.trace.rules import FILES, sections

SECTIONS = [each for file in FILES for each in sections(file.read_text("utf-8"))]


@every(named(SECTIONS, lambda section: section.title))
def test_a_trace_means_what_the_file_has(section):
    """A difference on purpose is shown by ``python -m tests.trace.rules``, and read as a diff."""
    same(section.anew(), section.means)
