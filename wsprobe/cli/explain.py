"""``wsprobe explain``: look something up, offline."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import click

from wsprobe.cli.option import Command
from wsprobe.cli.paste import url_in
from wsprobe.cli.section import Declared, Given, Section, takes
from wsprobe.cli.streams import look

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
        "Save an ASGI middleware that lets a page know why.",
    ),
    ("wsprobe explain exit", "What do the exit statuses mean?"),
)


def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from wsprobe import explain

    before = " ".join(("", *(ctx.params.get("topic") or ()))).lstrip()
    typed = f"{before} {incomplete}".lstrip()
    rest = len(typed) - len(incomplete)
    return [topic[rest:] for topic in explain.all_topics() if topic.startswith(typed)]


class ExplainSettings(Section, frozen=True, kw_only=True):
    """What is printed."""

    heading: ClassVar[str] = SECTION

    as_list: Annotated[
        bool,
        Declared(
            "--list",
            help="list every topic",
        ),
    ] = False
    as_json: Annotated[
        bool,
        Declared(
            "--json",
            help="print one JSON object",
        ),
    ] = False
    code: Annotated[
        bool,
        Declared(
            "--code",
            help="print the code of a remedy alone, as a file",
        ),
    ] = False


@click.command("explain", cls=Command, examples=EXAMPLES)
@click.argument("topic", nargs=-1, shell_complete=complete)
@takes(ExplainSettings)
def command(topic: tuple[str, ...], given: Given) -> int:
    """Look up a close code, HTTP status, header, console message, finding, outcome, exit status,
    specification revision, lab scenario, word of the page (wasClean, mixed content) or of the protocol
    (handshake, masking): what it means, which specification says so, and what to do.

    A line copied from a browser's console is recognised as a whole, with the URL in it; so is the error text of
    a client library, by its form (a status, header, close code or phrase in it), and a citation such as
    "RFC 6455 section 4.1".

    remedy shows how a server lets a page know why it refused, and lists the programs that it has code for.
    remedy asgi, for example, prints the code, and --code prints it alone.
    """
    from wsprobe import explain

    settings = given[ExplainSettings]
    if settings.code and (settings.as_list or settings.as_json):
        raise click.UsageError("--code prints a file: it does not go with --list or --json")
    if settings.as_list:
        write_list(explain.groups(), settings.as_json)
        return 0
    if not topic:
        raise click.UsageError("no topic: name one, or --list for all of them")
    try:
        entry = explain.find(" ".join(topic))
    except explain.UnknownTopic as error:
        raise click.UsageError(str(error)) from None
    if settings.code:
        if not entry.code:
            raise click.UsageError(f"no code for {entry.topic}: wsprobe explain remedy lists the programs")
        sys.stdout.write(entry.code)
    elif settings.as_json:
        write_json(explain.value(entry))
    else:
        of = look(sys.stdout)
        sys.stdout.write(explain.text(entry, of.width) if of.terminal else explain.text(entry))
        if url := url_in(" ".join(topic)):
            sys.stdout.write(f"\n  what that server says: wsprobe compare --browser-mode {shlex.quote(url)}\n")
    return 0


def write_list(groups: Mapping[str, Sequence[str]], as_json: bool) -> None:
    """Every topic on a line of its own, below what it is; a topic of several groups in the first."""
    seen: dict[str, None] = {}
    for group, topics in groups.items():
        fresh = [topic for topic in topics if topic not in seen]
        seen.update(dict.fromkeys(fresh))
        if not as_json:
            sys.stdout.write(f"{group}:\n" + "".join(f"  {topic}\n" for topic in fresh))
    if as_json:
        write_json({"topics": list(seen)})


def write_json(value: Any) -> None:
    import json

    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
