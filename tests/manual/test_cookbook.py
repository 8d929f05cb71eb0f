"""wsprobe-cookbook(7) and the samples of section 1: each command prints the lines that the page shows."""

import re

import pytest
from msgspec.structs import replace

from man.build import page
from man.build.commands import BEHIND
from man.build.cookbook import recipes
from tests.manual.command_lines import parse
from tests.manual.test_readme import run, steady
from tests.played import ran
from wsprobe.cli.main import COMMANDS
from wsprobe.lab.paths import scenario_at
from wsprobe.lab.scenario import Step

RECIPES = recipes()
SYMPTOMS = RECIPES["symptom"]


def missing(shown, printed):
    """The first line that the page shows and *printed* has not, in this order; times and ports may differ."""
    lines = iter(steady(printed).splitlines())
    wanted = steady(shown["shows"].strip("\n")).splitlines()
    return next(([line, printed] for line in wanted if line not in lines), [])


def printed(shown):
    """What the command prints if the lab's scenarios answer."""

    def at(plan):
        name = next(name for has, name in shown["server"] if re.search(has.encode(), plan.request, re.I))
        made = scenario_at(name)
        if "after" in shown:
            made = replace(made, steps=(made.steps[0], Step("wait", seconds=shown["after"]), *made.steps[1:]))
        tls = plan.target.secure and made.listener == "plain" and shown.get("tls", True)
        return replace(made, listener="tls") if tls else made

    files = {"big.json": "x" * 300}
    if file := shown.get("file"):
        files[file["name"]] = file["start"] + "x" * file["x"] + file["end"]
    command = shown["command"].replace('"$(cat big.json)"', files["big.json"])
    (got,) = ran([f"TOKEN=t0k3n {command}"], files, reached=at)
    return got.out.decode()


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda each: each["title"])
def test_a_symptoms_command_prints_what_is_shown(symptom):
    assert missing(symptom, printed(symptom)) == []


@pytest.mark.parametrize("name", [name for name in COMMANDS if "server" in BEHIND[name]])
def test_the_sample_of_a_command_is_what_it_prints(name):
    assert missing(BEHIND[name], printed(BEHIND[name])) == []


@pytest.mark.programs
@pytest.mark.parametrize("name", [name for name in COMMANDS if "real" in BEHIND[name]])
def test_the_sample_of_a_program_is_what_it_prints(name, tmp_path):
    got = run(f"{BEHIND[name]['command']} </dev/null", tmp_path)
    assert missing(BEHIND[name], got.stdout + got.stderr) == []


def test_a_line_that_is_not_printed_is_noticed():
    assert missing({"shows": "b\na"}, "a\nb\n") == ["a", "a\nb\n"]


def test_every_page_of_section_1_has_files_statuses_a_sample_and_references():
    for name in COMMANDS:
        made = page(f"wsprobe-{name}.1")
        headings = re.findall("(?m)^.Sh (.*)", made)
        assert headings[-4:] == ["FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]
        assert ".Xr wsprobe-cookbook 7" in made
        assert ".Pp\nA sample:\n" in made
    assert ".Sh BUGS\n" in page("wsprobe.1")


def test_there_are_twenty_symptoms_after_a_first_hour_of_five_commands():
    assert len({each["title"] for each in SYMPTOMS}) == 20
    assert len(RECIPES["hour"]) == 5
    for each in RECIPES["hour"]:
        assert parse(each["command"])


@pytest.mark.parametrize("exchange", RECIPES["exchange"], ids=lambda each: each["title"])
def test_exchanges_parse(exchange):
    assert parse(exchange["lines"].replace("\\\n", "").replace("\n", " "))


def test_it_is_short_enough_to_read():
    assert len(page("wsprobe-cookbook.7").split()) < 2500
