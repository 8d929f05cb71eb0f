"""The pages of the commands: every option with its help, every example a command line that parses."""

from __future__ import annotations

import click
import pytest

from man.build import commands, mdoc, page, program
from tests.cases import every, named
from tests.manual.command_lines import calls, parse
from wsprobe.cli.main import COMMANDS
from wsprobe.cli.option import Option
from wsprobe.outcome import TABLE
from wsprobe.show.write_out import VARIABLES

OPTIONS = [
    (name, option)
    for name in COMMANDS
    for option in commands.command(name).params
    if isinstance(option, Option)
]
EXAMPLES = [
    *((line, does) for name in COMMANDS for line, does in commands.command(name).examples),
    *program.EXAMPLES,
]


def words(text: str) -> str:
    return " ".join(text.replace("\\-", "-").split())


@every(named(OPTIONS, lambda each: f"{each[0]} {each[1].opts[-1]}"))
def test_every_option_is_on_the_page_of_its_command(each: tuple[str, Option]) -> None:
    name, option = each
    made = page(f"wsprobe-{name}.1")
    context = click.Context(commands.command(name))
    assert made.count(f".It {commands.heading(option, context)}\n") == 1
    assert f".Ss {option.section}\n" in made
    said = words(made)
    assert words("\n".join(mdoc.text(commands.about(option)))) in said
    assert option.help is not None
    assert mdoc.escaped(words(option.help[1:])) in words(commands.about(option).replace('"', "\\(dq"))


@every(named(OPTIONS, lambda each: f"{each[0]} {each[1].opts[-1]}"))
def test_help_is_one_line_without_a_full_stop_and_more_is_sentences(each: tuple[str, Option]) -> None:
    _, option = each
    assert option.help is not None
    assert not option.help.endswith(".")
    assert "\n" not in option.help
    assert not commands.more(option) or commands.more(option).endswith(".")


@pytest.mark.parametrize(("line", "does"), EXAMPLES, ids=lambda value: str(value))
def test_examples_parse(line: str, does: str) -> None:
    assert does.endswith((".", "?", ":"))
    assert parse(line)


def test_a_wrong_example_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parse("jq . | wsprobe connect --nonsense ws://h/")
    assert calls("if ! wsprobe connect -s x 2>/dev/null; then echo no; fi") == [
        ["wsprobe", "connect", "-s", "x"]
    ]


@pytest.mark.parametrize("name", ["wsprobe.1", "wsprobe-connect.1"])
def test_exit_statuses_are_listed(name: str) -> None:
    made = words(page(name))
    for row in TABLE:
        if row.text.startswith("compare:") and name != "wsprobe.1":
            continue
        assert f'.It "{int(row.status)}" ' in made
        assert row.text in made


def test_variables_of_write_out_are_listed() -> None:
    made = words(page("wsprobe-connect.1"))
    for name, (about, _) in VARIABLES.items():
        assert f'.It "%{{{name}}}" {about}' in made


def test_every_command_has_its_place_in_the_page_of_the_program() -> None:
    made = page("wsprobe.1")
    for name in COMMANDS:
        assert f".Xr wsprobe-{name} 1 ." in made
