"""``wsprobe connect``: one handshake a URL; report exactly what came back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from wsprobe.cli import expect, places
from wsprobe.cli.completion import expectations
from wsprobe.cli.option import Command, option, together
from wsprobe.cli.options import output, output_of_connect, request, request_of_connect, routing
from wsprobe.cli.places import complete

if TYPE_CHECKING:
    from wsprobe.report import Report

session = together(
    option(
        "--send",
        multiple=True,
        metavar="TEXT",
        section="Session",
        help="send this text message once the session is open; repeat it for more",
    ),
    option("--send-hex", multiple=True, metavar="HEX", section="Session", help="send this binary message"),
    option("--ping", is_flag=True, section="Session", help="send a Ping once the session is open"),
    option(
        "--talk",
        is_flag=True,
        section="Session",
        help="hold the session: each line of standard input is sent, what comes is shown",
        long="Ends with the end of input, with ^C, or when the server closes. A line /ping sends a Ping, "
        "/close CODE REASON closes, // at its begin stands for one slash. What comes is shown on standard "
        "output; on standard error, where an option such as --json has standard output for itself.",
    ),
)

verdict = together(
    option(
        "--expect",
        "expectations",
        multiple=True,
        metavar="WHAT",
        shell_complete=expectations,
        section="Verdict",
        help=f"exit with 20 unless this holds, with 0 if it does: {expect.FORMS}",
        long="Repeatable; all must hold. The exit status of the outcome itself is then not used. What could "
        "never hold, such as a finding that does not exist, is a usage error.",
    ),
    option(
        "--retry",
        type=click.IntRange(0, 100),
        default=0,
        metavar="N",
        section="Verdict",
        help="ask again up to N times after a failure that may pass: unreachable, timeout, dropped, "
        "408, 429, 500, 502, 503, 504",
        long="Waits one second before the first retry, then twice as long each time, at most a minute.",
    ),
    option(
        "--parallel",
        type=click.IntRange(1, 1000),
        default=8,
        show_default=True,
        metavar="N",
        section="Verdict",
        help="with several URLs: ask N at once; results keep the order of the URLs",
    ),
)

EXAMPLES = (
    ("wsprobe connect wss://chat.example/ws", "Why does this handshake fail?"),
    (
        "wsprobe connect --origin https://app.example wss://chat.example/ws",
        "Is it refused because of its Origin?",
    ),
    ("wsprobe connect --json @urls.txt | jq -r '[.url, .outcome] | @tsv'", "One line for each URL of a file:"),
    ("wsprobe connect --expect close=4401 wss://chat.example/ws", "In a script: does it close with 4401?"),
    ("wsprobe connect lab:status-403", "Try it without a server:"),
)


def variables() -> list[tuple[str, str]]:
    """What --write-out fills in, and what each is."""
    from wsprobe.show.write_out import VARIABLES

    rows = [(f"%{{{name}}}", about) for name, (about, _) in VARIABLES.items()]
    return [*rows, ("%{header{NAME}}", "the value of this header of the answer; values are joined by ', '")]


TABLES = (("Variables of --write-out", variables),)


@click.command("connect", cls=Command, tables=TABLES, examples=EXAMPLES)
@click.argument("urls", nargs=-1, metavar="URL...", shell_complete=complete)
@request
@request_of_connect
@routing
@session
@output
@output_of_connect
@verdict
def command(urls: tuple[str, ...], **values: Any) -> int:
    """Make one handshake and report exactly what came back.

    URL is ws://, wss:// (http:// and https:// are taken for them), or lab:NAME for a scenario of the
    built-in lab. @FILE reads URLs from a file, - from standard input, one a line.
    """
    if values["json_schema"]:
        from wsprobe.show.as_json import schema

        sys.stdout.write(schema())
        return 0
    from wsprobe.cli.ask import asking
    from wsprobe.cli.output import Results
    from wsprobe.cli.probe import probe_all

    if not urls:
        raise click.UsageError("no URL: name one, or @FILE, or - for standard input")
    expectations = expect.parse(values["expectations"])
    names = places.expand(urls)
    results = Results(values, expectations, several=len(names) > 1)
    probe_all(names, asking(values), values, results.event, results.report)
    return results.exit_status


def exit_status(reports: list[Report]) -> int:
    """Of several reports: the first exit status that is not 0."""
    return next((report.exit_status for report in reports if report.exit_status), 0)
