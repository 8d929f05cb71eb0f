"""What each command line prints, saves and exits with (printed/*.txt)."""

from tests.cases import every, named, same
from tests.cli.printed import FILES, sections

SECTIONS = [each for file in FILES for each in sections(file.read_text("utf-8"))]


@every(named(SECTIONS, lambda section: section.name))
def test_a_command_line_prints_what_the_file_has(section):
    """A difference on purpose is written by ``python -m tests.cli.printed``, and read as a diff."""
    same(section.anew(), section.rows)
