"""The work of ``wsprobe page``: watch a page in a browser that it starts, or those of one that already runs
(--attach), and report each socket."""

from __future__ import annotations

import os
import re
import shutil
from functools import partial
from pathlib import Path

import click
from msgspec.structs import replace

from wsprobe import net
from wsprobe.browsers import ENGINES
from wsprobe.cli import expect
from wsprobe.cli.option import NoUrl
from wsprobe.cli.page_output import PageOutput
from wsprobe.cli.page_settings import MOST, PageSettings
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.cli.section import Given
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.streams import note
from wsprobe.exception_groups import leaves
from wsprobe.exchange import Exchange, Plan, PlanError
from wsprobe.lab.installed import NoBrowser, find
from wsprobe.page.attached import NoDevTools, attach
from wsprobe.page.recorded import asked_again, from_devtools, request_again
from wsprobe.page.sockets import PageSocket
from wsprobe.page.started import PageWatch, Wanted, watch
from wsprobe.page.watching import Watching
from wsprobe.report.outcome import Exit
from wsprobe.request import opening, target
from wsprobe.request.proxy_url import parse as parse_proxy
from wsprobe.request.target import TargetError
from wsprobe.text import shown_text

FAILED = {
    "NAME_NOT_RESOLVED": Exit.UNRESOLVED,
    "CONNECTION_REFUSED": Exit.UNREACHABLE,
    "ADDRESS_UNREACHABLE": Exit.UNREACHABLE,
    "CERT_": Exit.TLS_FAILED,
    "SSL_": Exit.TLS_FAILED,
    "PROXY_": Exit.PROXY_FAILED,
    "TUNNEL_": Exit.PROXY_FAILED,
    "TIMED_OUT": Exit.TIMEOUT,
}
"""The beginning of a net error of the page itself, without net::ERR_ -> exit status."""


def page(url: str | None, given: Given) -> int:
    """Watch the page at *url*, and report its sockets; returns the exit status. Raises click.UsageError."""
    settings, own = settings_of(given), given[PageSettings]
    expect.check(settings.expectations, "page")
    if own.attach is not None:
        if url is not None:
            raise click.UsageError("--attach watches pages that are already open; leave the URL out")
        return attached(settings, own)
    if url is None:
        raise NoUrl("no page: name its URL, such as http://localhost:5173/; or --attach HOST:PORT")
    address = _address(url)
    wanted = _wanted(address, own, given)
    browser = _browser(own.chromium)
    ENGINES["chromium"]  # loaded before the browser starts
    made = PageOutput(settings, own, live=own.window)
    with made:
        try:
            watched = net.run(partial(watch, over=made.over if own.window else None), browser, wanted)
        except* NoBrowser as group:
            raise click.UsageError(str(next(leaves(group)))) from None
        made.rest(watched)
    if watched.problem:
        note(f"{shown_text(address)}: {watched.problem}")
        return _failed(watched.problem)
    if watched.why == "died":
        note("the browser crashed or was killed; the report ends there")
        return made.exit_status or Exit.DROPPED
    if not made.count:
        note(_nothing(watched, wanted, own))
        return Exit.USAGE
    if watched.why == "interrupted" and not own.window:
        return Exit.INTERRUPTED
    return made.exit_status


def _address(word: str) -> str:
    """The page's URL. Raises click.UsageError for that of a socket."""
    scheme = word.partition(":")[0].lower()
    if scheme in ("ws", "wss", "lab"):
        raise click.UsageError(
            f"'{word}' is a WebSocket, not a page; for it: wsprobe connect, or compare --run-browser chromium"
        )
    return word if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://|file:|data:", word) else f"http://{word}"


def _wanted(address: str, own: PageSettings, given: Given) -> Wanted:
    lasting = own.window or own.lasts is not None
    limit = given[LimitSettings].max_time
    authority = given[TlsSettings].cacert
    return Wanted(
        address,
        settle=own.settle,
        most=limit if limit is not None else None if lasting else MOST,
        lasts=own.lasts,
        window=own.window,
        listeners=not own.no_listeners,
        profile=None if own.profile is None else Path(own.profile),
        switches=tuple(_switches(given)),
        authority=None if authority is None else Path(authority),
    )


def _switches(given: Given) -> list[str]:
    """The browser's switches for -k, -x and --resolve. Raises click.UsageError."""
    made = ["--ignore-certificate-errors"] if given[TlsSettings].insecure else []
    route = given[RouteSettings]
    if route.proxy is not None:
        proxy = parse_proxy(route.proxy)
        if proxy.user is not None:
            raise click.UsageError(
                "--proxy: Chromium takes no credentials in the proxy's URL; leave them out, and type them in a "
                "--window"
            )
        made += [f"--proxy-server={route.proxy}", "--proxy-bypass-list=<-loopback>"]
    rules = [
        f"MAP {host}:{port} {target.bracketed(addresses[0])}" for host, port, addresses in route.route().resolve
    ]
    return [*made, *([f"--host-resolver-rules={', '.join(rules)}"] if rules else [])]


