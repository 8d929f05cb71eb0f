"""The newest file of facts is the one that an engine uses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wsprobe.browsers import ENGINES, newest


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["v156.py"], "v156"),
        (["v156.py", "v157.py", "facts.py", "__pycache__"], "v157"),
        (["v99.py", "v100.py"], "v100"),
        (["v2_54.py", "v2_6.py", "view.py"], "v2_54"),
        (["v2_54.py", "v3.py"], "v3"),
    ],
)
def test_the_newest_by_number(
    files: list[str], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"engine_{found}_{len(files)}"
    folder = tmp_path / package
    folder.mkdir()
    for name in (*files, "__init__.py"):
        (folder / name).write_text(f"FACTS = {name.removesuffix('.py')!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert newest(package, [str(folder)]) == found
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def test_an_engine_without_facts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        newest("engine_of_nothing", [str(tmp_path)])


@pytest.mark.parametrize("name", ["chromium", "firefox", "webkitgtk"])
def test_a_new_version_is_one_more_file(name: str) -> None:
    folder = Path(sys.modules[type(ENGINES[name]).__module__].__file__ or "").parent
    newest_file = max(folder.glob("v[0-9]*.py"), key=lambda file: [int(n) for n in file.stem[1:].split("_")])
    assert f'version="{ENGINES[name].version}"' in newest_file.read_text()
