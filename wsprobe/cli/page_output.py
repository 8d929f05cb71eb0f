"""What `page` prints and keeps of each socket: once for those that repeat."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click
from msgspec import Struct, field

from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.page_settings import PageSettings
from wsprobe.cli.readers import Readers
from wsprobe.cli.recorded import recorded
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, note
from wsprobe.exchange import Exchange
from wsprobe.judge.finding import counted
from wsprobe.page.recorded import Matched, recording
from wsprobe.page.sockets import PageSocket, PageSockets
from wsprobe.page.started import PageWatch
from wsprobe.report import Report, comparable
from wsprobe.search import Search
from wsprobe.show import page as show
from wsprobe.show.lines import fitted, line
from wsprobe.visible import shown_text

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
        try:
            self._matching = Search(re.compile(own.matching or ""))
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
        self._matched: Matched | None = None

    async def over(self, watched: PageWatch, socket: PageSocket) -> None:
        """Report a socket of which nothing more will come."""
        self._from_log(watched, [socket])

    def rest(self, watched: PageWatch) -> None:
        """Report all sockets that were not reported, in the order in which the page opened them."""
        sockets = watched.watching.sockets
        self._from_log(watched, sockets.sockets)
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

    def _from_log(self, watched: PageWatch, sockets: Sequence[PageSocket]) -> None:
        self._matched = self._matched or Matched(watched.log)
        found: list[Recorded] = []
        for socket in sockets:
            if id(socket) in self._told_sockets:
                continue
            logged = self._matched.of(socket)
            exchange = recording(socket, logged, watched.program, watched.until)
            found.append((socket, exchange, logged.asked if logged is not None else 0.0))
        self.take(found)

    def take(self, sockets: Sequence[Recorded]) -> None:
        """Report those of *sockets* that were not reported."""
        found: list[tuple[Report, SameStory]] = []
        for socket, exchange, asked in sockets:
            if id(socket) in self._told_sockets or not self._matching.found(socket.url):
                continue
            self._told_sockets.add(id(socket))
            if exchange is None:
                self._without_handshake(socket)
                continue
            report = recorded(exchange, VIEW)
            group = self._groups.setdefault(_likeness(report), SameStory())
            group.times.append(socket.started or asked)
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
        before = [*([] if self._first else [()]), *show.opener(script, look), *show.asked_again(report)]
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