def _browser(path: str | None) -> object:
    """The browser to start. Raises click.UsageError."""
    if path is not None and shutil.which(path) is None:
        raise click.UsageError(f"--chromium: no such command: {path}")
    try:
        return find(["chromium" if path is None else f"chromium={path}"])[0]
    except NoBrowser as error:
        text = str(error).partition("; give its path")[0]
        raise click.UsageError(
            f"{text}; install one (Debian: apt install chromium), or name it: --chromium PATH"
        ) from None


def _failed(problem: str) -> int:
    name = problem.partition("net::ERR_")[2]
    return next((found for begin, found in FAILED.items() if name.startswith(begin)), Exit.DROPPED)


def _nothing(watched: PageWatch, wanted: Wanted, own: PageSettings) -> str:
    status = watched.watching.document.status
    answered = f" (it was answered with {status})" if status is not None and status >= 400 else ""
    if own.matching is not None and watched.watching.sockets.sockets:
        return f"no WebSocket of the page has a URL that matches {own.matching!r}"
    hint = "--window lets you log in and click, --for TIME watches longer"
    if not watched.watching.document.loaded:
        return f"the page{answered} did not finish loading, and opened no WebSocket; -m TIME waits longer"
    return f"the page{answered} opened no WebSocket; {hint}"


BROWSER = "the attached browser"


def attached(settings: Settings, own: PageSettings) -> int:
    """Follow the browser of --attach, and report its sockets; returns the exit status.

    Raises click.UsageError.
    """
    host, port = _place(own)
    ENGINES["chromium"]  # loaded before the first socket
    watching = Watching(own.listeners)
    made = PageOutput(settings, own, live=True)

    async def over(socket: PageSocket) -> None:
        again = await _again(socket, settings) if own.repeat else None
        exchange = again or from_devtools(socket, BROWSER)
        made.take(lambda: [(socket, exchange, 0.0)])

    def ready() -> None:
        if not settings.output.silent:
            until = "" if own.lasts is not None else "; ^C ends it"
            note(f"watching the browser at {host}:{port}{until}")

    missing: BaseException | None = None
    with made:
        try:
            net.run(partial(attach, host, port, watching, own.lasts, over, ready))
        except* NoDevTools as group:
            missing = next(leaves(group))
        if missing is not None:
            note(str(missing))
            return Exit.UNREACHABLE if getattr(missing, "refused", False) else Exit.USAGE
        made.take(
            lambda: ((each, from_devtools(each, BROWSER), 0.0) for each in made.left(watching.sockets.sockets))
        )
        made.finish(watching.sockets)
    if not made.count:
        note(
            "no page of that browser opened a WebSocket meanwhile; sockets that were open before are not known"
        )
        return Exit.USAGE
    return made.exit_status


def _place(own: PageSettings) -> tuple[str, int]:
    """Host and port of --attach. Raises click.UsageError."""
    text = own.attach or ""
    try:
        to = target.parse(f"ws://{text}/")
    except TargetError:
        raise click.UsageError(f"--attach: {text!r} is not HOST:PORT, such as 127.0.0.1:9222") from None
    if to.resource != "/" or to.userinfo or not text.rpartition(":")[2].isdecimal():
        raise click.UsageError(f"--attach: {text!r} is not HOST:PORT, such as 127.0.0.1:9222")
    if not own.allow_remote and not (target.loopback(to.host) or to.host.endswith(".localhost")):
        raise click.UsageError(
            f"--attach: {to.host} is not this machine; whoever reads along sees cookies: add --allow-remote"
        )
    return to.host, to.port


async def _again(socket: PageSocket, settings: Settings) -> Exchange | None:
    """The answer to the request of a failed *socket*, sent again from here; None if it did not fail."""
    if not socket.sentence or not socket.sent:
        return None
    handshake = settings.handshake
    try:
        to = target.parse(socket.url)
        request = request_again(socket, opening.fresh_key(os.urandom(16)))
        limits = replace(handshake.limits, linger=0.0)
        plan = Plan(to, request, limits=limits, tls=handshake.tls, route=handshake.route)
        return asked_again(socket, await net.probe(plan), BROWSER)
    except (TargetError, PlanError) as error:
        note(f"--repeat: {error}")
        return None
