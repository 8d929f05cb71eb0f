"""When two answers are the same, where their words are looked for, and what is said of their causes."""

import pytest

from tests.diagnosis.measured import measured
from tests.trace.rules import exchange_of, start_of
from wsprobe.report.report import report
from wsprobe.trace.answer import answer_of, ended_in_silence, same, same_words, words_of
from wsprobe.trace.sentences import usually


def answer(id):
    (found,) = (each for each in measured() if each.id == id)
    return answer_of(report(found.reading.exchange))


def test_mojolicious_page_is_the_same_with_another_request_id():
    page = b"<!DOCTYPE html>\n<!-- Request ID: %s -->\n<html><head><title>Page Not Found</title></head></html>"
    assert words_of(page % b"15sSWuIJ3YRT") == words_of(page % b"buLktop_BR9f")
    assert answer("mojo-404").text.startswith("Page Not Found")


def got(spec, *words):
    """The answer that *spec* (as in rules/*.txt) describes."""
    return answer_of(report(exchange_of(start_of(list(words)).plan, spec)))


@pytest.mark.parametrize(
    ("spec", "kind", "result"),
    [
        ("101", "open", "101"),
        ("101 closed 4403 no", "open", "101"),
        ("101 dropped", "open", "101"),
        ("101 wrong", "invalid", "101, invalid"),
        ("403 Forbidden | no", "http", "403"),
        ("302 Found; Location: /x", "http", "302"),
        ("cut", "cut", "closed"),
        ("reset", "cut", "reset"),
        ("silent", "silent", "silent"),
        ("refused", "not-reached", "unreachable"),
        ("no tls", "not-reached", "tls-failed"),
        ("ssh", "broken", "not-http"),
        ("stopped", "interrupted", "interrupted"),
        ("h2 200", "open", "200"),
        ("h2 403", "http", "403"),
        ("h2 none -", "not-taken", "not accepted"),
    ],
)
def test_what_came(spec, kind, result):
    answer = got(spec, *(["tls"] if spec in ("no tls", "h2 200") else []))
    assert (answer.kind, answer.result()) == (kind, result)


def test_of_a_body_the_first_words_are_compared():
    words = [f"w{'abcdefghijklmn'[n]}" for n in range(13)]
    twelfth, last = [*words[:11], "other", words[12]], [*words[:12], "other"]
    assert not same_words(" ".join(words), " ".join(twelfth))
    assert same_words(" ".join(words), " ".join(last))
    assert not same_words(" ".join(words[:11]), " ".join(words[:12]))


def test_of_a_body_the_beginning_is_looked_at():
    assert len(got(f"403 Forbidden | x{'y' * 8191}").text) == 8192
    assert len(got(f"403 Forbidden | x{'y' * 8192}").text) == 8192


def test_how_long_an_answer_took():
    assert got("403 Forbidden after 0.5 | no").seconds == 0.5
    assert got("101 idle 4").seconds == 1e-5
    assert got("silent").seconds is None
    assert got("refused").seconds is None


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ("101 idle 4", 4.0),
        ("101 dropped", 0.001),
        ("101", None),
        ("101 closed 1000", None),
        ("403 Forbidden | no", None),
        ("cut", None),
    ],
)
def test_how_a_session_ended_in_silence(spec, seconds):
    assert ended_in_silence(got(spec)) == seconds


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("101", "101 closed 4403 no", True),
        ("101", "101 wrong", False),
        ("403 F | no", "403 F | no", True),
        ("403 F | no", "403 F | yes", False),
        ("403 F | no", "404 F | no", False),
        ("403 F; Server: a | no", "403 F; Server: b | no", False),
        ("302 F; Location: /a", "302 F; Location: /b", False),
        ("302 F; Location: /a?x1y2", "302 F; Location: /a?z3w4", True),
        ("cut", "reset", True),
        ("cut", "silent", False),
    ],
)
def test_the_same_answer(one, other, alike):
    assert same(got(one), got(other)) == alike


def test_usual_causes_are_a_sentence_or_nothing():
    assert usually("a crash", "a typo") == " Usual causes: a crash; a typo."
    assert usually() == ""
