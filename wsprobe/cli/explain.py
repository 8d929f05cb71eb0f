"""What ``wsprobe explain`` does: find a topic, and print what is known about it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from wsprobe import explain
from wsprobe.cli.files import MEBIBYTE, read
from wsprobe.cli.option import usage_error
from wsprobe.cli.paste import url_in
from wsprobe.cli.streams import look, note, write_json
from wsprobe.report.outcome import Exit
from wsprobe.text import command_line, printable


def look_up(topic: Sequence[str], *, as_list: bool, as_json: bool, code: bool) -> int:
    """Print the entry of *topic*, or the list of topics; returns the exit status. Raises click.UsageError."""
    if as_list:
        write_list(explain.groups(), as_json)
        return 0
    asked = _pasted(topic)
    if not asked.strip():
        raise click.UsageError("no topic: name one, or --list for all of them")
    try:
        entry, nearest = explain.find_nearest(asked)
    except explain.UnknownTopic as error:
        note(str(error))
        return Exit.DIFFERENT
    if code:
        if not entry.code or nearest:
            name = asked[:60] if nearest else entry.topic
            raise click.UsageError(f"no code for {name}: wsprobe explain remedy lists the programs")
        sys.stdout.write(entry.code)
    elif as_json:
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
