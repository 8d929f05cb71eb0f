"""The work of ``wsprobe page``: watch a page in a browser, and report each of its sockets."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from msgspec import Struct, field

from wsprobe import net
from wsprobe.browsers import ENGINES
from wsprobe.cli import expect
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.page_settings import MOST, PageSettings
from wsprobe.cli.readers import Readers
from wsprobe.cli.recorded import recorded
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.cli.section import Given
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.streams import emit, note
from wsprobe.exception_groups import leaves
from wsprobe.judge.finding import counted
from wsprobe.lab.installed import NoBrowser, find
from wsprobe.outcome import Exit
from wsprobe.page.recorded import Matched, recording
from wsprobe.page.sockets import PageSocket
from wsprobe.page.started import PageWatch, Wanted, watch
from wsprobe.proxy_url import parse as parse_proxy
from wsprobe.report import Report, comparable
from wsprobe.show import page as show
from wsprobe.show.lines import fitted, line
from wsprobe.visible import shown_text

VIEW = Readers(browsers=("chromium",))
"""What each measured socket is compared with."""
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


def page(url: str, given: Given) -> int:
    """Watch the page at *url*, and report its sockets; returns the exit status. Raises click.UsageError."""
    settings, own = settings_of(given), given[PageSettings]
    expect.check(settings.expectations, "page")
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
    rules = [f"MAP {host}:{port} {_bracketed(addresses[0])}" for host, port, addresses in route.route().resolve]
    return [*made, *([f"--host-resolver-rules={', '.join(rules)}"] if rules else [])]


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


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


class SameStory(Struct):
    """Sockets of one line of script with the same answer: a loop that reconnects."""

    times: list[float] = field(default_factory=list)
    """When each was asked for: seconds since 1970."""
    title: str = ""
    told: bool = False


class PageOutput(ConnectOutput):
    """Prints and keeps a report for each socket; of those that repeat, only the first."""

    def __init__(self, settings: Settings, own: PageSettings, *, live: bool) -> None:
        """*live*: report each socket as it ends. Raises click.UsageError."""
        try:
            self._matching = re.compile(own.matching or "")
        except re.error as error:
            raise click.UsageError(f"--url-matching: {error}") from None
        super().__init__(settings, several=True)
        self.count = 0
        """Sockets that were reported."""
        self._live = live
        self._groups: dict[object, SameStory] = {}
        self._group = SameStory()
        """That of the report that is being printed."""
        self._told_sockets: set[int] = set()

    async def over(self, watched: PageWatch, socket: PageSocket) -> None:
        """Report a socket of which nothing more will come."""
        self._take(watched, [socket])

    def rest(self, watched: PageWatch) -> None:
        """Report all sockets that were not reported, in the order in which the page opened them."""
        sockets = watched.watching.sockets
        self._take(watched, sockets.sockets)
        if sockets.more:
            note(f"the page opened {counted(sockets.more, 'more socket')} than wsprobe follows")
        for group in self._groups.values() if self._live else ():
            if len(group.times) > 1 and self._prints:
                rows = [line(shown_text(group.title)), show.repeated(len(group.times), group.times)]
                emit(fitted(rows, self._out), self._report_to, self._report_look)

    @property
    def _prints(self) -> bool:
        settings = self.settings
        return not (settings.output.silent or settings.output.as_json or settings.own.write_out is not None)

    def _take(self, watched: PageWatch, sockets: Sequence[PageSocket]) -> None:
        matched = Matched(watched.log)
        found: list[tuple[Report, SameStory]] = []
        for socket in sockets:
            logged = matched.of(socket)
            if id(socket) in self._told_sockets or not self._matching.search(socket.url):
                continue
            self._told_sockets.add(id(socket))
            exchange = recording(socket, logged, watched.program, watched.until)
            if exchange is None:
                self._without_handshake(socket)
                continue
            report = recorded(exchange, VIEW)
            at = socket.started or (logged.asked if logged is not None else 0.0)
            group = self._groups.setdefault(_likeness(report), SameStory())
            group.times.append(at)
            group.title = group.title or report.title
            found.append((report, group))
        for report, self._group in found:
            self.count += 1
            self.report(report)

    def _without_handshake(self, socket: PageSocket) -> None:
        """A constructor that threw: there is no URL, and nothing was sent."""
        self.count += 1
        if self._prints and socket.exception is not None:
            said = shown_text(f"{socket.exception.name}: {socket.exception.message}")
            note(f"a constructor threw {said}")

    def _report(self, report: Report) -> None:
        group = self._group
        if group.told:
            return
        group.told = True
        script = show.script_of(report)
        assert script is not None
        look = self._report_look
        before = [*([] if self._first else [()]), *show.opener(script, look)]
        if len(group.times) > 1 and not self._live:
            before.append(show.repeated(len(group.times), group.times))
        emit(fitted(before, look), self._report_to, look)
        self._first = True  # no empty line between
        super()._report(report)
        emit(fitted(show.seen(report, script, look), look), self._report_to, look)
        self._first = False


def _likeness(report: Report) -> object:
    """What makes two sockets of a page the same story."""
    script = show.script_of(report)
    assert script is not None
    events = tuple((each.type, each.code, each.reason) for each in script.seen or ())
    return report.url, script.kind, script.stack[:1], comparable(report), events
