"""What a script in each browser or runtime sees of a recording: the engines, their names and versions, and the
User-Agents of browsers. An engine is loaded on first use."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from wsprobe.data_file import path_beside, toml_beside

if TYPE_CHECKING:
    from wsprobe.browsers.engine import Engine, ScriptView


class Row(Struct, frozen=True):
    """One engine. Of a browser or runtime, the module or package of the same name has the class, as ``ENGINE``;
    an instance takes the ``Facts`` of one version. ``standard`` has the engines that are specifications."""

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
    if not at:
        specification: Engine = import_module(f"{__name__}.standard").ENGINES[word]
        return specification
    module = import_module(f"{__name__}.{word}")
    engine: Engine = module.ENGINE(facts(word, version, module.Facts))
    return engine


ENGINES = Engines()


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


FOLDER = path_beside(__file__, "facts", "")
"""A file of facts for each version of an engine, such as ``chromium@156.toml``."""
LIKE = "like"
"""The key with another version of the same engine, which supplies everything that a file leaves out."""

Facts = TypeVar("Facts")


def versions(name: str) -> tuple[str, ...]:
    """The versions for which an engine has facts, oldest first; () if it is not in VERSIONED."""
    files = (file.removesuffix(".toml").partition("@") for file in os.listdir(FOLDER))
    return tuple(sorted((version for engine, _, version in files if engine == name), key=_numbers))


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


class Client(msgspec.Struct, frozen=True):
    """A browser as its User-Agent describes it."""

    name: str
    """Lower case, fit for a file's name; "" for an unknown User-Agent."""
    version: str
    engine: str
    """One of ENGINES, "" if no matching engine was measured."""

    @property
    def title(self) -> str:
        """Name and version in the usual form. Chromium hides the later numbers of its version as zeros; these
        are left out."""
        version = re.sub(r"(\.0)+$", "", self.version)
        return f"{self.name.capitalize()} {version}".strip() if self.name else "An unknown browser"


_RULES = (
    # On iOS every browser is Apple's WebKit, which was not measured.
    (r"\b(?:CriOS|EdgiOS|OPiOS|FxiOS)/([\d.]+)", "ios-browser", ""),
    (r"\bEdg(?:A)?/([\d.]+)", "edge", "chromium"),
    (r"\bOPR/([\d.]+)", "opera", "chromium"),
    (r"\b(?:Headless)?Chrom(?:e|ium)/([\d.]+)", "chromium", "chromium"),
    (r"\bFirefox/([\d.]+)", "firefox", "firefox"),
    # WebKitGTK and Safari write the same words; only the platform tells them apart.
    (r"\((?:X11|Wayland);.*AppleWebKit/([\d.]+)", "webkitgtk", "webkitgtk"),
    (r"\bVersion/([\d.]+).*\bSafari/", "safari", ""),
)
"""(pattern whose group is the version, name, engine), in the order in which they are tried. User-Agents for
earlier patterns match later ones too."""


def client(user_agent: str) -> Client:
    """The browser that a User-Agent describes; name and engine are "" if it is unknown."""
    for pattern, name, engine in _RULES:
        if found := re.search(pattern, user_agent[:1000]):
            return Client(name, found[1], engine)
    return Client("", "", "")
