"""The committed pages are what the data makes, and mandoc has nothing to say against them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from man.build import PAGES, page

MAN = Path(__file__).parents[2] / "man"
NO_MANDOC = shutil.which("mandoc") is None and not os.environ.get("CI")


@pytest.mark.parametrize("name", PAGES)
def test_committed_page_is_current(name: str) -> None:
    """To make them anew: python -m man.build"""
    assert (MAN / name).read_text("ascii") == page(name)


def test_no_page_is_committed_that_nothing_makes() -> None:
    assert sorted(path.name for path in MAN.glob("*.[1-9]")) == sorted(PAGES)


@pytest.mark.skipif(NO_MANDOC, reason="mandoc is not installed")
@pytest.mark.parametrize("name", PAGES)
def test_mandoc_has_nothing_to_say(name: str) -> None:
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wstyle", name], cwd=MAN, capture_output=True, text=True, timeout=60
    )
    # Whether a page that is referred to can be found depends on what is installed.
    said = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
    assert said == []


@pytest.mark.parametrize("name", PAGES)
def test_references_between_our_pages_lead_somewhere(name: str) -> None:
    for line in page(name).splitlines():
        if line.startswith(".Xr wsprobe"):
            _, other, section, *_ = line.split()
            assert f"{other}.{section}" in PAGES


def test_the_wheel_puts_every_page_where_man_looks() -> None:
    project = tomllib.loads((MAN.parent / "pyproject.toml").read_text("utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    for name in PAGES:
        assert shared[f"man/{name}"] == f"share/man/man{name[-1]}/{name}"
    assert all((MAN.parent / source).exists() for source in shared)
