"""What a script in each browser, or runtime, sees of a recording: a package each, loaded when asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from wsprobe.browsers.engine import Engine

NAMES = ("chromium", "firefox", "webkitgtk", "whatwg", "w3c-cr-2012", "undici", "ws", "deno", "bun")
"""Each has a module or package here that is called like it and has it as ``ENGINE``."""
RUNTIMES = ("undici", "ws", "deno", "bun")
"""W3C-API clients outside browsers: each is asked for by name, or all by ``clients``."""
ALL = tuple(name for name in NAMES if name not in RUNTIMES)
"""What ``all`` means: the browser engines, and the specifications that are read like one."""


VERSIONED = ("chromium", "firefox", "webkitgtk")
"""Engines of which an older version can be asked for, as ``chromium@156``: one file of facts a version."""


class Engines(Mapping[str, Engine]):
    """Name, or ``NAME@VERSION`` -> engine. A seam: none is imported before it is looked up."""

    def __getitem__(self, name: str) -> Engine:
        return _loaded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


@cache
def _loaded(name: str) -> Engine:
    word, at, version = name.partition("@")
    if word not in NAMES or (at and word not in VERSIONED):
        raise KeyError(name)
    package = import_module(f"{__name__}.{word.replace('-', '_')}")
    engine: Engine = package.ENGINE
    if not at:
        return engine
    stem = f"v{version.replace('.', '_')}"
    if stem not in _stems(package.__path__):
        raise KeyError(name)
    made: Engine = type(engine)(import_module(f"{package.__name__}.{stem}").FACTS)  # type: ignore[call-arg]
    return made


ENGINES = Engines()


def newest(package: str, folders: Sequence[str]) -> Any:
    """FACTS of the newest version that *package* (whose ``__path__`` is *folders*) has a file for: ``v156.py``,
    ``v2_54.py``. Raises ValueError where it has none."""
    return import_module(f"{package}.{max(_stems(folders), key=_numbers)}").FACTS


def versions(name: str) -> tuple[str, ...]:
    """The versions of an engine that there are facts of, oldest first; none of one that is not VERSIONED."""
    if name not in VERSIONED:
        return ()
    found = _stems(import_module(f"{__name__}.{name}").__path__)
    return tuple(stem[1:].replace("_", ".") for stem in sorted(found, key=_numbers))


def _stems(folders: Sequence[str]) -> list[str]:
    stems = {name.partition(".")[0] for folder in folders for name in os.listdir(folder)}
    return [stem for stem in stems if stem[:1] == "v" and stem[1:].replace("_", "").isdecimal()]


def _numbers(stem: str) -> tuple[int, ...]:
    return tuple(int(number) for number in stem[1:].split("_"))
