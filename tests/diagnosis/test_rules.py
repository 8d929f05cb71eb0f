"""What each rule of the diagnosis makes of an answer or session that it knows, and of one that just is not."""

from __future__ import annotations

from tests.cases import every, named
from tests.diagnosis.rules import FILES, sections
from tests.diagnosis.sessions import sessions

SECTIONS = [each for file in FILES for each in sections(file.read_text("utf-8"))]


@every(named(SECTIONS, lambda section: section.title))
def test_a_rule_makes_of_an_answer_what_the_file_has(section):
    """A difference on purpose is shown by ``python -m tests.diagnosis.rules``, and read as a diff."""
    for row in section.rows:
        for status in {row.first, row.last}:
            assert section.means(status, row.asked) == row.means, (status, *row.asked)


@every(named(sessions(), lambda session: session.title))
def test_a_session_means_what_the_file_has(session):
    """A difference on purpose is shown by ``python -m tests.diagnosis.sessions``."""
    assert session.anew() == session.means
