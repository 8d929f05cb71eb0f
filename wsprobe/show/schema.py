"""The JSON Schema of the output: types by msgspec, descriptions from the docstrings below members.

A class does not keep the docstrings below its members, so they are read from the source. Only
``--json-schema``, the manual and the tests do that."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.inspect import StructType

from wsprobe.recording.archive import ascii_json
from wsprobe.show.contract import Object, PageReportJson, ReportJson, TraceJson

TAGS = {
    "format": "Version of the format of recordings.",
    "event": "The kind of event.",
    "type": "The DOM's name of the event; throw stands for an exception that a later call raised.",
}
"""The meaning of members that identify a type and have no field."""


def schema_of(command: str) -> str:
    """The schema of the output of *command* with --json."""
    if command == "page":
        return schema(PageReportJson, "A WebSocket of a page")
    return schema(TraceJson, "A trace of wsprobe") if command == "trace" else schema()


def schema(of: type[Object] = ReportJson, title: str = "A report of wsprobe") -> str:
    """The schema of a report, or of another class of objects (JSON Schema 2020-12), as text with a line end."""
    whole = msgspec.json.schema(of)
    named: dict[str, Any] = whole["$defs"]
    # JSON has no infinity: a missing time limit is null.
    for name in ("connect_timeout", "max_time", "linger"):
        if "Limits" in named:
            named["Limits"]["properties"][name]["type"] = ["number", "null"]
    for struct in structs(msgspec.inspect.type_info(of), set()):
        described = named[struct.__name__]
        described["description"] = " ".join(described["description"].split())
        members = described["properties"]
        for name, means in TAGS.items():
            if name in members:
                members[name].setdefault("description", means)
        for name, means in meanings(struct).items():
            members[name]["description"] = means
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **named.pop(of.__name__),
        "title": title,
        "$defs": named,
    }
    return msgspec.json.format(ascii_json(whole), indent=1).decode() + "\n"


def structs(info: object, seen: set[type]) -> Iterator[type[Struct]]:
    """Yield each class in *info*, msgspec's description of a type, once; leave out those in *seen*, and add to
    it."""
    if isinstance(info, StructType):
        if info.cls in seen:
            return
        seen.add(info.cls)
        yield info.cls
    if isinstance(info, tuple):
        for each in info:
            yield from structs(each, seen)
    elif isinstance(info, Struct):
        for name in info.__struct_fields__:
            yield from structs(getattr(info, name), seen)


def meanings(struct: type[Struct]) -> dict[str, str]:
    """Name in JSON -> docstring as one line, for each member of *struct* with a docstring below it."""
    found: dict[str, str] = {}
    in_json = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
    for of in reversed(struct.__mro__):
        definition = (
            classes(of.__module__).get(of.__name__) if issubclass(of, Struct) and of is not Struct else None
        )
        members = [] if definition is None else definition.body
        for member, below in pairwise(members):
            match member, below:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    found[in_json[name]] = " ".join(text.split())
    return found


@cache
def classes(module: str) -> dict[str, ast.ClassDef]:
    """The classes in the source of *module*, by name.

    Cached, because parsing is slow: ``inspect.getsource`` of a class would parse the whole module each time.
    """
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
