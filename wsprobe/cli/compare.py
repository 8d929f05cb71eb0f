"""``wsprobe compare``: one recording, many readers side by side; or several recordings with one another."""

from __future__ import annotations

from typing import Any

import click

from wsprobe.cli.completion import browsers, specs
from wsprobe.cli.option import Command, option, together
from wsprobe.cli.options import output, request, routing
from wsprobe.cli.places import complete

SECTION = "Readers"

readers = together(
    option(
        "--browser-mode",
        is_flag=True,
        section=SECTION,
        help="show what a script in each browser sees of the same handshake",
        long="Each engine's own request is sent, because the answer may depend on it; then wsprobe's own, and "
        "a difference between the answers is said first. A recording is read as it is.",
    ),
    option(
        "--browser",
        "browsers",
        multiple=True,
        shell_complete=browsers,
        metavar="NAME[,NAME]",
        section=SECTION,
        help="the engines to show: chromium, firefox, webkitgtk, whatwg, w3c-cr-2012, or all",
        long="Turns --browser-mode on. The last two are specifications read to the letter.",
    ),
    option(
        "--spec",
        "specs",
        multiple=True,
        shell_complete=specs,
        metavar="NAME[,NAME]",
        section=SECTION,
        help="hold the answer against these specification revisions: names, a range (hybi-05..rfc6455), or all",
    ),
    option(
        "--as-is",
        is_flag=True,
        section=SECTION,
        help="ask once, as wsprobe, and let every engine read that answer",
    ),
    option(
        "--page",
        metavar="URL",
        default="http://localhost/",
        show_default=True,
        section=SECTION,
        help="the page whose script opens the socket: decides Origin, mixed content and the base URL",
    ),
    option("--csp", metavar="POLICY", default="", section=SECTION, help="the page's Content-Security-Policy"),
)

EXAMPLES = (
    (
        "wsprobe compare --browser-mode wss://chat.example/ws",
        "What did the server say, and what does the page know?",
    ),
    (
        "wsprobe compare --browser-mode lab:status-403 lab:refused lab:redirect-302 lab:accept-wrong",
        "Can a script tell a 403 from the failures that must look alike?",
    ),
    ("wsprobe compare --spec hybi-05..rfc6455 lab:status-403", "What did each revision ask of a client?"),
    ("wsprobe connect --json URL | wsprobe compare --browser-mode", "Read a recording later, or elsewhere:"),
    ("wsprobe compare ws://old.example/ws ws://new.example/ws", "What differs between two servers?"),
)


@click.command("compare", cls=Command, examples=EXAMPLES)
@click.argument("places", nargs=-1, metavar="[URL or FILE]...", shell_complete=complete)
@readers
@request
@routing
@output
def command(places: tuple[str, ...], **values: Any) -> int:
    """Hold one handshake against many readers, or several with one another.

    Each place is a URL, lab:NAME, a file with recordings (connect --save or --json), or - for recordings
    on standard input, which is also read if no place is named. Exits like diff: 0 if every reader
    reached the same result, 1 if they differ. Times, the letter case of header names, and what was asked
    otherwise are shown and do not count.
    """
    from wsprobe.cli.comparison import compare

    return compare(places, values)
