"""The versions of the engines: a file of facts for each, such as ``facts/chromium@156.toml``."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, TypeVar

import msgspec

from wsprobe.data_file import path_beside, toml_beside

FOLDER = path_beside(__file__, "facts", "")
LIKE = "like"
"""The key with another version of the same engine, which supplies everything that a file leaves out."""

Facts = TypeVar("Facts")


def versions(engine: str) -> tuple[str, ...]:
    """The versions of *engine* that have facts, oldest first."""
    names = (name.removesuffix(".toml").partition("@") for name in os.listdir(FOLDER))
    return tuple(sorted((version for name, _, version in names if name == engine), key=_numbers))


def facts(engine: str, version: str, kind: type[Facts]) -> Facts:
    """The facts of that version. Raises KeyError if there are none."""
    if version not in versions(engine):
        raise KeyError(f"{engine}@{version}")
    return msgspec.convert({"version": version, **table(engine, version)}, kind)


@cache
def table(engine: str, version: str) -> dict[str, Any]:
    """The contents of the file of that version, merged over those of the version that it is ``like``."""
    own = toml_beside(FOLDER, f"{engine}@{version}.toml")
    other = own.pop(LIKE, None)
    return own if other is None else _over(table(engine, other), own)


def _over(below: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """*own* laid over *below*, key by key in tables too."""
    both = {
        key: _over(below[key], value) if isinstance(value, dict) and key in below else value
        for key, value in own.items()
    }
    return {**below, **both}


def newer(there: str, known: str) -> bool:
    """Whether the version *there* comes after *known*, by as many numbers as *known* has: 156.0.1 is no newer
    than 156. False if either is unknown."""
    first, second = _numbers(there), _numbers(known)
    return bool(first and second) and first[: len(second)] > second


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".") if number.isdecimal())
