"""``.ci/contents.py DIRECTORY``: list what is in the wheel and the source distribution there, and hold it
against what belongs into them: what git knows of, and what pyproject.toml puts elsewhere. Fails with the
names of what is missing, or too many."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SHARED: dict[str, str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
INFO = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")


def main(directory: Path) -> int:
    (wheel,) = directory.glob("*.whl")
    (source,) = directory.glob("*.tar.gz")
    name = wheel.name.split("-py3-")[0]
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    with ZipFile(wheel) as file:
        inside = {each.filename: each.file_size for each in file.infolist()}
    in_wheel = {each for each in tracked if each.startswith("wsprobe/")}
    in_wheel |= {f"{name}.data/data/{place}" for place in SHARED.values()}
    in_wheel |= {f"{name}.dist-info/{each}" for each in INFO}
    with tarfile.open(source) as file:
        outside = {each.name.partition("/")[2]: each.size for each in file.getmembers() if each.isfile()}
    in_source = {*tracked, "PKG-INFO"}
    wrong = [*held(wheel, inside, in_wheel), *held(source, outside, in_source)]
    print("\n".join(wrong))
    return 1 if wrong else 0


def held(path: Path, found: dict[str, int], wanted: set[str]) -> Iterator[str]:
    """What is wrong with the names in *path*; lists them, those of the package and of the tests as a sum."""
    own = {each for each in found if each.startswith(("wsprobe/", "tests/"))}
    for each in sorted(set(found) - own):
        print(f"  {found[each]:>9}  {each}")
    print(f"{path.name}: {path.stat().st_size:,} bytes, {len(found)} files, {len(own)} in wsprobe/ and tests/")
    yield from (f"{path.name}: {each} is missing" for each in sorted(wanted - set(found)))
    yield from (f"{path.name}: {each} does not belong there" for each in sorted(set(found) - wanted))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
