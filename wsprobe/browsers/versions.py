"""Files of facts, one a version of an engine: ``v156.py``, ``v2_54.py``. The newest is the one that is used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any


def newest(package: str, folders: Sequence[str]) -> Any:
    """Return FACTS of the newest version that *package* (whose ``__path__`` is *folders*) has a file for.

    Raises ValueError where it has none.
    """
    stems = {name.partition(".")[0] for folder in folders for name in os.listdir(folder)}
    versions = [stem for stem in stems if stem[:1] == "v" and stem[1:].replace("_", "").isdecimal()]
    return import_module(f"{package}.{max(versions, key=_numbers)}").FACTS


def _numbers(stem: str) -> tuple[int, ...]:
    return tuple(int(number) for number in stem[1:].split("_"))
