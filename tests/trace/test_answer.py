"""When two answers are the same, and where their words are looked for."""

from __future__ import annotations

import pytest

from tests.diagnosis.measured import measured
from wsprobe.report import report
from wsprobe.trace.answer import Answer, answer_of, same_words, words_of


def answer(id: str) -> Answer:
    (found,) = (each for each in measured() if each.id == id)
    return answer_of(report(found.reading.exchange))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Request ID: 15sSWuIJ3YRT", "Request ID: buLktop_BR9f"),
        ('{"id":"4f2c9a10-1111-4c1e-9f7d-000000000001"}', '{"id":"5e3dab21-2222-4d2f-8a6e-000000000002"}'),
        ("at Fri, 27 Nov 2026 18:20:47 GMT", "at Sat, 28 Nov 2026 00:00:03 GMT"),
        ("/login?state=aGVsbG8gd29ybGQ", "/login?state=Zm9vYmFyYmF6cXV4"),
        ("", ""),
    ],
)
def test_ids_nonces_times_and_tokens_are_no_difference(one: str, other: str) -> None:
    assert same_words(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Not Found", "Forbidden"), ("no such path", "no session"), ("", "ok"), ("Upgrade Required", "Upgrade")],
)
def test_other_words_are_a_difference(one: str, other: str) -> None:
    assert not same_words(one, other)


def test_mojolicious_page_is_the_same_with_another_request_id() -> None:
    page = b"<!DOCTYPE html>\n<!-- Request ID: %s -->\n<html><head><title>Page Not Found</title></head></html>"
    assert words_of(page % b"15sSWuIJ3YRT") == words_of(page % b"buLktop_BR9f")
    assert answer("mojo-404").text.startswith("Page Not Found")


def test_scripts_and_styles_have_no_words() -> None:
    page = b"<!doctype html><title>App</title><script>fetch(window.location.origin)</script><p>Loading"
    assert words_of(page) == "App Loading"
    assert words_of(b"<style>.origin{}</style>") == ""
    assert words_of(b"a < b: no markup") == "a < b: no markup"
