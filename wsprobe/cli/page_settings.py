"""Options of `page`: which browser, how long to watch, and what of it is used."""

from typing import ClassVar

from wsprobe.cli.option import Duration, Section, opt
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings

WATCH = "Watch the page"
BROWSER = "The browser"
SETTLE = 3.0
MOST = 30.0
"""Seconds after which a page that is never quiet is left."""


class PageSettings(Section, frozen=True, kw_only=True):
    """Which page, in which browser, and how long."""

    heading: ClassVar[str] = WATCH

    window: bool = opt(
        "--window",
        "open a visible window, and watch until it is closed: log in, click; each socket is reported"
        " as it fails or ends",
    )
    lasts: float | None = opt("--for TIME", "watch for this long, whatever the page does", type=Duration())
    settle: float = opt(
        "--settle TIME",
        "the page is done when it has loaded, and no new socket came for this long",
        SETTLE,
        written="3s",
        type=Duration(),
    )
    matching: str | None = opt("--url-matching REGEX", "report only sockets whose URL matches")
    no_listeners: bool = opt(
        "--no-listeners",
        "put no listeners into the page; what its scripts see is then predicted, not measured",
        rare=True,
    )
    attach: str | None = opt(
        "--attach HOST:PORT",
        "watch a browser that already runs with a debugging port (Chrome, Edge, Electron, Android through adb "
        "forward) until it ends, or ^C",
        heading=BROWSER,
    )
    listeners: bool = opt(
        "--listeners",
        "with --attach: put listeners into its pages, to see what their scripts see",
        heading=BROWSER,
        rare=True,
    )
    repeat: bool = opt(
        "--repeat",
        "with --attach: send the request of each failed socket again from here, to see the answer; it spends a "
        "one-time ticket",
        heading=BROWSER,
    )
    allow_remote: bool = opt(
        "--allow-remote", "with --attach: allow a HOST that is not this machine", heading=BROWSER, rare=True
    )
    chromium: str | None = opt(
        "--chromium PATH",
        "start this Chromium, Chrome or Edge instead of the first one installed",
        heading=BROWSER,
        rare=True,
    )
    profile: str | None = opt(
        "--profile DIRECTORY",
        "keep the browser's profile in DIRECTORY, such as a login: an empty folder, or one made so before",
        heading=BROWSER,
        rare=True,
    )


USED: dict[type[Section], tuple[str, ...]] = {
    RouteSettings: ("proxy", "resolve"),
    LimitSettings: ("max_time",),
    TlsSettings: ("insecure", "cacert"),
}
"""Options of a connection that a browser can be given too."""
NOT_FOR_A_PAGE = tuple(name for section, used in USED.items() for name in section.options if name not in used)
INSTEAD = {
    "max_time": LimitSettings.options["max_time"].of_its_own(
        "report what came until then, whatever the page does; with --window, --attach or --for: no limit",
        MOST,
        written="30s",
        example="wsprobe page -m 1m http://localhost:5173/",
    ),
    "insecure": TlsSettings.options["insecure"].of_its_own(
        "let the browser accept any certificate", example="wsprobe page -k https://localhost:8443/"
    ),
    "cacert": TlsSettings.options["cacert"].of_its_own(
        "let the browser trust the authority in FILE too (a PEM file; requires certutil)",
        example="wsprobe page --cacert company-ca.pem https://app.example/",
    ),
    "proxy": RouteSettings.options["proxy"].of_its_own(
        "let the browser use this proxy, for the page too",
        example="wsprobe page -x http://proxy.example:3128 https://app.example/",
    ),
    "resolve": RouteSettings.options["resolve"].of_its_own(
        "let the browser use this address for HOST; it ignores PORT",
        example="wsprobe page --resolve app.example:443:127.0.0.1 https://app.example/",
    ),
}
