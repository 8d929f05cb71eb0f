"""What each rule makes of a trace that it knows, and of one that just is not (rules/*.txt)."""

import pytest

from tests.cases import every, named
from tests.trace.rules import FILES, Section, sections
from wsprobe.trace.conclusions import conclusions

SECTIONS = [each for file in FILES for each in sections(file.read_text("utf-8"))]


@every(named(SECTIONS, lambda section: section.title))
def test_a_trace_means_what_the_file_has(section):
    """A difference on purpose is shown by ``python -m tests.trace.rules``, and read as a diff."""
    assert section.anew() == section.means


@pytest.mark.parametrize(
    ("body", "id"),
    [
        ("Missing Origin header", "origin-lost"),
        ("Unknown origin", "origin-refused"),
        ("not allowed origin", "origin-refused"),
        ("Invalid or missing Origin header", "origin-refused"),
        ("Origin is missing from the allow list", "origin-refused"),
        ("Origin http://other.example refused", "origin-changed"),
        ("Origin refused. Read https://docs.example/origins", "origin-refused"),
        ("Origin refused. Allowed: https://chat.example", "origin-refused"),
        ("Origin refused, please use https://chat.example", "origin-refused"),
    ],
)
def test_a_proxy_drops_or_rewrites_origin_only_where_the_words_show_it(body, id):
    lines = ("start origin", f"base: 403 Forbidden | {body}", "get: 404 Not Found | none", "no-origin: = base")
    assert conclusions(Section("", lines, "").trace())[0].id == id
