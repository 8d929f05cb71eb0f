"""wsprobe-json(5) names and describes every member that is printed, and its examples work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from msgspec import Struct
from msgspec.structs import fields

from tests.manual.command_lines import parse
from wsprobe import archive, exchange
from wsprobe.browsers import ENGINES
from wsprobe.manual import mdoc, page, reports
from wsprobe.show.as_json import schema

WHOLE = json.loads(schema())
NO_JQ = shutil.which("jq") is None and not os.environ.get("CI")


def properties(node: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """(where, name, schema) of every property in the whole schema."""
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from properties(each, f"{path}[{number}]")
    if isinstance(node, dict):
        for name, value in node.get("properties", {}).items():
            yield path, name, value
        for name, value in node.items():
            yield from properties(value, f"{path}.{name}")


PROPERTIES = [
    pytest.param(name, value, id=f"{path}.{name}")
    for path, name, value in properties(WHOLE)
    # What tells one kind of event from another is a heading on the page.
    if not (name in ("type", "event") and "const" in value)
]


@pytest.mark.parametrize(("name", "value"), PROPERTIES)
def test_every_property_is_named_with_its_type_and_described(name: str, value: Any) -> None:
    made = " ".join(page("wsprobe-json.5").split())
    assert value.get("description"), f"{name} has no description in the schema"
    if name != "at" and (name, value.get("description")) != ("base64", "The bytes."):
        told = " ".join("\n".join(mdoc.text(value["description"])).split())
        assert f'.It "{mdoc.escaped(f"{name} ({reports.kind(value)})")}" {told}' in made


def values() -> Iterator[type]:
    """Every value that a recording is made of, but the events."""
    for value in vars(exchange).values():
        if (
            isinstance(value, type)
            and issubclass(value, Struct)
            and value is not Struct
            and value not in get_args(exchange.Event)
        ):
            yield value


NAMES = {"TlsOptions": "tls_options"}


@pytest.mark.parametrize("value", list(values()), ids=lambda value: value.__name__)
def test_the_schema_has_the_members_of_the_recording(value: type) -> None:
    """A certificate of a recording has the members of one of a report, but its bytes are written otherwise."""
    described = WHOLE["$defs"][NAMES.get(value.__name__, value.__name__.lower())]["properties"]
    assert set(described) - {"format"} == {field.name for field in fields(value)}


def test_the_schema_has_every_event_with_its_members() -> None:
    described = {
        each["properties"]["event"]["const"]: set(each["properties"]) - {"event"}
        for each in WHOLE["$defs"]["happening"]["anyOf"]
    }
    assert described == {name: {field.name for field in fields(kind)} for name, kind in archive._KINDS.items()}


@pytest.mark.parametrize(("purpose", "lines"), reports.EXAMPLES)
def test_examples_parse(purpose: str, lines: str) -> None:
    assert purpose.endswith(":")
    for line in lines.replace("|\n", "| ").splitlines():
        assert parse(line)


OFFLINE = [lines for _, lines in reports.EXAMPLES if "lab:" in lines]
PRINTED = {
    "accept-wrong": "accept-",
    "response.body.raw": "body text\n",
    "--browser all": "".join(f'["{name}",1006]\n' for name in ENGINES),
    "kept.json": "in the page",
}


@pytest.mark.skipif(NO_JQ, reason="jq is not installed")
@pytest.mark.parametrize("lines", OFFLINE)
def test_examples_work(lines: str, tmp_path: Any) -> None:
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-c", lines],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    wanted = next(text for part, text in PRINTED.items() if part in lines)
    assert wanted in done.stdout
