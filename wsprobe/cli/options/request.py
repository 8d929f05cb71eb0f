"""What is sent: options that shape the opening handshake."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from wsprobe.cli.option import option, together
from wsprobe.cli.options import words

if TYPE_CHECKING:
    from wsprobe.opening import Offer

SECTION = "Request"

shared = together(
    option(
        "-H",
        "--header",
        "headers",
        multiple=True,
        metavar="LINE",
        section=SECTION,
        help="add, replace or remove a header: 'Name: value', 'Name:' removes, 'Name;' sends it empty",
        long="Letter case and order are kept as given; a repeated name is sent repeatedly. A name that wsprobe "
        "sends by itself (Host, Upgrade, Connection, Sec-WebSocket-Key, ...) takes that header's place.",
    ),
    option(
        "-A",
        "--user-agent",
        metavar="TEXT",
        section=SECTION,
        help="send this User-Agent; an empty text sends none",
    ),
    option(
        "-b",
        "--cookie",
        "cookies",
        multiple=True,
        metavar="TEXT",
        section=SECTION,
        help="send this Cookie: 'name=value; other=value'",
    ),
    option(
        "-u",
        "--user",
        metavar="USER:PASSWORD",
        section=SECTION,
        help="send Basic credentials",
        long="Credentials in the URL are used too, if this option is not given. Browsers never send "
        "either before a 401 asks for them.",
    ),
    option(
        "--protocol",
        "protocols",
        multiple=True,
        metavar="NAME",
        section=SECTION,
        help="offer this subprotocol; repeat it for more",
    ),
)
"""For `connect` and, as far as a page can do the same, `compare`."""

own = together(
    option(
        "--origin",
        metavar="ORIGIN",
        section=SECTION,
        help="send this Origin; browsers always send one, wsprobe by itself does not",
    ),
    option(
        "--extension",
        "extensions",
        multiple=True,
        metavar="TEXT",
        section=SECTION,
        help="offer this extension in place of permessage-deflate; repeat it for more",
    ),
    option("--no-compression", is_flag=True, section=SECTION, help="do not offer permessage-deflate"),
    option(
        "--ws-key",
        metavar="TEXT",
        section=SECTION,
        help="send this Sec-WebSocket-Key instead of a fresh one",
        long="Any text is sent as it is, a malformed key too.",
    ),
    option(
        "--ws-version", metavar="TEXT", section=SECTION, help="send this Sec-WebSocket-Version instead of 13"
    ),
    option(
        "--request-target",
        metavar="TEXT",
        section=SECTION,
        help="put this on the request line instead of path and query",
    ),
    option(
        "--http-version",
        type=click.Choice(["1.0", "1.1"]),
        section=SECTION,
        help="the HTTP version on the request line",
    ),
    option(
        "--raw-request",
        type=click.Path(dir_okay=False, allow_dash=False),
        metavar="FILE",
        section=SECTION,
        help="send the bytes of FILE; {key} and {host} in it are filled in",
        long="Nothing else is changed: line ends, order, errors are sent as they stand in the file.",
    ),
    option(
        "--wire",
        shell_complete=words.wires,
        metavar="VERSION",
        section=SECTION,
        help="speak an older version: hixie-75, hixie-76, hybi-04 to hybi-08; hybi-13 is RFC 6455",
        long="Request, check of the answer, framing and close are those of that version. "
        "See wsprobe-history(7).",
    ),
    option(
        "--negotiate",
        is_flag=True,
        section=SECTION,
        help="if the server lists other versions, ask once more with the best that wsprobe speaks",
        long="RFC 6455 section 4.4. Browsers never do this.",
    ),
    option(
        "-L",
        "--location",
        "follow",
        is_flag=True,
        section=SECTION,
        help="follow redirects; every hop is shown",
        long="Credentials and cookies are not carried to another host. Browsers do not follow redirects for "
        "WebSockets, except WebKitGTK.",
    ),
    option(
        "--max-redirs",
        type=click.IntRange(0, 100),
        default=10,
        show_default=True,
        metavar="N",
        section=SECTION,
        help="with -L: follow at most N redirects",
    ),
)


def offer(values: dict[str, Any], key: str) -> Offer:
    """What the options ask for, with *key* as Sec-WebSocket-Key."""
    from wsprobe.opening import Offer

    agent = values["user_agent"]
    return Offer(
        key=key,
        headers=(*values["headers"], *(("User-Agent:",) if agent == "" else ())),
        user_agent=agent,
        cookies=_cookies(values["cookies"]),
        user=values["user"],
        protocols=tuple(values["protocols"]),
        origin=values.get("origin"),
        extensions=tuple(values.get("extensions") or ()),
        # Messages of a session that is held are shown frame by frame, as they come.
        no_compression=bool(values.get("no_compression") or values.get("talk")),
        version=values.get("ws_version"),
        request_target=values.get("request_target"),
        http_version=values.get("http_version") or "1.1",
    )


def _cookies(texts: Sequence[str]) -> tuple[str, ...]:
    """Raises click.UsageError for the name of a file, which curl would take cookies from."""
    for text in texts:
        if "=" not in text and os.path.exists(text):
            raise click.UsageError(f"--cookie: '{text}' is a file, and none is read: write 'name=value'")
    return tuple(texts)
