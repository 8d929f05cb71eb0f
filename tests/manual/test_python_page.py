"""The examples of wsprobe-python(3) do what they say."""

from __future__ import annotations

from asyncio import run as run_in_asyncio
from inspect import isawaitable
from pathlib import Path
from typing import Any

import pytest

from man.build.python import EXAMPLES

pytestmark = pytest.mark.usefixtures("no_long_farewell")


@pytest.mark.parametrize(("title", "code"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_example(
    title: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, title, "exec"), names)
    tests = [made for name, made in names.items() if name.startswith("test_")]
    for each in tests:
        made = each()
        if isawaitable(made):
            run_in_asyncio(made)
    assert bool(tests) != bool(capsys.readouterr().out)
