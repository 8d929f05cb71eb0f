"""`--redact`: secrets are in no output, and change nothing of what is judged."""

import json
import os
import re
import shlex
import stat
from base64 import b64encode
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from msgspec import Struct

from tests.cases import every
from tests.played import ran
from wsprobe.browsers.engine import ScriptView
from wsprobe.browsers.fetch import FetchView
from wsprobe.cli.main import run
from wsprobe.cli.redacted import OWN_WORDS
from wsprobe.diagnosis import Cause
from wsprobe.judge.finding import Finding
from wsprobe.lab.installed import BrowserRun

SECRET = "hunter2Sesame4711xyz"
EVERYWHERE = [
    *("-u", f"me:{SECRET}", "-b", f"s={SECRET}", "-H", f"X-Api-Key: {SECRET}", "-H", f"X-CSRF-Token: {SECRET}"),
    *("--protocol", "chat", "--protocol", SECRET, "--send", f'{{"auth": "{SECRET}"}}'),
]
PLACES = [
    f"lab:/status/403?header=Set-Cookie:s={SECRET}&body={SECRET}&reason={SECRET}",
    f"lab:/echo?token={SECRET}",
    f"lab:/close/4403?reason={SECRET}",
]
SPELT = re.compile("|".join(re.escape(each) for each in (SECRET, b64encode(f"me:{SECRET}".encode()).decode())))
HEX = SECRET.encode().hex(" ")


def held(text):
    """All the bytes in a hex dump of *text*, one after the other."""
    return " ".join(
        " ".join(row[10:60].split()) for row in re.sub(r"(?m)^ *[0-9.]+ [<>] ", "", text).splitlines()
    )


def all_that_is_told(*words):
    """What a command line prints and saves, and its standard error alone."""
    (made,) = ran([shlex.join(["wsprobe", *words])])
    told = (made.out, made.err, *made.files.values())
    return b"".join(told).decode("utf-8", "replace"), made.err.decode()


@every(
    (how, place)
    for how in ([], ["-v"], ["-vv"], ["--json"], ["-i"], ["-o", "-"], ["-w", "%{url} %{close_reason}"])
    for place in PLACES
)
def test_no_output_of_connect_has_the_secret(case):
    how, place = case
    told, err = all_that_is_told("connect", "--redact", "--save", "kept", *how, *EVERYWHERE, place)
    assert not SPELT.search(told)
    assert HEX not in held(err)


@every((how, place) for how in ([], ["--json"], ["--spec", "all"]) for place in PLACES)
def test_no_output_of_compare_has_the_secret(case):
    how, place = case
    asked = [each for each in EVERYWHERE if not each.startswith(("--send", "{"))]
    page = ["--page", f"http://a.example/?code={SECRET}", "--browser-mode"]
    told, _ = all_that_is_told("compare", "--redact", "--save", "kept", *page, *how, *asked, place)
    assert not SPELT.search(told)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_judged_is_the_answer_as_it_came(place, capfd):
    values = []
    for how in ([], ["--redact"]):
        status = run(["connect", "--json", "--linger", "0.1", *how, *EVERYWHERE, place])
        values.append((status, json.loads(capfd.readouterr().out)))
    (plain, before), (redacted, after) = values
    assert plain == redacted
    assert before["outcome"] == after["outcome"]
    assert [f["id"] for f in before["findings"]] == [f["id"] for f in after["findings"]]


@pytest.mark.parametrize(("redact", "mode"), [((), 0o600), (("--redact",), 0o644)])
def test_a_new_file_with_secrets_is_for_nobody_else(redact, mode, tmp_path):
    report = ("--report", str(tmp_path / "report.html"), *(() if redact else ("--no-redact",)))
    files = ("--save", str(tmp_path / "save.json"), "--har", str(tmp_path / "one.har"))
    before = os.umask(0o022)
    try:
        assert run(["connect", "-s", "-u", "me:sesame", *redact, *files, *report, "lab:status-403"]) == 12
        assert run(["connect", "-s", "--resume", str(tmp_path / "resumed.jsonl"), "lab:status-403"]) == 12
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert modes == {"save.json": mode, "one.har": mode, "report.html": mode, "resumed.jsonl": 0o600}


SECRET_FILES = {
    "--save": "save.json",
    "--har": "one.har",
    "--resume": "resumed.jsonl",
    "--cookie-jar": "jar",
    "--junit": "tests.xml",
    "--report": "report.html",
}


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o600), (0o666, 0o600), (0o604, 0o600), (0o660, 0o660)])
def test_a_file_that_everybody_can_read_becomes_private(before, after, tmp_path):
    """It may be there from a run with --redact. What is shared with a group only was meant so."""
    paths = {option: tmp_path / name for option, name in SECRET_FILES.items()}
    for path in paths.values():
        path.touch()
        path.chmod(before)
    words = [word for option, path in paths.items() for word in (option, str(path))]
    assert run(["connect", "-s", "-u", "me:sesame", "--no-redact", *words, "lab:status-403"]) == 12
    assert {option: stat.S_IMODE(path.stat().st_mode) for option, path in paths.items()} == dict.fromkeys(
        paths, after
    )


def test_a_file_without_secrets_keeps_its_mode(tmp_path):
    paths = [tmp_path / SECRET_FILES[option] for option in ("--save", "--har", "--report")]
    for path in paths:
        path.touch()
        path.chmod(0o644)
    words = ["--save", str(paths[0]), "--har", str(paths[1]), "--report", str(paths[2])]
    assert run(["connect", "-s", "--redact", *words, "lab:status-403"]) == 12
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o644] * 3


def _choices(kind, name="", seen=None):
    """The members with a fixed set of values, of *kind* and of the structs in it."""
    seen = {} if seen is None else seen
    if get_origin(kind) is Literal:
        yield name
    elif isinstance(kind, type) and issubclass(kind, Struct) and kind not in seen:
        seen[kind] = None
        for member, of in get_type_hints(kind).items():
            yield from _choices(of, member, seen)
    for each in get_args(kind):
        yield from _choices(each, name, seen)


def test_a_secret_masks_no_choice():
    """``own-request`` with asterisks is no certainty, and what was judged before is then not read."""
    seen = {}
    kinds = (Finding, Cause, ScriptView, FetchView, BrowserRun)
    found = {name for kind in kinds for name in _choices(kind, seen=seen)}
    assert {"level", "certainty", "phase"} <= found
    assert found - OWN_WORDS == set()
