"""The work of ``wsprobe talk``: hold a session, in a pipe or at a terminal."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from tempfile import TemporaryFile

import click
from msgspec import Struct
from msgspec.structs import replace

from wsprobe.cli import expect
from wsprobe.cli.connect_output import ConnectOutput
from wsprobe.cli.environment import environment
from wsprobe.cli.files import MEBIBYTE, read_for, write
from wsprobe.cli.lists import probe_all
from wsprobe.cli.option import Given, NoUrl, usage_error
from wsprobe.cli.output_settings import OutputSettings
from wsprobe.cli.probe import LONGEST_PAUSE, RETRY_PAUSE, write_jar
from wsprobe.cli.request_settings import SessionSettings
from wsprobe.cli.route_settings import LimitSettings
from wsprobe.cli.settings import Settings, settings_of
from wsprobe.cli.streams import emit, note, output_descriptor
from wsprobe.cli.talk_settings import TalkSettings
from wsprobe.cli.targets import UrlList, sources
from wsprobe.cli.terminal import History, Terminal
from wsprobe.exchange import SECOND, Ended, Event, Exchange, Limits, Plan
from wsprobe.net.descriptors import PIECE, DescriptorWriter
from wsprobe.net.stream import Tape
from wsprobe.net.talk import Talk
from wsprobe.read.reading import Head
from wsprobe.recording.archive import FORMAT, ascii_json
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report, report
from wsprobe.request.edits import rekeyed
from wsprobe.request.opening import fresh_key
from wsprobe.search import Search
from wsprobe.session.kept import SessionRecording
from wsprobe.show import talk as show
from wsprobe.show.lines import fitted, text_of
from wsprobe.show.report import headline
from wsprobe.talk import raw_frame
from wsprobe.talk.codec import Shape
from wsprobe.talk.input import InputError, InputLines, JsonInput, RawInput
from wsprobe.talk.output import JsonOutput, RawOutput
from wsprobe.talk.session import Outgoing, Rules, SessionTotals, TalkSession
from wsprobe.wire.followup import transient
from wsprobe.wire.framing import Incoming

NORMAL = b"\x03\xe8"
"""The code 1000 of a Close."""
REPORTED = 1 << 14
"""Bytes of a session to keep for its report, unless a recording is required."""
RECORDED = 1 << 22
"""The same with --json and --write-out: as many as connect keeps."""
OVER_HTTP2 = 1 << 23
"""The most bytes of a session over HTTP/2, which is kept whole because its frames share the connection."""


class Manner(Struct, frozen=True):
    """How to hold the session."""

    own: TalkSettings
    rules: Rules
    first: tuple[Outgoing, ...]
    """What to send before the input."""
    reads: bool
    """Whether standard input is read: not for an exchange that is whole on the command line, so that it can be
    in a loop over lines."""


def talk(urls: Sequence[str], given: Given) -> int:
    """Hold the session with these options; returns the exit status. Raises click.UsageError."""
    if not urls:
        raise NoUrl("no URL: name one, as wss://chat.example/ws, or lab:/echo")
    if given[OutputSettings].redact:
        raise click.UsageError(
            "--redact cannot mask a session while it happens; --save it and mask it later "
            "(wsprobe compare --browser-mode --redact --save MASKED FILE)"
        )
    how = manner(given)
    usual = settings_of(given)
    expect.check(usual.expectations, "talk")
    if given[TalkSettings].awaits:  # then how.first has them
        usual = replace(usual, handshake=replace(usual.handshake, acts=()))
    if usual.handshake.http2:
        limits = replace(usual.handshake.limits, max_session=OVER_HTTP2)
        usual = replace(usual, handshake=replace(usual.handshake, limits=limits))
    places = sources(urls)
    several = len(places) > 1 or any(isinstance(each, UrlList) and each.several() for each in places)
    made = TalkOutput(usual, how, several)
    try:
        with made:
            probe_all(places, usual, made, made.ask)
    finally:
        write_jar(usual)
    return made.exit_status


def manner(given: Given) -> Manner:
    """The options as one value. Raises click.UsageError for unusable ones."""
    own = given[TalkSettings]
    match = None
    if own.match is not None:
        with usage_error(re.error, where=f"--match: {own.match!r} is not a regular expression"):
            match = Search(re.compile(os.fsencode(own.match)))
    waits = own.count is not None or match is not None
    usual = given[SessionSettings]
    sends = own.send_files or own.send_frames or usual.send or usual.send_hex or usual.ping
    return Manner(
        own=own,
        rules=Rules(
            linger=given[LimitSettings].linger,
            patience=given[LimitSettings].max_time or Limits().max_time,
            eof=own.eof or ("keep" if waits else "wait"),
            count=own.count,
            match=match,
            ping_interval=own.ping_interval,
            answers={os.fsencode(when): os.fsencode(then) for when, then in own.answers},
            awaits=bool(own.awaits) or own.jsonl,
        ),
        first=tuple(_in_order(own) if own.awaits else _first(own)),
        reads=own.eof is not None or not (own.awaits or (waits and sends)),
    )


def _first(own: TalkSettings) -> Iterator[Outgoing]:
    for path in own.send_files:
        yield file_said(path, own.binary, "--send-file")
    for text in own.send_frames:
        with usage_error(raw_frame.FrameError, where="--send-frame"):
            yield Outgoing("frame", (raw_frame.frame(text),))


def _in_order(own: TalkSettings) -> Iterator[Outgoing]:
    """What the command line sends and awaits, in its order. Raises click.UsageError."""
    for field, text in own.awaits:
        match field:
            case "awaits":
                yield Outgoing("await", (os.fsencode(text),))
            case "send_files":
                yield from _first(replace(own, send_files=(text,), send_frames=()))
            case "send_frames":
                yield from _first(replace(own, send_files=(), send_frames=(text,)))
            case _:
                one = SessionSettings(
                    send=(text,) if field == "send" else (),
                    send_hex=(text,) if field == "send_hex" else (),
                    ping=field == "ping",
                )
                for act in one.acts():
                    yield Outgoing(act.do, (act.data,), act.code)


LONGEST_MESSAGE = 64 * MEBIBYTE
"""The most bytes of a file that is sent as one message."""


def file_said(path: str, binary: bool, where: str) -> Outgoing:
    """The bytes of the file at *path* as one message: text if they are UTF-8, unless *binary*. *where*: the
    option for the error's text. Raises click.UsageError."""
    data = read_for(where, path, LONGEST_MESSAGE, "a message")
    if not binary:
        try:
            data.decode()
        except UnicodeDecodeError:
            binary = True
    return Outgoing("binary" if binary else "text", (data,))


