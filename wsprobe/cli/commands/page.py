"""``wsprobe page``: every WebSocket of a page, in a real browser."""

from __future__ import annotations

import click

from wsprobe.cli.option import Command, Given, takes
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings, OwnOutputSettings
from wsprobe.cli.page_settings import INSTEAD, NOT_FOR_A_PAGE, PageSettings
from wsprobe.cli.route_settings import CONNECTION

EXAMPLES = (
    ("wsprobe page http://localhost:5173/", "Why do the WebSockets of my page fail?"),
    (
        "wsprobe page --window https://app.example/",
        "Log in and click in a window; each socket is reported as it fails or ends:",
    ),
    (
        "wsprobe page --attach 127.0.0.1:9222",
        "Watch a browser that already runs with --remote-debugging-port=9222:",
    ),
    (
        "wsprobe page --json http://localhost:5173/ | jq -c '[.url, .outcome, .script.line]'",
        "A line for each socket:",
    ),
)


@click.command("page", cls=Command, examples=EXAMPLES)
@click.argument("url", metavar="URL", required=False)
@takes(
    PageSettings,
    *CONNECTION,
    OutputSettings,
    OwnOutputSettings,
    ExpectSettings,
    without=(*NOT_FOR_A_PAGE, "include", "body_to"),
    instead=INSTEAD,
)
def command(url: str | None, given: Given) -> int:
    """Open the page at URL in an installed Chromium, and report every WebSocket that it opens.

    Each socket is reported as connect does: the server's own bytes, from the browser's network log, then
    findings, causes and what to do. Before it stands the line of script that opened it; behind it, what the
    script saw. Sockets of frames and workers are reported too, and those that never became a handshake.

    The browser starts without a window and with a fresh profile. wsprobe deletes profile and log at the end.
    """
    from wsprobe.cli.page import page  # the work, which --help does without

    return page(url, given)
