"""``wsprobe compare``: one handshake with many readers side by side, or several recordings with one another."""

from __future__ import annotations

import click

from wsprobe.cli.completion import places_and_files
from wsprobe.cli.list_settings import ClusterSettings
from wsprobe.cli.option import Given, takes
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings
from wsprobe.cli.paste import PastedSettings, Pasting
from wsprobe.cli.request_settings import RequestSettings
from wsprobe.cli.route_settings import CONNECTION
from wsprobe.cli.view_settings import INSTEAD, ViewSettings

EXAMPLES = (
    (
        "wsprobe compare --browser-mode wss://chat.example/ws",
        "What did the server answer, and what does the page see?",
    ),
    (
        "wsprobe compare --browser-mode lab:status-403 lab:refused lab:redirect-302 lab:accept-wrong",
        "Can a script tell a 403 from the failures that must look alike?",
    ),
    ("wsprobe compare --spec hybi-05..rfc6455 lab:status-403", "What did each revision require of a client?"),
    (
        "wsprobe connect --json URL | wsprobe compare --browser-mode",
        "Look at a recording later, or on another machine:",
    ),
    ("wsprobe compare yesterday.jsonl today.jsonl", "Which URLs of a list changed since yesterday?"),
    ("wsprobe compare ws://old.example/ws ws://new.example/ws", "What differs between two servers?"),
)


@click.command("compare", cls=Pasting, examples=EXAMPLES)
@click.argument("places", nargs=-1, metavar="[URL or FILE]...", shell_complete=places_and_files)
@takes(
    ViewSettings,
    PastedSettings,
    RequestSettings,
    *CONNECTION,
    OutputSettings,
    ExpectSettings,
    ClusterSettings,
    instead=INSTEAD,
)
def command(places: tuple[str, ...], given: Given) -> int:
    """Show what browsers, other clients and specifications make of one handshake, or compare several
    handshakes.

    Each argument is a URL, lab:NAME, a file with recordings (connect --save or --json, or a HAR file), or - for
    recordings on standard input, also the default. The exit status is that of diff: 0 if every view has the
    same result, 1 if they differ in what a page can act on: it opens in one and not in another, or has another
    subprotocol, message, exception, close code, reason or wasClean. Extensions, console texts and fields of the
    requests are shown, but do not count without --strict.

    With --browser-mode, each of several URLs has a line too: in which browsers a page can use it, the result,
    and the likeliest cause. From five URLs on, -v prints the rest.

    With --json, recordings alone are enough: compare prints the report of each.

    Two files, if at least one has several recordings, are two runs over a list of URLs: compare prints only the
    URLs that changed, the worst first.
    """
    from wsprobe.cli.compare import compare  # the work, which --help does without

    return compare(places, given)
