"""``wsprobe connect``: one handshake a URL; report exactly what came back."""

from __future__ import annotations

import sys

import click

from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.list_settings import ClusterSettings, ListSettings
from wsprobe.cli.option import NoUrl
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings, OwnOutputSettings, RetrySettings
from wsprobe.cli.paste import IGNORED, PastedSettings, Pasting, ignored
from wsprobe.cli.places import UrlList, complete, sources
from wsprobe.cli.probe import write_jar
from wsprobe.cli.request_settings import (
    FollowSettings,
    OwnRequestSettings,
    RequestSettings,
    SessionSettings,
    TalkSetting,
)
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.cli.section import Given, takes
from wsprobe.cli.settings import settings_of
from wsprobe.cli.streams import note

EXAMPLES = (
    ("wsprobe connect wss://chat.example/ws", "Why does this handshake fail?"),
    (
        "wsprobe connect --origin https://app.example wss://chat.example/ws",
        "Is it refused because of its Origin?",
    ),
    ("wsprobe connect --json @urls.txt | jq -r '[.url, .outcome] | @tsv'", "One line for each URL of a file:"),
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


def variables() -> list[tuple[str, str]]:
    """What --write-out fills in, and what each is."""
    from wsprobe.show.write_out import VARIABLES

    rows = [(f"%{{{name}}}", about) for name, (about, _) in VARIABLES.items()]
    return [*rows, ("%{header{NAME}}", "the value of this header of the answer; values are joined by ', '")]


TABLES = (("Variables of --write-out", variables),)


@click.command("connect", cls=Pasting, tables=TABLES, examples=EXAMPLES)
@click.argument("urls", nargs=-1, metavar="URL...", shell_complete=complete)
@takes(
    PastedSettings,
    RequestSettings,
    OwnRequestSettings,
    FollowSettings,
    RouteSettings,
    LimitSettings,
    TlsSettings,
    SessionSettings,
    TalkSetting,
    OutputSettings,
    OwnOutputSettings,
    ExpectSettings,
    RetrySettings,
    ListSettings,
    ClusterSettings,
)
@ignored
def command(urls: tuple[str, ...], given: Given) -> int:
    """Make one handshake and report exactly what came back.

    URL is ws://, wss:// (http:// and https:// mean the same), or lab:NAME for a scenario of the
    built-in lab. @FILE reads URLs from a file, - from standard input, one a line; empty lines and lines
    that begin with # are left out. For a HAR file (FILE.har) the request of the WebSocket in it is sent again.
    """
    if given[OwnOutputSettings].json_schema:
        from wsprobe.show.schema import schema

        sys.stdout.write(schema())
        return 0
    if not urls:
        raise NoUrl("no URL: name one, or @FILE, or - for standard input")
    settings = settings_of(given)
    if any(each.what == "view" for each in settings.expectations):
        raise click.UsageError("--expect: connect has no views; wsprobe compare --browser-mode has them")
    if settings.own.verbose and not settings.output.silent:
        for name in click.get_current_context().meta.get(IGNORED, ()):
            note(f"{name} has no effect here, and is ignored")
    if settings.own.verbose and settings.output.silent:
        note("-s leaves out the conversation that -v shows; leave one of them out")
    places = sources(urls)
    several = (
        settings.elsewhere.from_each
        or len(places) > 1
        or any(isinstance(each, UrlList) and each.several() for each in places)
    )
    made = ConnectOutput(settings, several)
    try:
        with made:
            if settings.lists.workers > 1:
                from wsprobe.cli.workers import probe_with_processes  # other processes, for those who have some

                probe_with_processes(places, settings, made)
            elif settings.cluster is None:
                from wsprobe.cli.lists import probe_all  # trio and sockets

                probe_all(places, settings, made)
            elif settings.elsewhere.from_each:
                from wsprobe.cli.from_each import probe_each  # other machines, for those who have some

                probe_each(places, settings, made)
            else:
                from wsprobe.cli.cluster import probe_there  # other machines, for those who have some

                probe_there(places, settings, made)
    finally:
        write_jar(settings)
    return made.exit_status
