"""What `page` prints and keeps of each socket: once for those that repeat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from msgspec import Struct, field

from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.option import usage_error
from wsprobe.cli.page_settings import PageSettings
from wsprobe.cli.readers import Readers
from wsprobe.cli.recorded import recorded
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, note
from wsprobe.exchange import Exchange
from wsprobe.page.recorded import Matched, recording, script_of
from wsprobe.page.sockets import PageSocket, PageSockets
from wsprobe.page.started import PageWatch
from wsprobe.recording.redaction import masked_script
from wsprobe.recording.secrets import Secrets
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report, comparable
from wsprobe.search import Search
from wsprobe.show import page as show
from wsprobe.show.lines import fitted, line
from wsprobe.text import counted, shown_text

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
