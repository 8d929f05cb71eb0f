"""``wsprobe explain``: look something up, offline."""

from __future__ import annotations

import sys
from typing import Any

import click

from wsprobe.cli.option import Command, option

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
    ("wsprobe explain exit", "What do the exit statuses mean?"),
)


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from wsprobe import explain

    return [topic for topic in explain.all_topics() if topic.startswith(incomplete)]


@click.command("explain", cls=Command, examples=EXAMPLES)
@click.argument("topic", nargs=-1, shell_complete=complete)
@option("--list", "as_list", is_flag=True, section=SECTION, help="list every topic")
@option("--json", "as_json", is_flag=True, section=SECTION, help="print one JSON object")
def command(topic: tuple[str, ...], as_list: bool, as_json: bool) -> int:
    """Look up a close code, HTTP status, header, console message, finding, outcome, exit status,
    specification revision, lab scenario or word of the page (wasClean, mixed content): what it means, whose
    rule it is, what to do.

    A line copied from a browser's console, or from the output of another client, is recognised as a whole,
    URL and all; so is a citation such as "RFC 6455 section 4.1".
    """
    from wsprobe import explain

    if as_list:
        write_list(explain.all_topics(), as_json)
        return 0
    if not topic:
        raise click.UsageError("no topic: name one, or --list for all of them")
    try:
        entry = explain.find(" ".join(topic))
    except explain.UnknownTopic as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        write_json(explain.value(entry))
    else:
        sys.stdout.write(explain.text(entry))
    return 0


def write_list(topics: Any, as_json: bool) -> None:
    if as_json:
        write_json({"topics": list(topics)})
    else:
        sys.stdout.write("".join(f"{topic}\n" for topic in topics))


def write_json(value: Any) -> None:
    import json

    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
