"""The newest file of facts is the one that an engine uses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wsprobe.browsers import ENGINES, chromium, newest, versions
from wsprobe.lab import find, load
from wsprobe.lab.play import rehearse


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


def test_an_older_version_stands_beside_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With facts that only this test has: one file makes a version."""
    own = Path(chromium.__path__[0]) / "v156.py"
    facts = own.read_text().replace(f'version="{ENGINES["chromium"].version}"', 'version="42"')
    (tmp_path / "v42.py").write_text(facts.replace("Unexpected response code", "Odd response code"))
    monkeypatch.setattr(chromium, "__path__", [*chromium.__path__, str(tmp_path)])
    try:
        older, newer = ENGINES["chromium@42"], ENGINES["chromium"]
        assert (older.version, newer.version) == ("42", versions("chromium")[-1])
        assert versions("chromium")[0] == "42"
        scenario = find("status-403")
        lines = [rehearse(engine, scenario, load()).console[0] for engine in (older, newer)]
        assert ["Odd" in line for line in lines] == [True, False]
    finally:
        sys.modules.pop("wsprobe.browsers.chromium.v42", None)


@pytest.mark.parametrize("name", ["chromium@1", "netscape@4", "whatwg@2012", "undici@7.30", "chromium@"])
def test_a_version_without_facts_is_no_engine(name: str) -> None:
    with pytest.raises(KeyError):
        ENGINES[name]