class TalkOutput(ConnectOutput, Talk):
    """Holds the session of each place, and prints its report."""

    def __init__(self, settings: Settings, manner: Manner, several: bool) -> None:
        """If standard output is not a terminal, it gets the messages, and standard error the report. With an
        option that needs standard output, such as --json, messages go to standard error too."""
        own = manner.own
        taken = (
            settings.output.as_json
            or settings.own.instead
            or "-" in (settings.own.body_to, settings.output.save)
        )
        self._raw = (not taken and not sys.stdout.isatty()) or (own.jsonl and not taken)
        super().__init__(settings, several, report_to=sys.stderr if self._raw or taken else None)
        if self._raw:
            self.written = output_descriptor()  # -s leaves the messages there
        self._manner = manner
        self.rules, self.max_message = manner.rules, own.max_message
        self.shape = Shape(own.fragments, own.fragment_size, own.compress_from)
        self.hold = None if settings.max_time is not None else float("inf")
        self._lines_to = sys.stderr if taken else sys.stdout
        self._lines_look = self._err if taken else self._out
        self._by_hand = sys.stdin.isatty() and sys.stdout.isatty() and not (taken or own.jsonl or own.null)
        self._session_too = not self._by_hand or bool(settings.own.verbose)
        self._terminal: Terminal | None = None
        self._way: DescriptorWriter | None = None
        self._spool: Spool | None = None
        self._held: TalkSession | None = None
        self._wrong = ""
        self._lines: InputLines = JsonInput() if own.jsonl else RawInput(self._separator, own.binary)
        self._left = own.reconnect
        self._before: SessionTotals | None = None
        """The totals of the sessions before a reconnect."""
        self._seconds = 0.0
        """How long these took."""
        self._history = History(own.history)

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if self._spool is not None:  # no report was made, because the reader of our output is gone
            self._spool.finish(Exchange(self._plan, (Ended(self._spool.at, "interrupted"),)))
        super().__exit__(kind, *raised)

    async def ask(
        self, plan: Plan, watch: Callable[[Event], object], keep: Callable[[Exchange], object]
    ) -> Exchange:
        """Carry out *plan*, and hold the session that it opens, and those after a reconnect; returns the last
        recording."""
        self._left, self._before, self._seconds, pause = self._manner.own.reconnect, None, 0.0, RETRY_PAUSE
        while True:
            exchange = await self._one(plan, watch, keep)
            by_hand = self._terminal is not None and self._terminal.again
            why = "" if by_hand else self._dropped(exchange)
            if not by_hand and (not why or not self._left):
                return exchange
            if self._held is not None:
                seconds = exchange.events[-1].at / SECOND
                self._before, self._seconds = self._held.totals, self._seconds + seconds
                pause = RETRY_PAUSE if seconds > LONGEST_PAUSE else pause
            if self._spool is not None:
                self._spool.finish(exchange)
                self._spool = None
            if not by_hand:
                self._left -= 1
                self.word(f"{why}: reconnecting in {pause:g} s; reconnects left after this one: {self._left}")
                await environment().sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            given = self.settings.handshake
            if given.key is None and given.raw is None and plan.http2 is None:
                plan = replace(plan, request=rekeyed(plan.request, fresh_key(os.urandom(16))))

    def _dropped(self, exchange: Exchange) -> str:
        """How the session ended, unless wsprobe or a normal Close ended it; or why it did not open again. ""
        for an end that is no reason to connect again."""
        held = self._held
        if held is None:
            made = report(exchange)
            again = self._before is not None and transient(made.reading, made.outcome)
            return made.result.headline if again else ""
        close = held.close_received
        normal = close is not None and close.data[:2] == NORMAL
        if held.closed_first == "client" or normal or getattr(exchange.events[-1], "how", "") == "limit":
            return ""
        return text_of(show.ended(held, self._err)[0])

    async def _one(
        self, plan: Plan, watch: Callable[[Event], object], keep: Callable[[Exchange], object]
    ) -> Exchange:
        """Carry out *plan*, and hold the session that it opens; returns the recording."""
        if self._raw and self._way is None:
            sys.stdout.flush()
            self._way = environment().DescriptorWriter(sys.stdout.fileno(), self._separator)
        self._held = self._spool = self._terminal = None
        own = self._manner.own
        self._sink = JsonOutput() if own.jsonl else RawOutput(b"" if own.raw else self._separator)
        self._plan = plan
        self.awaited = expect.awaited(self.settings.expectations)
        over: list[Exchange] = []

        def end(exchange: Exchange) -> None:
            keep(exchange)  # ^C does not wait for a slow reader of our output
            over.append(exchange)

        try:
            end(await environment().probe(plan, watch, self, end))
        finally:
            if self._terminal is not None:
                await self._terminal.stop()
            if over:
                await self._over(over[-1])
        return over[-1]

    @property
    def _separator(self) -> bytes:
        return b"\0" if self._manner.own.null else b"\n"

    def make(self, plan: Plan, head: Head, at: int) -> TalkSession:
        """See ``Talk``."""
        self._held = super().make(plan, head, at)
        if self._before is not None:
            self._held.totals = self._before
        return self._held

    def kept(self, plan: Plan, tape: Tape) -> Sequence[SessionRecording]:
        """See ``Talk``."""
        selected = any(getattr(event, "alpn", None) == "h2" for event in tape.events)
        if plan.http2 is not None and (selected or plan.http2.prior_knowledge):
            return [SessionRecording(1 << 62, tape.add)]
        whole = self.settings.output.as_json or self.settings.own.write_out is not None
        kept = [SessionRecording(RECORDED if whole else REPORTED, tape.add)]
        path = self.settings.output.save
        if path is not None and path != "-":
            self._spool = Spool(path, plan, tape.events)
            kept.append(SessionRecording(self._manner.own.save_max, self._spool.add))
        return kept

    async def opened(self, held: TalkSession, head: Head, at: int) -> None:
        """See ``Talk``."""
        if self._by_hand:

            def file(path: str) -> Outgoing:
                return file_said(os.path.expanduser(path), self._manner.own.binary, "/send")

            self._terminal = Terminal(self._out, held, head, self._plan.target.url, file, self._history)
            self._terminal.indent = self._manner.own.pretty
            await self._terminal.start()
        elif self._way is not None:
            await self._way.write(self._sink.opened(head, self._plan.target.url, at))

    async def hear(self, what: Sequence[Incoming], at: int) -> None:
        """See ``Talk``."""
        if self._terminal is not None:
            await self._terminal.hear(what, at)
            return
        if not self._raw:
            emit(show.heard(what, self._lines_look), self._lines_to, self._lines_look)
            return
        assert self._way is not None
        await self._way.write_pieces(self._sink.heard(what, at))
        if self._sink.ambiguous and not self._warned and self._warns():
            self._warned = True
            name, others = ("line end", "--null or --jsonl") if self._separator == b"\n" else ("NUL", "--jsonl")
            note(f"message {self._sink.ambiguous} has a {name} in it: {others} shows where it ends")

    _warned = False

    def _warns(self) -> bool:
        """Whether somebody may take one message for two: not of a single one, and not in a file."""
        if self.settings.output.silent or self._manner.rules.count == 1:
            return False
        return not stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)

    async def _over(self, exchange: Exchange) -> None:
        if self._held is not None and self._raw:
            assert self._way is not None
            last = exchange.events[-1]
            await self._way.finish(self._sink.closed(self._held, getattr(last, "how", ""), last.at))

    async def said(self) -> AsyncGenerator[Sequence[Outgoing], None]:
        """See ``Talk``."""
        how = self._manner
        if how.first:
            yield how.first
        if self._terminal is not None:
            async with aclosing(self._terminal.outgoing()) as typed:
                async for each in typed:
                    yield each
            return
        if not how.reads:
            return
        try:
            # The report keeps whole writes, so the first write is small; otherwise it has thousands of frames.
            async with aclosing(environment().pieces(0, PIECE, first=REPORTED)) as read:
                async for piece in read:
                    if found := self._lines.feed(piece):
                        yield found
            yield self._lines.end()
        except InputError as error:
            self._wrong = str(error)
            yield [Outgoing("close", code=1000)]

    def report(self, report: Report) -> Report:
        """Print and keep one report; returns it as printed."""
        held = self._held
        if held is not None and self._by_hand and not self.settings.output.silent:
            emit(fitted(show.ended(held, self._out), self._out), sys.stdout, self._out)
        self._exchange = report.exchange
        report = super().report(report)
        if held is None:
            return report
        if not self.settings.output.silent and not self.settings.output.as_json:
            events = report.exchange.events
            more = "" if self.settings.output.save is not None else ": --save FILE keeps it"
            totals = show.totals(held.totals, self._seconds + events[-1].at / SECOND)
            if self._in_short(report):
                lines = [(*headline(report), *show.in_short(held, report, self._report_look), *totals)]
            else:
                lines = [*(show.left_out(events, more) if self._session_too else []), totals]
            emit(fitted(lines, self._report_look), self._report_to, self._report_look)
            last = report.exchange.ended
            if last is not None and last.how == "limit":
                note(
                    f"wsprobe ended the session at its limit of {last.error}, because it records all of a "
                    f"session over HTTP/2; without --http2 there is no such limit"
                )
        if self._wrong:
            note(self._wrong)
            self.exit_status = Exit.USAGE
        elif held.unmet:
            if not self.settings.output.mute:
                note(held.unmet)
            if self.exit_status == Exit.OPEN:
                self.exit_status = Exit.UNEXPECTED
        return report

    def _report(self, report: Report) -> None:
        if not self._in_short(report):
            super()._report(report)

    def _in_short(self, report: Report) -> bool:
        """Whether the report of a session in a pipe is one line: -v prints all of it."""
        return self._held is not None and not self._by_hand and not self.settings.own.verbose

    def save(self, lines: bytes) -> None:
        """Append *lines* to the file of --save, unless a spool has already written the recording there."""
        if self._spool is None:
            super().save(lines)
        else:
            self._spool.finish(self._exchange)
            self._spool = None


