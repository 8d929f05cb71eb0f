"""The examples of wsprobe-python(3) do what they say."""

from asyncio import run as run_in_asyncio
from inspect import isawaitable

import pytest

from man.build.python import EXAMPLES

pytestmark = pytest.mark.usefixtures("no_long_farewell")


@pytest.mark.parametrize(("title", "code"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_example(title, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, title, "exec"), names)
    tests = [made for name, made in names.items() if name.startswith("test_")]
    for each in tests:
        made = each()
        if isawaitable(made):
            run_in_asyncio(made)
    assert bool(tests) != bool(capsys.readouterr().out)
