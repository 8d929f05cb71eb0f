"""The options that only `compare` has: who reads an answer, and on which page."""

from typing import Annotated, ClassVar

import click

from wsprobe.browsers import ALL, ENGINES, NODES, RUNTIMES
from wsprobe.browsers.engine import AddressSpace
from wsprobe.browsers.local_network import SPACES
from wsprobe.cli import completion
from wsprobe.cli.expect_forms import FORMS, VIEW
from wsprobe.cli.option import Whole
from wsprobe.cli.output_settings import ExpectSettings
from wsprobe.cli.section import Declared, Section, declaration

VIEWS = "Views"

HELD = 1000
"""The most recordings that are in memory at once. Of more, each is printed immediately and forgotten, and
nothing says which of them a script can tell apart."""
HELD_BYTES = 8 * 1024 * 1024
"""The same limit in bytes, for all of several recordings together."""


def next_engine(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Shell completion: browsers, and the next one in a list."""
    begun, comma, last = incomplete.rpartition(",")
    words = (*ENGINES, *NODES) if comma else (*ENGINES, *NODES, "all", "clients")
    return completion.beginning(last, (word for word in words if word not in begun.split(",")), begun + comma)


class ViewSettings(Section, frozen=True, kw_only=True):
    """Who reads an answer, and on which page."""

    heading: ClassVar[str] = VIEWS

    browser_mode: Annotated[
        bool,
        Declared(
            "--browser-mode",
            help="show what a script in each browser sees of this handshake",
        ),
    ] = False
    verbose: Annotated[
        bool,
        Declared(
            "-v",
            "--verbose",
            help="show console lines, timing, the specifications' own views, and every header and cause too",
        ),
    ] = False
    browsers: Annotated[
        tuple[str, ...],
        Declared(
            "--browser",
            metavar="NAME[,NAME]",
            shell_complete=next_engine,
            help=f"show these views: {', '.join(ALL)}, all; {', '.join(RUNTIMES)}, clients; {', '.join(NODES)}",
        ),
    ] = ()
    specs: Annotated[
        tuple[str, ...],
        Declared(
            "--spec",
            metavar="NAME[,NAME]",
            shell_complete=completion.specs,
            help="judge the answer by these specification revisions: names, a range (hybi-05..rfc6455), or all",
        ),
    ] = ()
    as_is: Annotated[
        bool,
        Declared(
            "--as-is",
            rare=True,
            help="send only wsprobe's own request, and show what every engine makes of the answer",
        ),
    ] = False
    page: Annotated[
        str | None,
        Declared(
            "--page",
            metavar="URL",
            help="the page whose script opens the socket: decides Origin, mixed content and the base URL",
        ),
    ] = None
    page_address: Annotated[
        AddressSpace | None,
        Declared(
            "--page-address",
            type=click.Choice(SPACES),
            rare=True,
            help="where the page came from: an address of the internet, of this network, or of this machine",
        ),
    ] = None
    permissions: Annotated[
        tuple[str, ...],
        Declared(
            "--permission",
            metavar="NAME=STATE",
            rare=True,
            help="a permission of the page: granted, denied or prompt; local-network, loopback-network",
        ),
    ] = ()
    fetch: Annotated[
        bool,
        Declared(
            "--fetch",
            help="also show what a plain fetch of the same URL sees from that page, and the header it lacks",
        ),
    ] = False
    run_browser: Annotated[
        tuple[str, ...],
        Declared(
            "--run-browser",
            metavar="NAME[,NAME]",
            help="also start an installed browser, and show what a script saw there, next to the prediction",
        ),
    ] = ()
    measured: Annotated[
        str | None,
        Declared(
            "--measured",
            metavar="FILE",
            rare=True,
            help="show what a browser did, from a file that the page of wsprobe serve wrote, next to the "
            "prediction",
        ),
    ] = None
    page_http: Annotated[
        str,
        Declared(
            "--page-http",
            type=click.Choice(("1.1", "2")),
            show_default=True,
            rare=True,
            help="the HTTP version over which the page was loaded",
        ),
    ] = "1.1"
    csp: Annotated[
        str,
        Declared(
            "--csp",
            metavar="POLICY",
            rare=True,
            help="the page's Content-Security-Policy",
        ),
    ] = ""
    workers: Annotated[
        int,
        Declared(
            "--workers",
            type=Whole(1, 64),
            show_default=True,
            rare=True,
            help=f"of more than {HELD:,} recordings (or {HELD_BYTES >> 20} MiB) with --json: read them in "
            "N processes",
        ),
    ] = 1


INSTEAD = {
    "expectations": (
        (),
        declaration(ExpectSettings, "expectations").with_help(
            f"exit with 0 if this is true, with 20 if not: {VIEW}, {FORMS}"
        ),
    )
}
"""Options with another help text in `compare`."""
