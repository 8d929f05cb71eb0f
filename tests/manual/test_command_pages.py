"""The pages of the commands: every option with its help, every example a command line that parses."""

import json
import re
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import click
import pytest

import wsprobe
from man.build import commands, mdoc, page, program
from tests.cases import every, named, share
from tests.cli import printed
from tests.manual.command_lines import calls, parse
from wsprobe.cli import expect
from wsprobe.cli.main import COMMANDS
from wsprobe.cli.option import ALL, ONE, Option, rows_together
from wsprobe.cli.output_settings import VIEW
from wsprobe.data_file import toml_beside
from wsprobe.report.outcome import TABLE
from wsprobe.show.write_out import VARIABLES
from wsprobe.talk import input, raw_frame

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


def words(text):
    return " ".join(text.replace("\\-", "-").split())


@every(named(OPTIONS, lambda each: f"{each[0]} {each[1].opts[-1]}"))
def test_every_option_is_on_the_page_of_its_command(each):
    name, option = each
    made = page(f"wsprobe-{name}.1")
    context = click.Context(commands.command(name))
    assert made.count(f".It {commands.heading(option, context)}\n") == 1
    assert f".Ss {option.section}\n" in made
    shared = commands.shared(name)
    if option.name not in shared:
        assert words("\n".join(mdoc.paragraphs(*option.about().split("\n\n")))) in words(made)
    elif shared[option.name]:
        assert words("\n".join(mdoc.text(commands.sentence(option)))) in words(made)


def test_a_default_in_the_help_is_the_default():
    own = [each for _, each in OPTIONS if each.how.written]
    apart = [each for each in own if each.how.written != each.how.default]
    assert {"--max-body", "--max-message", "--every"} <= {each.opts[-1] for each in apart}
    for each in apart:
        assert each.type.convert(each.how.written, each, None) == each.how.default, each.opts


def test_only_the_page_of_connect_has_the_shared_options_in_full():
    assert len(commands.shared("talk")) > 50
    assert commands.shared("connect") == {}
    assert "wsprobe sends CONNECT to an http proxy" in page("wsprobe-connect.1")
    assert "wsprobe sends CONNECT to an http proxy" not in page("wsprobe-talk.1")


@every(named(OPTIONS, lambda each: f"{each[0]} {each[1].opts[-1]}"))
def test_help_is_one_line_without_a_full_stop_and_more_is_sentences(each):
    _, option = each
    assert not option.help.endswith(".")
    assert "\n" not in option.help
    assert not option.more() or option.more().endswith(".")
    assert len(option.about().split()) < 260


ENTRY = {
    "_resourceType": "websocket",
    "request": {"method": "GET", "url": "wss://chat.example/ws", "httpVersion": "HTTP/1.1", "headers": []},
    "response": {"status": 101, "statusText": "", "httpVersion": "HTTP/1.1", "headers": []},
}
FILES = {
    "copied.txt": "curl wss://chat.example/ws",
    "request.conf": "header = X: y",
    "token.txt": "t",
    "phrase.txt": "p",
    "urls.txt": "lab:ok",
    "ci.netrc": "default login a password b",
    "request.txt": "GET / HTTP/1.1\r\n\r\n",
    "page.har": json.dumps({"log": {"entries": [ENTRY, ENTRY]}}),
}
"""What the examples read."""


def test_every_option_has_an_example_that_parses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAT_TOKEN", "t")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    without = []
    for name, option in share(OPTIONS):
        lines = (
            [option.example()] if option.example() else [line for line, _ in commands.command(name).examples]
        )
        mine = [line for line in lines if any({*option.opts} & {*_spelled(words)} for words in calls(line))]
        if not mine:
            without.append(f"{name} {option.opts[-1]}")
        for line in mine:
            with suppress(click.exceptions.Exit), redirect_stdout(StringIO()):  # --json-schema
                assert parse(line)
    assert without == [], "each option needs a line in [SECTION.example] of wsprobe/cli/options.toml"


def _spelled(words):
    """The options in *words*, also those that are written together, as in -sS."""
    for word in words:
        yield word
        if word.startswith("-") and not word.startswith("--"):
            yield from (f"-{letter}" for letter in word[1:])


