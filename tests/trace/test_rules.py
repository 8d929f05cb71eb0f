"""What each rule makes of a trace that it knows, and of one that just is not (rules/*.txt)."""

from __future__ import annotations

import pytest

from tests.cases import every, named
from tests.trace.rules import FILES, Section, sections
from wsprobe.show.lines import Look, text_of
from wsprobe.show.trace import concluded, row
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice

SECTIONS = [each for file in FILES for each in sections(file.read_text("utf-8"))]


@every(named(SECTIONS, lambda section: section.title))
def test_a_trace_means_what_the_file_has(section):
    """A difference on purpose is shown by ``python -m tests.trace.rules``, and read as a diff."""
    assert section.anew() == section.means


@pytest.mark.parametrize(
    ("base", "origin", "ends"),
    [
        ("101", "101", "as base"),
        ("101 closed 4403 no", "101 closed 4403 no", "as base"),
        ("101 closed 4403 no", "101 closed 4401 no", "Close 4401: no"),
        ("101", "101 closed 4403 no", "Close 4403: no"),
        ("101 closed 4403 no", "101", ""),
        ("403 Forbidden | no", "403 Forbidden | no", "as base"),
        ("403 Forbidden | no", "403 Forbidden | other", '"other"'),
        ("101", "stopped", ""),
    ],
)
def test_a_row_is_as_base_if_nothing_tells_them_apart(base, origin, ends):
    """Two sessions that open and end for different reasons are not the same row."""
    seen = Section("a row", (f"base: {base}", f"origin: {origin}"), "").trace()
    shown = text_of(row("origin", seen, Look())[0]).rstrip()
    assert shown.endswith(ends or " ms" if origin == "101" else ends)
    assert shown.endswith("as base") == (ends == "as base")


def test_the_bytes_of_a_server_are_escaped_once_in_a_conclusion():
    """Some of its words come from a cause, which has them escaped, and some from the answer itself."""
    for base in (
        "403 Forbidden | \u26a0\ufe0f origin not allowed \x1b[2J",
        "500 Sorry | \u26a0\ufe0f sorry \x1b[2J",
    ):
        seen = Section("escaped", (f"base: {base}", "get: = base"), "").trace()
        shown = "\n".join(map(text_of, concluded(conclusions(seen), seen, Choice(), Look(unicode=True))))
        assert "\\x1b[2J" in shown
        assert "\\\\x1b" not in shown
        assert "\x1b" not in shown
