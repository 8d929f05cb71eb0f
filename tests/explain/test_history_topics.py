from wsprobe import explain
from wsprobe.history import data


def test_history_has_every_row_and_both_questions():
    text = " ".join(explain.text(explain.find("history")).split())
    for row in data.timeline():
        assert row.title in text
        assert row.verified in text
    for question in data.questions():
        assert question.answer in text
    assert "lab:accept-then-close-4403 lab:diagnostic-endpoint" in text


def test_published_rows_are_marked():
    labels = [label for label, _ in explain.find("history").facts]
    assert "2011-04-22 *" in labels
    assert "2009-08-04" in labels
