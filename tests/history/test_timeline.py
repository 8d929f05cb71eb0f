"""The published timeline, row by row, and the questions it left open."""

import pytest

from wsprobe.history import data

PUBLISHED = [
    # date, revision, how well known
    ("2010-05-06", "hixie-76", "read"),
    ("2011-02-08", "hybi-05", "one timeline"),
    ("2011-02-25", "hybi-06", "one timeline"),
    ("2011-03-28", "", "one timeline"),
    ("2011-03-29", "", "one timeline"),
    ("2011-04-22", "hybi-07", "one timeline"),
    ("2011-05-24", "r1.210", "read"),
    ("2011-06-07", "hybi-08", "secondary"),
    ("2011-12", "rfc6455", "read"),
    ("2012-07-11", "r1.271", "read"),
    ("2012-09-20", "w3c-cr-2012", "read"),
    ("2012 or later", "", "read"),
]
ADDED = [
    "2009-08-04",
    "2009-08-14",
    "2009-10-23",
    "2011-03-24",
    "2011-06-06",
    "2011-07-27",
    "2011-08-08",
    "2013-10-21",
    "2016-03-14",
    "2018-06-16",
    "2018-09",
    "2021-01-20",
    "2022-06",
    "2022-06",
    "2022-09-22",
    "2023-05-12",
    "2025-11-21",
]


def test_published_rows():
    rows = [row for row in data.timeline() if row.published]
    assert [(row.date, row.revision, row.grade) for row in rows] == PUBLISHED


def test_added_rows():
    assert [row.date for row in data.timeline() if not row.published] == ADDED


def test_every_row_says_what_is_verified():
    for row in data.timeline():
        assert row.verified
        assert row.changed
        assert row.changed.isascii()
        assert row.verified.isascii()


def test_in_order_of_time():
    years = [row.date[:4] for row in data.timeline()]
    assert years == sorted(years)


@pytest.mark.parametrize("question", data.questions(), ids=lambda question: question.id)
def test_questions_are_answered_with_evidence(question):
    assert len(question.evidence) >= 4
    assert question.answer
    assert question.scenarios


def test_what_a_server_can_do_is_shown_in_the_lab():
    (question,) = (question for question in data.questions() if question.id == "what-can-a-server-do")
    assert question.scenarios == ("accept-then-close-4403", "diagnostic-endpoint")


def test_the_scenarios_exist():
    from wsprobe.lab import find

    for question in data.questions():
        for scenario in question.scenarios:
            assert find(scenario).summary
