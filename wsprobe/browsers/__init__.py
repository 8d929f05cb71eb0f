"""What a script in each browser is told of a recording: one engine a package, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from wsprobe.browsers.engine import Engine

_MODULES = {
    "chromium": "wsprobe.browsers.chromium",
    "firefox": "wsprobe.browsers.firefox",
    "webkitgtk": "wsprobe.browsers.webkitgtk",
    "whatwg": "wsprobe.browsers.whatwg",
    "w3c-cr-2012": "wsprobe.browsers.w3c_cr_2012",
}


class Engines(Mapping[str, Engine]):
    """Name -> engine. Each module has it as ``ENGINE``; none is imported before it is looked up."""

    def __getitem__(self, name: str) -> Engine:
        engine: Engine = import_module(_MODULES[name]).ENGINE
        return engine

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


ENGINES = Engines()
