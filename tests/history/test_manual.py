"""The committed page is what the data makes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from wsprobe.history import data, manual

PAGE = Path(__file__).parents[2] / "man" / "wsprobe-history.7"


def test_committed_page_is_current() -> None:
    """To make it anew: python -m wsprobe.history.manual > man/wsprobe-history.7"""
    assert PAGE.read_text("ascii") == manual.page()


def test_every_revision_rule_and_row_is_in_it() -> None:
    page = " ".join(manual.page().split())
    for name in data.revisions():
        assert f".Ss {name} " in page
    for rule in data.rules().values():
        assert f'.It "{rule.title}"' in page
    for row in data.timeline():
        assert f'.It "{row.date}' in page
    for contradiction in data.contradictions().values():
        assert f'.It "{contradiction.title}"' in page


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_mandoc_has_nothing_to_say() -> None:
    done = subprocess.run(
        ["mandoc", "-Tlint", PAGE.name], cwd=PAGE.parent, capture_output=True, text=True, timeout=60
    )
    said = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
    assert said == []


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("One. Two.", ["One.", "Two."]),
        ('He "says". So', ["He \\(dqsays\\(dq.", "So"]),
        ("a\\b", ["a\\eb"]),
        (".x", ["\\&.x"]),
        ("x " * 60, ["x " * 38 + "x", "x " * 20 + "x"]),
    ],
)
def test_text(said: str, lines: list[str]) -> None:
    assert list(manual.text(said)) == lines
