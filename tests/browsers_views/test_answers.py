"""What a script in each engine sees of an answer: the rows of answers/*.txt (edges.py)."""

from __future__ import annotations

import pytest

from tests.browsers_views.edges import FOLDER, answer_of, sections
from tests.cases import each


@pytest.mark.parametrize("file", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_what_a_script_sees(file):
    rows = {
        f"{section.title}: {answer_of(row)}": (section, row)
        for section in sections()
        for row in section.rows
        if section.file == file and not row.startswith("#")
    }
    each(rows, check)


def check(case):
    section, row = case
    now = section.anew(row)
    assert now == row, "\n".join(("", *section.given, f"was: {row}", f"is:  {now}"))
