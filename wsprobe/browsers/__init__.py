"""What a script in each browser, or runtime, sees of a recording: a package each, loaded when asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from wsprobe.browsers.engine import Engine

NAMES = ("chromium", "firefox", "webkitgtk", "whatwg", "w3c-cr-2012", "undici", "ws", "deno", "bun")
"""Each has a module or package here that is called like it and has it as ``ENGINE``."""
RUNTIMES = ("undici", "ws", "deno", "bun")
"""W3C-API clients outside browsers: each is asked for by name, or all by ``clients``."""
ALL = tuple(name for name in NAMES if name not in RUNTIMES)
"""What ``all`` means: the browser engines, and the specifications that are read like one."""


class Engines(Mapping[str, Engine]):
    """Name -> engine. A seam: none is imported before it is looked up."""

    def __getitem__(self, name: str) -> Engine:
        if name not in NAMES:
            raise KeyError(name)
        engine: Engine = import_module(f"{__name__}.{name.replace('-', '_')}").ENGINE
        return engine

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


ENGINES = Engines()


def newest(package: str, folders: Sequence[str]) -> Any:
    """FACTS of the newest version that *package* (whose ``__path__`` is *folders*) has a file for: ``v156.py``,
    ``v2_54.py``. Raises ValueError where it has none."""
    stems = {name.partition(".")[0] for folder in folders for name in os.listdir(folder)}
    versions = [stem for stem in stems if stem[:1] == "v" and stem[1:].replace("_", "").isdecimal()]
    return import_module(f"{package}.{max(versions, key=_numbers)}").FACTS


def _numbers(stem: str) -> tuple[int, ...]:
    return tuple(int(number) for number in stem[1:].split("_"))
