"""The work of ``wsprobe page``: watch a page in a browser that it starts, or those of one that already runs
(--attach), and report each socket."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
from msgspec import Struct, field
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.cli import expect
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.environment import environment
from wsprobe.cli.option import Given, NoUrl, usage_error
from wsprobe.cli.page_settings import MOST, PageSettings
from wsprobe.cli.readers import Readers, recorded
from wsprobe.cli.route_settings import LimitSettings, RouteSettings, TlsSettings
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.streams import emit, note
from wsprobe.exception_groups import leaves
from wsprobe.exchange import Exchange, Plan, PlanError
from wsprobe.lab.installed import NoBrowser, find
from wsprobe.page.attached import NoDevTools, attach
from wsprobe.page.recorded import Matched, asked_again, from_devtools, recording, request_again, script_of
from wsprobe.page.sockets import PageSocket, PageSockets
from wsprobe.page.started import PageWatch, Wanted, watch
from wsprobe.page.watching import Watching
from wsprobe.recording.redaction import masked_script
from wsprobe.recording.secrets import Secrets
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report, comparable
from wsprobe.request import opening, target
from wsprobe.request.proxy import parse as parse_proxy
from wsprobe.request.target import TargetError
from wsprobe.search import Search
from wsprobe.show import page as show
from wsprobe.show.lines import fitted, line
from wsprobe.text import counted, shown_text

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
            watched = environment().run(partial(watch, over=made.over if own.window else None), browser, wanted)
        except* NoBrowser as group:
            no_display = (
                own.window
                and sys.platform == "linux"
                and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()
            )
            hint = "; --window needs a display, and DISPLAY is not set" if no_display else ""
            raise click.UsageError(f"{next(leaves(group))}{hint}") from None
        made.rest(watched)
    if watched.problem:
        trust = "; -k accepts any certificate, --cacert FILE trusts its authority"
        hint = trust if "ERR_CERT_" in watched.problem and not own.window else ""
        shown = Secrets().url(address) if settings.output.redact else address
        note(f"{shown_text(shown)}: {watched.problem}{hint}")
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
    if own.matching is not None and watched.watching.sockets.sockets:
        return "no WebSocket of the page has a URL that matches --url-matching"
    if status is not None and status >= 400:
        return (
            f"the page was answered with {status}, and opened no WebSocket; check its URL, or log in: --window"
        )
    if not watched.watching.document.loaded:
        return "the page did not finish loading, and opened no WebSocket; -m TIME waits longer"
    return "the page opened no WebSocket; --window lets you log in and click, --for TIME watches longer"


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
            environment().run(partial(attach, host, port, watching, own.lasts, over, ready))
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
    to = None
    with suppress(TargetError):
        to = target.parse(f"ws://{text}/")
    if to is None or to.resource != "/" or to.userinfo or not text.rpartition(":")[2].isdecimal():
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
        return asked_again(socket, await environment().probe(plan), BROWSER)
    except (TargetError, PlanError) as error:
        why = "the request of a socket cannot be sent again" if settings.output.redact else error
        note(f"--repeat: {why}")
        return None


Recorded = tuple[PageSocket, Exchange | None, float]
"""A socket, its recording if it has a URL, and when it was asked for: seconds since 1970, 0 if unknown."""
VIEW = Readers(browsers=("chromium",))
"""What each measured socket is compared with."""


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
        with usage_error(re.error, where="--url-matching"):
            self._matching = Search(re.compile(own.matching or ""))
        super().__init__(settings, several=True)
        self.count = 0
        """Sockets that were reported."""
        self._live = live
        self._groups: dict[int, SameStory] = {}
        self._group = SameStory()
        """That of the report that is being printed."""
        self._told_sockets: set[int] = set()
        self._matched: Matched | None = None

    async def over(self, watched: PageWatch, socket: PageSocket) -> None:
        """Report a socket of which nothing more will come."""
        self.take(partial(self._from_log, watched, self._numbered(watched, [socket])))

    def rest(self, watched: PageWatch) -> None:
        """Report all sockets that were not reported, in the order in which the page opened them. The browser's
        log alone has one that was opened while its page was left."""
        sockets = watched.watching.sockets
        found = self._numbered(watched, sockets.sockets)
        for id, url, asked in self._match(watched).others(watched.until):
            later = (at for at, (each, _) in enumerate(found) if (each.started or 0) > asked)
            alone = PageSocket(url, "", started=asked, over=True)
            found.insert(next(later, len(found)), (alone, id))
        self.take(partial(self._from_log, watched, found))
        self.finish(sockets)

    def finish(self, sockets: PageSockets) -> None:
        """Report what is known at the end: how often the sockets repeated, and how many were not followed."""
        if self._matching.gave_up:
            note(f"--url-matching: {self._matching.slow}; not all sockets were compared")
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

    def _match(self, watched: PageWatch) -> Matched:
        self._matched = self._matched or Matched(watched.log, watched.watching.sockets)
        return self._matched

    def _numbered(
        self, watched: PageWatch, sockets: Sequence[PageSocket]
    ) -> list[tuple[PageSocket, int | None]]:
        """Those of *sockets* that were not reported, with their numbers in the log."""
        left = self.left(sockets)
        return list(zip(left, self._match(watched).of(left), strict=True))

    def left(self, sockets: Sequence[PageSocket]) -> list[PageSocket]:
        """Those that were not reported."""
        return [each for each in sockets if id(each) not in self._told_sockets]

    def _from_log(
        self, watched: PageWatch, sockets: Sequence[tuple[PageSocket, int | None]]
    ) -> Iterator[Recorded]:
        for socket, number in sockets:
            logged = None if number is None else watched.log.with_id(number)
            exchange = recording(socket, logged, watched.program, watched.until, watched.how)
            yield socket, exchange, logged.asked if logged is not None else 0.0

    def take(self, recordings: Callable[[], Iterable[Recorded]]) -> None:
        """Report the sockets of *recordings*, which is called again where they have to be counted first: there
        may be too many to keep."""
        counts = self._prints and not self._live
        for _ in self._reports(recordings()) if counts else ():
            pass
        for socket, made in self._reports(recordings(), count=not counts):
            self._told_sockets.add(id(socket))
            self.count += 1
            if made is None:
                self._without_handshake(socket)
            else:
                report, self._group = made
                self.report(report)

    def _reports(
        self, recordings: Iterable[Recorded], *, count: bool = True
    ) -> Iterator[tuple[PageSocket, tuple[Report, SameStory] | None]]:
        """Yield each socket with its report; None if no recording can name it. *count*: note when it was
        opened."""
        for socket, exchange, asked in recordings:
            if not self._matching.found(socket.url):
                continue
            if exchange is None:
                yield socket, None
                continue
            report = recorded(exchange, VIEW)
            if report.exit_status == Exit.OPEN and exchange.logged and exchange.logged.message:
                report = replace(report, exit_status=int(Exit.DIFFERENT))  # opened, but failed there
            group = self._groups.setdefault(_likeness(report), SameStory())
            if count:
                group.times.append(socket.started or asked)
            yield socket, (report, group)

    def _without_handshake(self, socket: PageSocket) -> None:
        """A constructor that threw because of its URL: nothing was sent, and no recording can name it. DevTools
        that lie may also name a URL that no browser opens."""
        self.count += 1
        self.exit_status = self.exit_status or Exit.BLOCKED
        if self.settings.output.silent:
            return
        script, url = script_of(socket), socket.url
        if self.settings.output.redact:
            script, url = masked_script(Secrets(), script), Secrets().url(url)
        if script.exception is not None:
            said = shown_text(f"{script.exception.name}: {script.exception.message}")
            by = "".join(piece.text for piece in show.opener(script, self._err)[0])
            note(f"a constructor threw {said}; {by}")
        else:
            note(f"the browser names a socket with an invalid URL: {shown_text(url[:200])}")

    def _report(self, report: Report) -> None:
        group = self._group
        if group.told:
            return
        group.told, group.title = True, report.title
        script = show.script_of(report)
        assert script is not None
        look = self._report_look
        before = [*([] if self._first else [()]), *show.opener(script, look), *show.asked_again(report)]
        if len(group.times) > 1 and not self._live:
            before.append(show.repeated(len(group.times), group.times))
        emit(fitted(before, look), self._report_to, look)
        self._first = True  # no empty line between
        super()._report(report)
        emit(fitted(show.seen(report, script, look), look), self._report_to, look)
        self._first = False


def _likeness(report: Report) -> int:
    """What makes two sockets of a page the same story."""
    script = show.script_of(report)
    assert script is not None
    events = tuple((each.type, each.code, each.reason) for each in script.seen or ())
    return hash((report.url, script.kind, script.stack[:1], comparable(report), events))
