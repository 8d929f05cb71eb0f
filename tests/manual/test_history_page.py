"""wsprobe-history(7) has everything that the data has."""

from __future__ import annotations

from man.build import history
from wsprobe.history import data


def test_every_revision_rule_and_row_is_in_it() -> None:
    page = " ".join(history.page().split())
    for name in data.revisions():
        assert f".Ss {name} " in page
    for rule in data.rules().values():
        assert f'.It "{rule.title}"' in page
    for row in data.timeline():
        assert f'.It "{row.date}' in page
    for contradiction in data.contradictions().values():
        assert f'.It "{contradiction.title}"' in page
