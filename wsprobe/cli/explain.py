"""What ``wsprobe explain`` does: find a topic, and print what is known about it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from wsprobe import explain
from wsprobe.cli.paste import url_in
from wsprobe.cli.streams import look, write_json
from wsprobe.command_line import command_line


def look_up(topic: Sequence[str], *, as_list: bool, as_json: bool, code: bool) -> int:
    """Print the entry of *topic*, or the list of topics; returns the exit status. Raises click.UsageError."""
    if as_list:
        write_list(explain.groups(), as_json)
        return 0
    if not topic:
        raise click.UsageError("no topic: name one, or --list for all of them")
    try:
        entry = explain.find(" ".join(topic))
    except explain.UnknownTopic as error:
        raise click.UsageError(str(error)) from None
    if code:
        if not entry.code:
            raise click.UsageError(f"no code for {entry.topic}: wsprobe explain remedy lists the programs")
        sys.stdout.write(entry.code)
    elif as_json:
        write_json(explain.value(entry))
    else:
        of = look(sys.stdout)
        sys.stdout.write(explain.text(entry, of.width) if of.terminal else explain.text(entry))
        if url := url_in(" ".join(topic)):
            command = command_line("wsprobe", "compare", "--browser-mode", url=url)
            sys.stdout.write(f"\n  what that server says: {command}\n")
    return 0


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
