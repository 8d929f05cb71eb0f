"""``wsprobe explain``: look something up, offline."""

import sys
from collections.abc import Mapping, Sequence
from typing import ClassVar

import click

from wsprobe.cli.option import Command, Given, Section, opt, takes, usage_error
from wsprobe.cli.streams import look, note, write_json
from wsprobe.report.outcome import Exit
from wsprobe.text import command_line, printable

SECTION = "Output"

EXAMPLES = (
    ("wsprobe explain 1006", "What is close code 1006?"),
    (
        "wsprobe explain \"WebSocket connection to 'ws://a.example/' failed: Error during WebSocket handshake: "
        'Unexpected response code: 403"',
        "What does this line from the browser's console mean?",
    ),
    ("wsprobe explain accept-mismatch", "What is this finding?"),
    ("wsprobe explain history", "Why do protocol and API disagree?"),
    (
        "wsprobe explain --code remedy asgi > tell_the_page.py",
        "Save an ASGI middleware that lets a page know why:",
    ),
    ("wsprobe explain exit", "What do the exit statuses mean?"),
)


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The topics that complete *incomplete*, the word being typed: a topic may have several words."""
    from wsprobe import explain  # all topics, only to complete one

    before = " ".join(("", *(ctx.params.get("topic") or ()))).lstrip()
    typed = f"{before} {incomplete}".lstrip()
    rest = len(typed) - len(incomplete)
    return [topic[rest:] for topic in explain.all_topics() if topic.startswith(typed)]


class ExplainSettings(Section, frozen=True, kw_only=True):
    """What is printed."""

    heading: ClassVar[str] = SECTION

    as_list: bool = opt("--list", "list every topic")
    as_json: bool = opt("--json", "print one JSON object")
    code: bool = opt("--code", "print the code of a remedy alone, as a file")


@click.command("explain", cls=Command, examples=EXAMPLES)
@click.argument("topic", nargs=-1, shell_complete=complete)
@takes(ExplainSettings)
def command(topic: tuple[str, ...], given: Given) -> int:
    """Look up a close code, HTTP status, header, console message, finding, outcome, exit status, specification
    revision, lab scenario, term of the browser API (wasClean, mixed content) or of the protocol (handshake,
    masking): its meaning, the specification, and what to do.

    explain recognises a whole line from a browser's console, and a citation such as "RFC 6455 section 4.1". It
    knows the error texts of many client libraries; in others it finds the status, header, close code or phrase.
    The topic - is read from standard input, and @FILE from a file. Where only something near is known, explain
    prints that, and "nearest:" before it.

    remedy shows how a server can let a page know why it refused, and lists the programs with code. remedy asgi,
    for example, prints the code, and --code prints only the code.
    """
    return look_up(topic, given[ExplainSettings])


def look_up(topic: Sequence[str], settings: ExplainSettings) -> int:
    """Print the entry of *topic*, or the list of topics; returns the exit status. Raises click.UsageError."""
    from wsprobe import explain  # all topics, which --help does without
    from wsprobe.cli.paste import url_in  # the options of other commands

    if settings.as_list:
        write_list(explain.groups(), settings.as_json)
        return 0
    asked = _pasted(topic)
    if not asked.strip():
        raise click.UsageError("no topic: name one, or --list for all of them")
    try:
        entry, nearest = explain.find_nearest(asked)
    except explain.UnknownTopic as error:
        note(str(error))
        return Exit.DIFFERENT
    if settings.code:
        if not entry.code or nearest:
            name = asked[:60] if nearest else entry.topic
            raise click.UsageError(f"no code for {name}: wsprobe explain remedy lists the programs")
        sys.stdout.write(entry.code)
    elif settings.as_json:
        write_json({**explain.value(entry), "nearest": nearest})
    else:
        if nearest:
            sys.stdout.write(f"nearest: {printable(nearest)}\n\n")
        of = look(sys.stdout)
        sys.stdout.write(explain.text(entry, of.width) if of.terminal else explain.text(entry))
        if url := url_in(asked):
            command = command_line("wsprobe", "compare", "--browser-mode", url=url)
            sys.stdout.write(f"\n  what that server says: {command}\n")
    return 0


def _pasted(words: Sequence[str]) -> str:
    """The topic: *words*, or standard input for ``-``, or a file for ``@FILE``. Raises click.UsageError."""
    if len(words) != 1 or not (words[0] == "-" or words[0].startswith("@")):
        return " ".join(words)
    from wsprobe.cli.files import MEBIBYTE, read  # only for a file

    path = words[0].removeprefix("@")
    with usage_error(OSError, ValueError, where=words[0]):
        return read(path, MEBIBYTE, "pasted text").decode("utf-8", "replace")


def write_list(groups: Mapping[str, Sequence[str]], as_json: bool) -> None:
    """Print each topic on a line, below its kind; a topic of several groups in the first of them."""
    seen: dict[str, None] = {}
    for group, topics in groups.items():
        fresh = [topic for topic in topics if topic not in seen]
        seen.update(dict.fromkeys(fresh))
        if not as_json:
            sys.stdout.write(f"{group}:\n" + "".join(f"  {topic}\n" for topic in fresh))
    if as_json:
        write_json({"topics": list(seen)})
