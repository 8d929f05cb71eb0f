"""The sentences of a report file."""

from __future__ import annotations

import pytest

from wsprobe.cli.main import run


@pytest.mark.parametrize("name", ["report.md", "report.html"])
def test_what_looks_the_same_ends_with_one_full_stop(name, tmp_path):
    file = tmp_path / name
    run(["compare", "--browser-mode", "--report", str(file), "lab:status-403"])
    written = file.read_text(encoding="utf-8")
    assert "or a dropped connection." in written
    assert "or a dropped connection.." not in written