class Spool:
    """A recording that is written to a file without a name during the session, so that it may exceed memory,
    and at the end to its own file, which other runs may use too."""

    def __init__(self, path: str, plan: Plan, events: Sequence[Event]) -> None:
        """*events*: the events until the session opened. Raises OSError."""
        self._path = path
        self._comma = b""
        self.at = 0
        """Microseconds: the time of the last event."""
        beside = os.path.dirname(os.path.realpath(path))
        self._file = TemporaryFile(dir=beside if os.access(beside, os.W_OK) else None)  # noqa: SIM115
        self._write(b'{"format":%d,"plan":' % FORMAT + ascii_json(plan) + b',"events":[')
        for event in events:
            self.add(event)

    def _write(self, data: bytes) -> None:
        with usage_error(OSError, where=f"--save: {self._path}"):
            self._file.write(data)

    def add(self, event: Event) -> None:
        """Write one more event."""
        self._write(self._comma + ascii_json(event))
        self._comma = b","
        self.at = event.at

    def finish(self, exchange: Exchange) -> None:
        """Write the last event of *exchange*, and its other members."""
        self.add(exchange.events[-1])
        started, hops = ascii_json(exchange.started), ascii_json(exchange.hops)
        self._write(b'],"started":' + started + b',"hops":' + hops + b"}\n")
        self._file.seek(0)
        with self._file:
            write(self._path, iter(lambda: self._file.read(MEBIBYTE), b""), "save", append=True)
