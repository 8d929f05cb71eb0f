"""What each rule of the diagnosis makes of an answer or session that it knows, and of one that just is not."""

import re

from tests.cases import every, named, same
from tests.diagnosis import first
from tests.diagnosis.rules import FILES, sections
from tests.diagnosis.sessions import sessions
from wsprobe.diagnosis import author
from wsprobe.diagnosis.kinds import all_kinds

SECTIONS = [each for file in FILES for each in sections(file.read_text("utf-8"))]


@every(named(SECTIONS, lambda section: section.title))
def test_a_rule_makes_of_an_answer_what_the_file_has(section):
    """A difference on purpose is shown by ``python -m tests.diagnosis.rules``, and read as a diff."""
    for row in section.rows:
        for status in {row.first, row.last}:
            given = " ".join((str(status), *row.asked))
            same(f"{given}: {section.means(status, row.asked)}", f"{given}: {row.means}")


@every(named(sessions(), lambda session: session.title))
def test_a_session_means_what_the_file_has(session):
    """A difference on purpose is shown by ``python -m tests.diagnosis.sessions``."""
    same(session.anew(), session.means)


def test_each_cause_that_is_said_has_an_entry_in_causes_txt():
    """``--expect cause:ID`` and ``explain`` know only those."""
    said = {cause.id for session in sessions() for cause in author(session.reading()).causes}
    said |= set(re.findall(r"(?m)^([\w.-]+) \([a-z-]+[,)]", first.FILE.read_text("utf-8")))
    assert len(said) > 60
    assert sorted(said - set(all_kinds())) == [], "no entry in wsprobe/diagnosis/causes.txt"
