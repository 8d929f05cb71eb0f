"""The options that only `compare` has: who reads an answer, and on which page."""

from typing import ClassVar

import click

from wsprobe.browsers import ALL, ENGINES, NODES, RUNTIMES
from wsprobe.browsers.engine import AddressSpace
from wsprobe.browsers.local_network import SPACES
from wsprobe.cli import completion
from wsprobe.cli.list_settings import HELD, HELD_BYTES
from wsprobe.cli.option import Section, Whole, opt
from wsprobe.cli.output_settings import FORMS, VIEW, ExpectSettings

VIEWS = "Views"


def next_engine(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Shell completion: browsers, and the next one in a list."""
    several = () if "," in incomplete else ("all", "clients")
    return completion.next_of_list(incomplete, (*ENGINES, *NODES, *several))


class ViewSettings(Section, frozen=True, kw_only=True):
    """Who reads an answer, and on which page."""

    heading: ClassVar[str] = VIEWS

    browser_mode: bool = opt("--browser-mode", "show what a script in each browser sees of this handshake")
    verbose: bool = opt(
        "-v --verbose",
        "show console lines, timing, the specifications' own views, and every header and cause too",
    )
    browsers: tuple[str, ...] = opt(
        "--browser NAME[,NAME]",
        f"show these views: {', '.join(ALL)}, all; {', '.join(RUNTIMES)}, clients; {', '.join(NODES)}",
        (),
        shell_complete=next_engine,
    )
    specs: tuple[str, ...] = opt(
        "--spec NAME[,NAME]",
        "judge the answer by these specification revisions: names, a range (hybi-05..rfc6455), or all",
        (),
        shell_complete=completion.specs,
    )
    as_is: bool = opt(
        "--as-is", "send only wsprobe's own request, and show what every browser makes of the answer", rare=True
    )
    strict: bool = opt(
        "--strict", "exit with 1 for any difference, also one that a page cannot act on", rare=True
    )
    page: str | None = opt(
        "--page URL",
        "the page whose script opens the socket: decides Origin, mixed content and the base URL",
    )
    page_address: AddressSpace | None = opt(
        "--page-address",
        "where the page came from: an address of the internet, of this network, or of this machine",
        type=click.Choice(SPACES),
        rare=True,
    )
    permissions: tuple[str, ...] = opt(
        "--permission NAME=STATE",
        "a permission of the page: granted, denied or prompt; local-network, loopback-network",
        (),
        rare=True,
    )
    fetch: bool = opt(
        "--fetch", "also show what a plain fetch of the same URL sees from that page, and the header it lacks"
    )
    run_browser: tuple[str, ...] = opt(
        "--run-browser NAME[,NAME]",
        "also start an installed browser, and show what a script saw there, next to the prediction",
        (),
    )
    measured: str | None = opt(
        "--measured FILE",
        "show what a browser did, from a file that the page of wsprobe serve wrote, next to the prediction",
        rare=True,
    )
    page_http: str = opt(
        "--page-http",
        "the HTTP version over which the page was loaded",
        "1.1",
        type=click.Choice(("1.1", "2")),
        rare=True,
    )
    csp: str = opt("--csp POLICY", "the page's Content-Security-Policy", "", rare=True)
    workers: int = opt(
        "--workers",
        f"of more than {HELD:,} recordings (or {HELD_BYTES >> 20} MiB) with --json: read them in N processes",
        1,
        type=Whole(1, 64),
        rare=True,
    )


INSTEAD = {
    "expectations": ExpectSettings.options["expectations"].with_help(
        f"exit with 0 if this is true, with 20 if not: {VIEW}, {FORMS}"
    ),
}
"""Options with another help text in `compare`."""
