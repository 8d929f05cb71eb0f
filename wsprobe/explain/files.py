"""The TOML files of this package: read when a topic first needs one."""

from __future__ import annotations

import os
from functools import cache
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """The file ``data/NAME.toml``. Raises OSError if there is none."""
    # tomllib is imported late: most topics need one small file, and `--help` needs none.
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "data", *f"{name}.toml".split("/")), "rb") as file:
        return tomllib.load(file)


def line(text: str) -> str:
    """*text* on one line: the files break it where it suits their reader."""
    return " ".join(text.split())


def paragraphs(text: str) -> tuple[str, ...]:
    """*text* cut at empty lines."""
    return tuple(line(part) for part in text.split("\n\n") if part.strip())


def lab(scenarios: list[str] | tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The fact that says how to see it happen; nothing where there is no scenario."""
    if not scenarios:
        return ()
    return (("see it", "wsprobe compare --browser-mode " + " ".join(f"lab:{name}" for name in scenarios)),)
