"""``wsprobe connect``: one handshake a URL; report exactly what came back."""

from __future__ import annotations

import click

from wsprobe.cli.completion import places
from wsprobe.cli.list_settings import ClusterSettings, ListSettings
from wsprobe.cli.option import Given, Tables, takes
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings, OwnOutputSettings, RetrySettings
from wsprobe.cli.paste import IGNORED, WITHOUT_EFFECT, PastedSettings, Pasting, without_effect
from wsprobe.cli.request_settings import TalkSetting
from wsprobe.cli.route_settings import HANDSHAKES

EXAMPLES = (
    ("wsprobe connect wss://chat.example/ws", "Why does this handshake fail?"),
    (
        "wsprobe connect --origin https://app.example wss://chat.example/ws",
        "Is it refused because of its Origin?",
    ),
    (
        "wsprobe connect --json @urls.txt | jq -r '[.url, .outcome] | @tsv'",
        "One line for each URL of a file, in one call (far faster than xargs):",
    ),
    (
        "wsprobe connect --since nights.jsonl --save nights.jsonl @urls.txt",
        "Every night: which URLs changed, and did one get worse?",
    ),
    ("wsprobe connect --expect close=4401 wss://chat.example/ws", "In a script: does it close with 4401?"),
    (
        "wsprobe connect curl 'wss://chat.example/ws' -H 'Origin: https://app.example' -b 'sid=1'",
        "The request of the browser: paste what DevTools copied as cURL (or use --from-curl FILE):",
    ),
    (
        "wsprobe connect --report refused.html wss://chat.example/ws",
        "A report for a colleague, with secrets masked:",
    ),
    ("wsprobe connect lab:status-403", "Try it without a server:"),
)


def tables() -> Tables:
    """What --write-out fills in."""
    from wsprobe.show.write_out import STREAMS, VARIABLES  # for --help all and the manual

    rows = [(f"%{{{name}}}", about) for name, (about, _) in VARIABLES.items()]
    header = ("%{header{NAME}}", "the value of this header of the answer; values are joined by ', '")
    streams = [(f"%{{{name}}}", about) for name, about in STREAMS.items()]
    return (("Variables of --write-out", [*rows, header, *streams]),)


@click.command(
    "connect", cls=Pasting, tables=tables, examples=EXAMPLES, params=[*WITHOUT_EFFECT, without_effect("--raw")]
)
@click.argument("urls", nargs=-1, metavar="URL...", shell_complete=places)
@takes(
    PastedSettings,
    *HANDSHAKES,
    TalkSetting,
    OutputSettings,
    OwnOutputSettings,
    ExpectSettings,
    RetrySettings,
    ListSettings,
    ClusterSettings,
)
def command(urls: tuple[str, ...], given: Given) -> int:
    """Make one handshake and report exactly what came back.

    URL is ws://, wss:// (http:// and https:// mean the same), or lab:NAME for a scenario of the built-in lab.
    @FILE reads URLs from a file, - from standard input, one a line; wsprobe skips empty lines, and what
    follows a # at the beginning of a line or after a space. A HAR file (FILE.har) repeats the request of its
    WebSocket.
    """
    from wsprobe.cli.connect import connect  # the work, which --help does without

    return connect(urls, given, click.get_current_context().meta.get(IGNORED, ()))
