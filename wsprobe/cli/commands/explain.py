"""``wsprobe explain``: look something up, offline."""

from typing import ClassVar

import click

from wsprobe.cli.option import Command
from wsprobe.cli.section import Given, Section, opt, takes

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
    from wsprobe.cli.explain import look_up  # the work, which --help does without

    settings = given[ExplainSettings]
    return look_up(topic, as_list=settings.as_list, as_json=settings.as_json, code=settings.code)
