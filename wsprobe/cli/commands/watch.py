"""``wsprobe watch``: the same handshakes again and again; what changes, and what all of them were together."""

from __future__ import annotations

import click

from wsprobe.cli.completion import places
from wsprobe.cli.option import Given, Tables, takes
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings, RetrySettings
from wsprobe.cli.paste import PastedSettings, Pasting
from wsprobe.cli.route_settings import HANDSHAKES
from wsprobe.cli.watch_settings import INSTEAD, WatchSettings


def tables() -> Tables:
    """Each metric, its labels, and what it is."""
    from wsprobe.watch.metrics import METRICS  # for --help all and the manual

    rows = [(m.name + (f"{{{','.join(m.labels)}}}" if m.labels else ""), m.about) for m in METRICS]
    return (("Metrics of --listen, each with the label target", rows),)


EXAMPLES = (
    ("wsprobe watch wss://chat.example/ws", "When does it fail, how often, and how long does it take?"),
    (
        "wsprobe watch --every 2s --until outcome=open wss://chat.example/ws",
        "Wait until a deployment is up:",
    ),
    ("wsprobe watch --hold 5m wss://chat.example/ws", "Who drops idle sessions, and after how long?"),
    (
        "wsprobe watch --json --every 1m @urls.txt | jq -c 'select(.watch.changed) | [.url, .outcome]'",
        "In a script:",
    ),
    ("wsprobe watch --listen 9101 @urls.txt", "For Prometheus:"),
)


@click.command("watch", cls=Pasting, tables=tables, examples=EXAMPLES)
@click.argument("urls", nargs=-1, metavar="URL...", shell_complete=places)
@takes(
    WatchSettings,
    PastedSettings,
    *HANDSHAKES,
    OutputSettings,
    ExpectSettings,
    RetrySettings,
    without=("har", "report_files", "no_redact"),
    instead=INSTEAD,
)
def command(urls: tuple[str, ...], given: Given) -> int:
    """Repeat the same handshakes, and report what changes.

    On a terminal a table shows the state of each URL; in a pipe there is a line for each change, and at the end
    a summary of all probes. Percentiles are for the latest 1,000 probes of a URL. A change is a different
    outcome, status, subprotocol, extensions, certificate, findings, or close code of the server.
    """
    from wsprobe.cli.watch import watch  # the work, which --help does without

    return watch(urls, given)
