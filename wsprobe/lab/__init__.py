"""The catalogue of scenarios: TOML files in ``scenarios/``, one table for each scenario, one file for each
subject.

A file begins with defaults for its scenarios, and each table may override them. ``pieces.toml`` has the parts
that files share; ``aliases.toml`` has other names for scenarios; ``conformance.txt`` has three lines for each
case of the Autobahn testsuite. In a template, each character from U+0000 to U+00FF is one byte, and the lab
fills in the fields in braces when it plays the scenario.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from wsprobe.data_file import one_line, path_beside, text_beside
from wsprobe.lab.scenario import Scenario
from wsprobe.lab.steps import CatalogueError, Pieces, conforming, http2_play, page, pieces, steps
from wsprobe.nearest import nearest

_SHARED = ("pieces", "aliases")
_TABLE = r'(?m)^\[(?:([A-Za-z0-9_-]+)|"([^"]+)")\]$'

_CASE = (
    r"(?m)^(?P<number>\d[\d.]+) (?P<summary>.+)\n  (?P<steps>\{.+(?:\n    .+)*)\n"
    r"  (?P<outcome>\w+): (?P<conforming>.+(?:\n    .+)*)$"
)
_OF_CASES = "autobahn-"
"""How the names of these scenarios begin."""
_OWN_CLOSE = r'close = \d|hex = "88'
"""A Close that the server sends by itself."""


class UnknownScenario(LookupError):
    """There is no such scenario. The message is one line and suggests the nearest names."""


class _Entry(Struct, frozen=True):
    """The source of a scenario: the text before the file's first table, and its own table."""

    subject: str
    common: str
    table: str


def names() -> tuple[str, ...]:
    """The names of all scenarios, in the order of the files. Cheaper than ``load``."""
    return tuple(_index())


def subjects() -> dict[str, tuple[str, ...]]:
    """The subject of each file, from its first line -> the names of its scenarios."""
    found: dict[str, list[str]] = {}
    for name, entry in _index().items():
        found.setdefault(entry.common.partition("\n")[0].removeprefix("# ").rstrip("."), []).append(name)
    return {title: tuple(names) for title, names in found.items()}


def load() -> dict[str, Scenario]:
    """Every scenario by its name, aliases left out.

    Raises CatalogueError.
    """
    return {name: _scenario(name, entry) for name, entry in _index().items()}


def parse(text: str, subject: str) -> dict[str, Scenario]:
    """The scenarios in *text*, in the format of a catalogue file. Errors call it *subject*.

    Raises CatalogueError, tomllib.TOMLDecodeError.
    """
    return {name: _built(name, entry) for name, entry in _entries(text, subject)}


def find(name: str) -> Scenario:
    """The scenario with this name or alias. Reads no other table.

    Raises UnknownScenario, CatalogueError.
    """
    known = name if _source(name) is not None else aliases().get(name, "")
    entry = _source(known)
    if entry is None:
        raise UnknownScenario(_unknown(name))
    return _scenario(known, entry)


@cache
def aliases() -> dict[str, str]:
    """Alias -> name of the scenario."""
    return {str(alias): str(name) for alias, name in _parse(_read("aliases.toml")).items()}


def _unknown(name: str) -> str:
    near = nearest(name, [*_index(), *aliases()])
    suggestion = f"; similar: {', '.join(near)}" if near else ""
    return f"there is no scenario {name!a}{suggestion}; wsprobe serve --list shows all"


@cache
def _index() -> dict[str, _Entry]:
    """The source of each scenario."""
    found: dict[str, _Entry] = {}
    for file in _files():
        for name, entry in _sources(file):
            if name in found:
                raise CatalogueError(f"{name!r} is both in {found[name].subject} and in {entry.subject}")
            found[name] = entry
    return found


@lru_cache(maxsize=256)
def _source(name: str) -> _Entry | None:
    """The source of one scenario; None if there is none. Only the file that has it is taken apart: a tenth of
    the time of ``_index``."""
    for file in _files():
        if _may_have(file, name) and (entry := dict(_sources(file)).get(name)) is not None:
            return entry
    return None


def _may_have(file: str, name: str) -> bool:
    """False if *file* certainly has no scenario *name*."""
    if file.endswith(".txt"):
        return name.startswith(_OF_CASES)
    return any(head in _read(file) for head in (f"[{name}]\n", f'["{name}"]\n'))


@cache
def _files() -> tuple[str, ...]:
    """The files that have scenarios."""
    files = sorted(os.listdir(path_beside(__file__, "scenarios")))
    return tuple(file for file in files if file.partition(".")[0] not in _SHARED)


@cache
def _sources(file: str) -> tuple[tuple[str, _Entry], ...]:
    """The scenarios of *file* with their sources, found without parsing TOML."""
    subject, _, kind = file.partition(".")
    return tuple((_entries if kind == "toml" else _cases)(_read(file), subject))


def _entries(text: str, subject: str) -> Iterator[tuple[str, _Entry]]:
    tables = list(re.finditer(_TABLE, text))
    bounds = [*(table.start() for table in tables), len(text)]
    for table, end in zip(tables, bounds[1:], strict=True):
        yield table[1] or table[2], _Entry(subject, text[: bounds[0]], text[table.end() : end])


def _cases(text: str, subject: str) -> Iterator[tuple[str, _Entry]]:
    """The cases of ``conformance.txt``, as the tables that they stand for."""
    title, end, _ = text.partition("\n")
    for case in re.finditer(_CASE, text):
        steps, (reaction, _, findings) = case["steps"], case["conforming"].partition(" | ")
        if "read-close" not in steps:
            steps += ", { read-close = 3 }" + (', "echo-close"' if not re.search(_OWN_CLOSE, steps) else "")
        table = (
            f'summary = "{case["summary"]}"\noutcome = "{case["outcome"]}"\nfindings = {findings.split()}\n'
            f'conforming = {{ {one_line(reaction)} }}\nsteps = ["open", {{ wait = 0.05 }}, {one_line(steps)}]\n'
        )
        name = f"{_OF_CASES}{case['number'].replace('.', '-')}"
        yield name, _Entry(subject, f"{title}{end}about = '{subject}'\n", table)


@cache
def _pieces() -> Pieces:
    shared = _parse(_read("pieces.toml"))
    return pieces(shared["texts"], shared["sequences"])


def _built(name: str, entry: _Entry) -> Scenario:
    try:
        common, own = _common(entry.common), _parse(entry.table)
        http2 = common.get("http2", {}) | own.pop("http2", {})
        table = common | own | {"http2": http2_play(http2, _pieces())}
        return Scenario(
            name=name,
            steps=steps(table.pop("steps", ()), _pieces()),
            page=page(table.pop("page", {})),
            findings=tuple(table.pop("findings", ())),
            versions=tuple(table.pop("versions", ())),
            wires=tuple(table.pop("wires", {}).items()),
            conforming=conforming(table.pop("conforming", None)),
            **table,
        )
    except (TypeError, ValueError, KeyError) as error:
        raise CatalogueError(f"{name}, in {entry.subject}.toml: {error}") from error


def _parse(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


_common = cache(_parse)
_scenario = cache(_built)


@cache
def _read(file: str) -> str:
    return text_beside(__file__, "scenarios", file)
