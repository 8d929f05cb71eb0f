"""``wsprobe relay``: a server on loopback between a page and the real server."""

from __future__ import annotations

import click

from wsprobe.cli.completion import places
from wsprobe.cli.option import Command
from wsprobe.cli.output_settings import OutputSettings
from wsprobe.cli.relay_settings import INSTEAD, OF_COMPARE, OF_FILES, OF_THE_CLIENT, RelaySettings
from wsprobe.cli.request_settings import RequestSettings
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.cli.section import Given, takes
from wsprobe.cli.view_settings import ViewSettings

EXAMPLES = (
    ("wsprobe relay wss://chat.example/ws", "Record what my page sends and gets; open the printed URL in it:"),
    (
        "wsprobe relay --tell-page --listen 9000 wss://chat.example/ws",
        'Let the page know why it is refused: close 4403 "403 token expired" in place of 1006:',
    ),
    (
        "wsprobe relay --origin https://app.example wss://app.example/ws",
        "Try a page of localhost with a server that allows one origin only:",
    ),
    (
        "wsprobe relay --json ws://127.0.0.1:8000/ | jq -c '[.outcome, .client.peer]'",
        "A line for each connection:",
    ),
)


@click.command("relay", cls=Command, examples=EXAMPLES)
@click.argument("url", metavar="URL", shell_complete=places)
@takes(
    RelaySettings,
    ViewSettings,
    RequestSettings,
    RouteSettings,
    LimitSettings,
    TlsSettings,
    OutputSettings,
    without=(*OF_THE_CLIENT, *OF_FILES, *OF_COMPARE, "linger", "junit"),
    instead=INSTEAD,
)
def command(url: str, given: Given) -> int:
    """Stand between a page and the server at URL: pass everything on, and report each connection.

    Open the printed URL in the page in place of URL. Its / becomes URL's path and query; any other path is
    sent on unchanged. The request gets the server's Host and is otherwise unchanged, as are the answer and the
    session. Each connection is reported when it is over, as connect does; ^C ends the relay and reports those
    that are still open.
    """
    from wsprobe.cli.relay import relay

    return relay(url, given)
