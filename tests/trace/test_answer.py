"""When two answers are the same, where their words are looked for, and what is said of their causes."""

from tests.diagnosis.measured import measured
from wsprobe.report.report import report
from wsprobe.trace.answer import answer_of, words_of


def answer(id):
    (found,) = (each for each in measured() if each.id == id)
    return answer_of(report(found.reading.exchange))


def test_mojolicious_page_is_the_same_with_another_request_id():
    page = b"<!DOCTYPE html>\n<!-- Request ID: %s -->\n<html><head><title>Page Not Found</title></head></html>"
    assert words_of(page % b"15sSWuIJ3YRT") == words_of(page % b"buLktop_BR9f")
    assert answer("mojo-404").text.startswith("Page Not Found")
