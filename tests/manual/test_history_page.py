"""wsprobe-history(7) is the short of history.md, which has everything that the data has."""

from man.build import history, page, table
from man.build.markdown import text
from wsprobe.history import data

SCREENS = 1600
"""Words of a page that a person reads in one go."""


def test_every_revision_rule_and_row_is_in_the_table():
    lines = table("history.md").splitlines()
    for name in data.revisions():
        assert any(line.startswith(f"| `{name}` |") for line in lines)
    for rule in data.rules().values():
        assert f"### {text(rule.title)}" in lines
        for _, cell in rule.cells:
            assert any(text(cell.text) in line for line in lines)
    for row in data.timeline():
        assert any(line.startswith(f"| {row.date}") and text(row.title) in line for line in lines)
    for contradiction in data.contradictions().values():
        assert f"### {text(contradiction.title)}" in lines


def test_the_page_is_short_and_its_turns_are_rows_of_the_timeline():
    assert len(page("wsprobe-history.7").split()) <= SCREENS
    assert set(history.TURNS) <= {row.date for row in data.timeline()}
