"""What a script in each browser or runtime sees of a recording: an engine for each, loaded on first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from wsprobe.browsers import version_facts as files

if TYPE_CHECKING:
    from wsprobe.browsers.engine import Engine, ScriptView


class Row(Struct, frozen=True):
    """One engine, implemented by the module or package of the same name.

    The module's ``ENGINE`` is an ``Engine`` for a specification. For a browser or runtime it is a class; an
    instance takes the ``Facts`` of one version.
    """

    name: str
    title: str
    kind: Literal["browser", "specification", "runtime"]
    numbers: int = 0
    """How many numbers a version has: 1 in ``chromium@156``, 2 in ``bun@1.4``; 0 for a specification, which has
    no versions."""


ROWS = (
    Row("chromium", "Chromium", "browser", 1),
    Row("firefox", "Firefox", "browser", 1),
    Row("webkitgtk", "WebKitGTK", "browser", 2),
    Row("whatwg", "WHATWG standard", "specification"),
    Row("w3c-cr-2012", "W3C CR 2012", "specification"),
    Row("undici", "undici", "runtime", 2),
    Row("ws", "ws (Node)", "runtime", 2),
    Row("deno", "Deno", "runtime", 2),
    Row("bun", "Bun", "runtime", 2),
)
BY_NAME = {row.name: row for row in ROWS}
NAMES = tuple(BY_NAME)
BROWSERS = tuple(row.name for row in ROWS if row.kind == "browser")
RUNTIMES = tuple(row.name for row in ROWS if row.kind == "runtime")
"""W3C-API clients outside browsers: select one by name, or all by ``clients``."""
ALL = tuple(name for name in NAMES if name not in RUNTIMES)
"""The meaning of ``all``: the browser engines, and the specifications that are treated like one."""
VERSIONED = tuple(row.name for row in ROWS if row.numbers)
"""Engines with selectable versions, such as ``chromium@156``: one file of facts for each version."""

NODES = {"node22": "6.29", "node24": "7.30", "node25": "7.24", "node26": "8.13"}
"""Version of Node -> the version of undici whose facts describe Node's built-in WebSocket.

Measured in 922 scenarios with Node 22.23.3 (undici 6.28.1), 24.21.0 (7.29.1), 25.9.0 (7.24.4) and 26.12.1
(8.12.2): the facts are right in all of them.
"""


class Engines(Mapping[str, "Engine"]):
    """Name, ``NAME@VERSION`` or ``nodeVERSION`` -> engine. An engine is imported when it is first looked up."""

    def __getitem__(self, name: str) -> Engine:
        return _loaded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


@cache
def _loaded(name: str) -> Engine:
    if name in NODES:
        built_in: Engine = import_module(f"{__name__}.undici").built_in(_loaded(f"undici@{NODES[name]}"))
        return built_in
    word, at, version = name.partition("@")
    if word not in NAMES or (at and word not in VERSIONED):
        raise KeyError(name)
    if word in VERSIONED and not at:
        return _loaded(f"{word}@{versions(word)[-1]}")
    module = import_module(f"{__name__}.{word.replace('-', '_')}")
    engine: Engine = module.ENGINE(files.facts(word, version, module.Facts)) if at else module.ENGINE
    return engine


ENGINES = Engines()


def versions(name: str) -> tuple[str, ...]:
    """The versions for which an engine has facts, oldest first; () if it is not in VERSIONED."""
    return files.versions(name) if name in VERSIONED else ()


def title(name: str, version: str) -> str:
    """The usual name of an engine and its *version*, and the Node that contains it if there is one."""
    row = BY_NAME.get(name)
    if row is None:
        return f"{name} {version}"
    shown = ".".join(version.split(".")[: row.numbers])
    nodes = [node.removeprefix("node") for node, of in NODES.items() if name == "undici" and of == version]
    return " ".join(
        [row.title, *([shown] if shown else []), *([f"(Node {', '.join(nodes)})"] if nodes else [])]
    )


def short_title(view: ScriptView, among: Sequence[ScriptView]) -> str:
    """The name of a view's engine; with the version only if *among* the views there are several versions of
    it."""
    alone = len({each.version for each in among if each.browser == view.browser}) == 1
    return BY_NAME[view.browser].title if alone else title(view.browser, view.version)
