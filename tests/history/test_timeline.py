"""The published timeline, row by row, and the questions it left open."""

import pytest

from wsprobe.history import data


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