@every(named(OPTIONS, lambda each: f"{each[0]} {each[1].opts[-1]}"))
def test_the_help_of_one_option_says_all_of_it(each):
    name, option = each
    made = commands.command(name)
    context = made.context_class(made, info_name=name)
    context.meta[ONE] = option
    formatter = context.make_formatter()
    made.format_help(context, formatter)
    assert words(option.about()) in words(formatter.getvalue())


@pytest.mark.parametrize(("line", "does"), EXAMPLES, ids=lambda value: str(value))
def test_examples_parse(line, does):
    assert does.endswith((".", "?", ":"))
    assert parse(line)


def test_a_wrong_example_would_be_noticed():
    with pytest.raises(click.UsageError):
        parse("jq . | wsprobe connect --nonsense ws://h/")
    assert calls("if ! wsprobe connect -s x 2>/dev/null; then echo no; fi") == [
        ["wsprobe", "connect", "-s", "x"]
    ]


def test_exit_statuses_are_listed():
    made = words(page("wsprobe.1"))
    for row in TABLE:
        assert f'.It "{int(row.status)}" ' in made
        assert row.text in made


def test_variables_of_write_out_are_listed():
    made = words(page("wsprobe-connect.1"))
    for name, (about, _) in VARIABLES.items():
        assert f'.It "%{{{name}}}" {about}' in made


def test_every_command_has_its_place_in_the_page_of_the_program():
    made = page("wsprobe.1")
    for name in COMMANDS:
        assert f".Xr wsprobe-{name} 1 ." in made


def test_texts_of_options_name_what_the_code_knows():
    texts = toml_beside(expect.__file__, "options.toml")
    assert ", ".join(expect.CERTAINTIES) in " ".join(texts["ExpectSettings"]["expectations"].split())
    assert VIEW in texts["ExpectSettings"]["expectations"]
    assert input.FORMS in " ".join(texts["TalkSettings"]["jsonl"].split())
    parts = "; ".join(f"{name}= ({what})" for name, what in raw_frame.WORDS.items())
    assert parts in " ".join(texts["TalkSettings"]["send_frames"].split())


def test_advice_names_options_of_wsprobe():
    """What begins with -- in these files is one; the options of other programs are in other files."""
    files = ("diagnosis/causes.txt", "diagnosis/words.txt", "judge/findings.txt", "trace/conclusions.txt")
    advice = "".join((Path(wsprobe.__file__).parent / file).read_text("utf-8") for file in files)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", advice))
    assert "--origin" in named
    assert named <= {name for _, option in OPTIONS for name in option.opts}


def test_texts_belong_to_options():
    known = {(o.kind.__name__, o.name) for _, o in OPTIONS}
    texts = toml_beside(expect.__file__, "options.toml")
    written = {(kind, field) for kind, own in texts.items() for field in {**own, **own.get("example", {})}}
    assert {each for each in written if each[1] != "example"} <= known


def test_rows_of_options_that_go_together_name_options_and_have_a_case():
    shown = "".join(path.read_text("utf-8") for path in printed.FILES)
    known = {(o.kind.__name__, name) for _, o in OPTIONS for name in o.opts}
    kinds, names = ({each[at] for each in known} for at in (0, 1))
    on_stdout = {name for _, o in OPTIONS if o.how.stdout for name in o.opts}
    for kind, words, text in rows_together():
        assert kind in kinds
        assert {word.partition("=")[0] for word in words} - {"not", "needs"} <= names
        assert {word.removesuffix("=-") for word in words if word.endswith("=-")} <= on_stdout
        assert "{" not in text.format(this="", that="", all="")
        said = re.sub(r"\\\{\w+\\\}", ".+", re.escape(text))
        assert re.search(f"(?m)^! wsprobe .*: {said}", shown), f"{words}: no case in tests/cli/printed"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_whole_help_shows_options_that_belong_together_as_one(name):
    made = commands.command(name)
    context = made.context_class(made, info_name=name)
    context.meta[ALL] = True
    formatter = context.make_formatter()
    made.format_options(context, formatter)
    rows = [line for line in formatter.getvalue().splitlines() if line.startswith("  -")]
    assert len(rows) <= 80, (
        'put options that belong together in one row: entry="..." at the first, "" at the rest'
    )
    listed = {word for row in rows for word in re.findall(r"(?<![\w-])--?[\w-]+", row)}
    shown = [option for option in made.params if isinstance(option, Option)]
    assert {name for option in shown for name in option.opts if name[:1] == "-"} <= listed
