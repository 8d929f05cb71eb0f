"""wsprobe-browsers(7) is the short of browsers.md, which has every scenario in which views differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from man.build import engines
from man.build.views import CATALOGUE, floods, grouped, said, views

MAN = Path(__file__).parents[2] / "man"
"""The committed pages. They are current: test_pages makes them anew, which takes five seconds."""
SCREENS = 1900
"""Words of a page that a person reads in one go."""


def test_every_scenario_in_which_views_differ_is_in_the_tables_once():
    rows = [
        line.split("`")[1]
        for line in (MAN / "browsers.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    asked = [
        name for name, scenario in CATALOGUE.items() if not floods(scenario) and len(grouped(views(name))) > 1
    ]
    assert len(asked) > 300
    assert sorted(rows[: len(asked)]) == sorted(asked)


def test_the_page_is_short():
    assert len((MAN / "wsprobe-browsers.7").read_text("ascii").split()) <= SCREENS


@pytest.mark.parametrize("names", [names for _, names in engines.AGREED])
def test_what_all_agree_on_they_agree_on(names):
    assert len({said(view) for name in names for view in views(name).values()}) == 1


@pytest.mark.parametrize("name", [name for _, name in engines.DIFFERENCES])
def test_where_they_differ_they_differ(name):
    assert len(grouped(views(name))) > 1
