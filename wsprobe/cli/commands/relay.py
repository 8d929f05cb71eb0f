"""``wsprobe relay``: a server on loopback between a page and the real server."""

from __future__ import annotations

import click

from wsprobe.cli.completion import places
from wsprobe.cli.option import Command, Given, takes
from wsprobe.cli.output_settings import OutputSettings
from wsprobe.cli.relay_settings import INSTEAD, OF_COMPARE, OF_FILES, OF_THE_CLIENT, RelaySettings
from wsprobe.cli.request_settings import RequestSettings
from wsprobe.cli.route_settings import CONNECTION
from wsprobe.cli.view_settings import ViewSettings

EXAMPLES = (
    (
        "wsprobe relay wss://chat.example/ws",
        "Record what my page sends and receives; the page opens the printed URL:",
    ),
    (
        "wsprobe relay --tell-page --listen 9000 wss://chat.example/ws",
        'Let the page know why it is refused: close 4403 "403 token expired" instead of 1006:',
    ),
    (
        "wsprobe relay --origin https://app.example wss://app.example/ws",
        "Try a page of localhost with a server that allows only one origin:",
    ),
    (
        "wsprobe relay --json ws://127.0.0.1:8000/ | jq -c 'select(.outcome) | [.outcome, .client.peer]'",
        "A line for each connection:",
    ),
)


@click.command("relay", cls=Command, examples=EXAMPLES)
@click.argument("url", metavar="URL", shell_complete=places)
@takes(
    RelaySettings,
    ViewSettings,
    RequestSettings,
    *CONNECTION,
    OutputSettings,
    without=(*OF_THE_CLIENT, *OF_FILES, *OF_COMPARE, "linger", "junit"),
    instead=INSTEAD,
)
def command(url: str, given: Given) -> int:
    """Forward connections from a page to the server at URL, and report each one.

    In the page, open the printed URL instead of the server's. The path / becomes the path and query of URL; any
    other path stays unchanged. The relay replaces Host with the server's, and forwards all other bytes
    unchanged, both ways, unless options change more. It reports each connection at its end, as connect does;
    ^C stops the relay and reports the connections that are still open.

    If nothing reads the output, connections continue. Once 8 MiB of reports wait, the relay accepts no new
    connection until some are read. ^C ends the relay even then, and writes all files.
    """
    from wsprobe.cli.relay import relay  # the work, which --help does without

    return relay(url, given)
