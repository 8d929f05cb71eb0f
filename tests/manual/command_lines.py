"""Command lines as people read them, tried with the parser that will read them."""

import shlex

import click

from wsprobe.cli.main import program


def parse(line):
    """Parse every call of wsprobe in a shell pipeline; raises click.ClickException where one is wrong."""
    return [_parsed(words[1:]) for words in calls(line)]


def calls(line):
    """The words of every call of wsprobe in *line*: pipelines and lists are taken apart."""
    found = [[]]
    for word in shlex.split(line, comments=True):
        if word in ("|", "&&", "||", ";", "do", "done", "then", "fi"):
            found.append([])
        elif word.endswith(";"):
            found[-1].append(word[:-1])
            found.append([])
        else:
            found[-1].append(word)
    return [words for words in map(_without_redirections, found) if words and words[0].endswith("wsprobe")]


def _without_redirections(words):
    """Words up to the first redirection, without a leading ``if``, ``if !`` or assignment."""
    while words and (words[0] in ("if", "!", "while") or words[0].partition("=")[0].isupper()):
        words = words[1:]
    end = next((i for i, word in enumerate(words) if word.startswith((">", "2>", "<"))), len(words))
    return words[:end]


def _parsed(arguments):
    context = click.Context(program, info_name="wsprobe")
    if arguments[0].startswith("-"):
        return program.make_context("wsprobe", arguments, resilient_parsing=True)
    command = program.get_command(context, arguments[0])
    if command is None:
        raise click.UsageError(f"no command {arguments[0]}")
    return command.make_context(arguments[0], arguments[1:], parent=context)
