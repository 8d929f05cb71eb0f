"""wsprobe-json(5) names and describes every member that is printed, and its examples work."""

import json
import os
import re
import shutil
import subprocess
import sys

import jsonschema_rs
import pytest

from man.build import mdoc, page, reports
from tests.cases import every, named
from tests.manual.command_lines import parse
from wsprobe.browsers import ALL
from wsprobe.cli.main import run
from wsprobe.show.contract import ComparisonJson, TraceJson
from wsprobe.show.schema import schema

WHOLE = json.loads(schema())
NO_JQ = shutil.which("jq") is None and not os.environ.get("CI")


def properties(node, path=""):
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
    (path, name, value)
    for path, name, value in properties(WHOLE)
    # What tells one kind of event from another is a heading on the page, with the time that all of them have.
    if name not in ("type", "event", "at") or "enum" not in value
]


@every(named(PROPERTIES, lambda each: f"{each[0]}.{each[1]}"))
def test_every_property_is_named_with_its_type_and_described(each):
    _, name, value = each
    made = " ".join(page("wsprobe-json.5").split())
    assert value.get("description"), f"{name} has no description in the schema"
    if name != "at":
        told = " ".join("\n".join(mdoc.text(value["description"])).split())
        assert f'.It "{mdoc.escaped(f"{name} ({reports.kind(value)})")}" {told}' in made


def test_every_object_has_its_place_on_the_page():
    """An object that is added to the contract wants a heading."""
    placed = {*reports.OBJECTS, *reports.RECORDING, *reports.EVENTS, *reports.SCRIPT_EVENTS}
    assert {each.__name__ for each in placed} == set(WHOLE["$defs"])


@pytest.mark.parametrize(("of", "parts"), [(TraceJson, reports.TRACE), (ComparisonJson, reports.RUNS)])
def test_every_property_of_another_object_is_named(of, parts):
    made = " ".join(page("wsprobe-json.5").split())
    whole = json.loads(schema(of))
    for each in (whole, *(whole["$defs"][each.__name__] for each in parts)):
        for name, value in each["properties"].items():
            told = " ".join("\n".join(mdoc.text(value["description"])).split())
            assert f'.It "{mdoc.escaped(f"{name} ({reports.kind(value)})")}" {told}' in made


def test_the_schema_is_one():
    jsonschema_rs.meta.validate(WHOLE)
    assert schema().isascii()
    assert schema().endswith("}\n")


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("outcome", "fine"),
        ("exit_status", 256),
        ("format", 2),
        ("url", None),
        ("newer", 1),
        ("findings", {}),
        ("request", {"line": "GET / HTTP/1.1", "headers": [["Host"]], "raw": ""}),
    ],
)
def test_the_schema_refuses_what_is_not_the_contract(member, wrong, capsys):
    run(["connect", "--json", "lab:status-403"])
    value = json.loads(capsys.readouterr().out)
    validator = jsonschema_rs.Draft202012Validator(WHOLE)
    validator.validate(value)
    assert not validator.is_valid(value | {member: wrong})


@pytest.mark.parametrize(("purpose", "lines"), reports.EXAMPLES)
def test_examples_parse(purpose, lines):
    assert purpose.endswith(":")
    for line in lines.replace("|\n", "| ").splitlines():
        assert parse(line)


OFFLINE = [lines for _, lines in reports.EXAMPLES if "lab:" in lines]
PRINTED = {
    "accept-wrong": "accept-",
    "response.body.raw": "body text\n",
    "--browser all": "".join(f'["{name}",1006]\n' for name in ALL),
    "kept.json": "IN THE PAGE",
}


@pytest.mark.programs
@pytest.mark.skipif(NO_JQ, reason="jq is not installed")
@pytest.mark.parametrize("lines", OFFLINE)
def test_examples_work(lines, tmp_path):
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


@pytest.mark.parametrize(
    ("title", "words"), [("explain --json", ["explain", "1006"]), ("serve --list --json", ["serve", "--list"])]
)
def test_the_members_of_other_objects_are_named(title, words, capsys):
    said = page("wsprobe-json.5").replace("\\-", "-").split(f'.It "{title}"')[1].split(".It")[0]
    assert run([*words, "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert all(re.search(rf"\b{name}\b", said) for name in first), set(first)
