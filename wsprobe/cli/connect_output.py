"""What `connect`, `talk` and `relay` print and keep of each report, and of all of them together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Self

import click
from msgspec.structs import replace

from wsprobe.cli.files import check_replaceable, write
from wsprobe.cli.output import Finished, Output, WorkerResult, finish
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, look, note, redraw, write_error
from wsprobe.exchange import Event
from wsprobe.judge.subject import how
from wsprobe.nearest import nearest
from wsprobe.report.outcome import Exit
from wsprobe.report.report import Report
from wsprobe.report.timing import how_long
from wsprobe.show.causes import Tally, fact
from wsprobe.show.http2 import as_text
from wsprobe.show.lines import Look, fitted
from wsprobe.show.report import handshake
from wsprobe.show.verbose import Conversation
from wsprobe.text import counted, shown_text

if TYPE_CHECKING:
    from wsprobe.cli.earlier_runs import Resume, Since
    from wsprobe.report.state import Vantages
    from wsprobe.show.state import Grid


class ConnectOutput(Output):
    """Prints and saves events as they happen, and reports in the order of the URLs. At the end of its context
    it prints the summary of several URLs, and ``exit_status`` is final."""

    def __init__(
        self,
        settings: Settings,
        several: bool,
        looks: tuple[Look, Look] | None = None,
        report_to: IO[str] | None = None,
    ) -> None:
        """*looks*: what standard output and standard error can take, if this process only prepares the text for
        another one. *report_to*: the stream for the report, if it is not standard output.

        Raises click.UsageError for output options that cannot be used together or name a file that cannot be
        written.
        """
        self.exit_status: int = Exit.OPEN
        self._several = several
        self._out, self._err = looks or [
            replace(
                look(stream, settings.output.color, settings.own.verbose),
                follows=settings.follow.max_redirs > 0,
            )
            for stream in (sys.stdout, sys.stderr)
        ]
        self._first = True
        self._told = 0
        """Reports."""
        self._grid: Grid | None = None
        """What --from-each shows in place of reports."""
        self._conversation = Conversation(self._err)
        self._session_too = True
        self._report_to = report_to or sys.stdout
        self._report_look = self._err if self._report_to is sys.stderr else self._out
        shown = several and self._err.terminal and not settings.output.silent
        words = settings.expectations or settings.own.include or settings.own.body_to is not None
        printed = bool(words) or (self._out.terminal and settings.lists.resume is None)
        self._progress = Progress(self._err, printed) if shown else None
        counts = bool(shown) or settings.lists.summary or settings.lists.resume is not None
        self._tally = Tally("answer" if settings.elsewhere.from_each else "URL") if counts else None
        self._resume: Resume | None = None
        self._since: Since | None = None
        template = settings.own.write_out
        self._write_out = None if template is None else _write_out(template)
        if settings.own.body_to not in (None, "-") and several:
            raise click.UsageError("--output takes the body of one URL; with several, use --json")
        super().__init__(settings)
        check_replaceable(settings.own.body_to, "output")
        if settings.lists.since is not None:
            from wsprobe.cli.earlier_runs import Since  # XML and JSON, only with --since

            self._since = Since(settings.lists.since, begun_here=settings.lists.since == settings.output.save)
        self._file = self.report_file(several)
        if settings.lists.resume is not None and self._tally is not None:
            from wsprobe.cli.earlier_runs import Resume  # only with --resume

            self._resume = Resume(settings.lists.resume, self._tally)
            self.exit_status = self._resume.exit_status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        self._clear()
        if self._file is not None and self._told:
            try:
                self._file.written()
            except click.UsageError as error:  # it takes nothing from what was printed
                note(error.format_message())
                self.exit_status = Exit.USAGE
        if self._resume is not None:
            self._resume.close()
        if kind is not None and issubclass(kind, BrokenPipeError):
            self.write_files()
        if not (kind is None or issubclass(kind, KeyboardInterrupt)):
            return  # what went wrong is said in one line
        if self._since is not None:
            worse = self._since.finish(self)
            self.exit_status = Exit.DIFFERENT if worse and self.exit_status == Exit.OPEN else self.exit_status
        self.write_files()
        if self._grid is not None and self._tabled:
            emit(self._grid.total(), sys.stdout, self._out)
        if self._tally is None:
            return
        if self._resume is not None:
            before, twice = self._resume.before, self._resume.twice
            if before:
                them = "it was" if before == 1 else "they were"
                note(f"{self._resume.path} already had {counted(before, 'URL')}; {them} not tried again")
            if twice:
                note(f"{counted(twice, 'line')} of the list repeated a URL; it was tried once")
        emit(fitted(self._tally.lines(), self._err), sys.stderr, self._err)
        if self._grid is not None and not self._tabled:
            emit(self._grid.total(), sys.stderr, self._err)

    def _clear(self) -> None:
        if self._progress is not None:
            self._progress.clear()

    def wants(self, url: str) -> bool:
        """Whether *url* is to be tried: not if the file of --resume has it already."""
        return self._resume is None or self._resume.wants(url)

    def asking(self, under_way: int, left: Callable[[], int | None], now: Callable[[], float]) -> None:
        """Show how far the list has come."""
        if self._progress is not None:
            self._progress.show(under_way, left(), now())

    def for_workers(self) -> tuple[Settings, bool, tuple[Look, Look], str, bool]:
        """What another process needs to print the same as this one: see ``workers.apart``."""
        encoding = sys.stdout.encoding or "utf-8"
        return self.settings, self._several, (self._out, self._err), encoding, self._tally is not None

    def lost(self, text: str) -> None:
        """Print that a process ended unexpectedly, or could not be started."""
        self._clear()
        note(text)

    def worker_result(self, result: WorkerResult) -> None:
        """Write and count another process's result."""
        if self._resume is not None and result.interrupted:
            return  # it is asked again
        if self.exit_status == Exit.OPEN:
            self.exit_status = result.exit_status
        if self._tally is not None and result.fact is not None:
            self._tally.add(result.fact)
        if self._progress is not None:
            self._progress.done()
        if result.err:
            write_error(result.err)
        if self._resume is not None:
            self._resume.write(result.out)
        else:
            write("-", b"\n" + result.out if result.titled and not self._first else result.out, "output")
            sys.stdout.flush()
        self._first = self._first and not result.titled
        self.save(result.save)

    def unusable(self, text: str) -> None:
        """Report a line of a list that is not a URL; the list goes on."""
        self.lost(text)
        self.exit_status = Exit.USAGE
        if self.junit is not None:
            self.junit.unusable(text)

    def places(self, names: Sequence[str]) -> None:
        """Take the names of the places of --from-each, before the first row."""
        from wsprobe.show.state import Grid  # only with --from-each

        self._grid = Grid(names, self._out)

    @property
    def _tabled(self) -> bool:
        """Whether the rows of --from-each are what is printed."""
        return not (self.settings.output.silent or self.settings.instead)

    def row(self, vantages: Vantages) -> None:
        """Take the results of all places for the next URL, after their reports."""
        assert self._grid is not None
        lines = self._grid.row(vantages)
        if self._grid.unlike and self.exit_status != Exit.USAGE and not self.settings.expectations:
            self.exit_status = Exit.DIFFERENT
        if self._tabled:
            emit(lines, sys.stdout, self._out)

    def event(self, event: Event) -> None:
        """Show one event of the conversation (-v)."""
        if self.settings.own.verbose and not self.settings.output.silent and not self.settings.output.redact:
            self._say(event)

    def _say(self, event: Event) -> None:
        emit(self._conversation.event(event), sys.stderr, self._err)

    def report(self, report: Report) -> Report:
        """Print and keep one report; returns it as printed, with its exit status."""
        if self._resume is not None and how(report.reading) == "interrupted":
            return report  # it is asked again
        return self.write(finish(report, self.settings)).report

    def write(self, finished: Finished) -> Finished:
        """Print, count and keep *finished*; returns it."""
        report = finished.report
        if self._progress is not None:
            self._progress.done()
        self.complain(finished)
        if self._since is not None and how(report.reading) != "interrupted":
            self._since.take(finished.unmasked)
        # With --since only what got worse counts, and an --expect.
        if self.exit_status == Exit.OPEN and (self._since is None or finished.unmet):
            self.exit_status = report.exit_status
        self._told += 1
        if self._tally is not None:
            self._tally.add(fact(report))
        if self.settings.own.verbose and self.settings.output.redact and not self.settings.output.silent:
            # What a peer repeats of a secret is known when all has come: then it can be shown.
            for exchange in (*report.exchange.hops, report.exchange):
                for event in exchange.events:
                    self._say(event)
        if self._since is None:
            self._print(report)
            self.test(finished)
        self.keep(finished)
        if self._file is not None:
            self._file.asked(finished.unmasked)
        return finished

    @property
    def titled(self) -> bool:
        """Whether a report was printed under its URL."""
        return not self._first

    def _print(self, report: Report) -> None:
        settings = self.settings
        if settings.json_lines:
            from wsprobe.show import as_json, json_text  # only with --json

            pieces = json_text.json_line(as_json.report_value(report), settings.output.brief)
            if self._resume is not None:
                self._resume.write("".join(pieces).encode())
            else:
                sys.stdout.writelines(pieces)
        if settings.own.include:
            self._exactly(report)
        if settings.own.body_to is not None:
            if settings.own.body_to == "-":
                self._untouched(report.reading.content)
            else:
                write(settings.own.body_to, report.reading.content, "output")
        if self._write_out is not None:
            self._write_out(report)
        if settings.elsewhere.from_each or settings.output.silent:
            pass  # a row says what came of it, or nothing does
        elif not settings.instead:
            self._report(report)
        elif not (self._write_out or settings.json_lines or report.reading.responses):
            # Bytes alone were asked for, and there are none: say why.
            why = next((f.text for f in report.verdict.findings if f.fatal), "")
            note(f"{shown_text(report.title)}: {report.outcome}" + (f": {why}" if why else ""))
        failed = report.exit_status not in (Exit.OPEN, Exit.UNEXPECTED)
        if settings.output.silent and settings.output.show_error and failed:
            cause = report.result.cause
            note(f"{shown_text(report.title)}: {report.result.headline}" + (f": {cause.text}" if cause else ""))
        sys.stdout.flush()

    def _report(self, report: Report) -> None:
        lines = handshake(report, self._report_look, self._session_too)
        if self._several and not self._first:
            lines = [(), *lines]
        self._first = False
        emit(lines, self._report_to, self._report_look)

    def _exactly(self, report: Report) -> None:
        reading = report.reading
        if reading.http2 is not None:
            self._untouched(as_text(reading) or reading.received)
            return
        whole = b"".join(r.head.raw + (r.body.raw if r.body else b"") for r in reading.responses)
        self._untouched(whole or reading.received)

    def _untouched(self, data: bytes) -> None:
        """Write what a peer sent to standard output: byte for byte, but made visible on a terminal."""
        if self._out.terminal:
            for each in data.splitlines():
                sys.stdout.write(self._out.text(each) + "\n")
        else:
            write("-", data, "output")


def _write_out(template: str) -> Callable[[Report], None]:
    """What prints *template*, filled in, for a report. Raises click.UsageError for an unknown variable."""
    from wsprobe.show.write_out import STREAMS, VARIABLES, parts, unknown, write_out  # JSON, only with -w

    for name in unknown(template):
        near = nearest(name, (*VARIABLES, *STREAMS))
        hint = f"; did you mean %{{{near[0]}}}?" if near else ""
        raise click.UsageError(f"--write-out: no variable %{{{name}}}{hint}")
    divided = list(parts(template))

    def printed(report: Report) -> None:
        for stream, part in divided:
            text = write_out(part, report)
            if stream == "stdout":
                sys.stdout.write(text)
            else:
                write_error(text)

    return printed


class Progress:
    """Shows the progress of a list in one terminal line, redrawn in place."""

    def __init__(self, look: Look, printed: bool) -> None:
        """*printed*: reports go to the same terminal, so the progress line is cleared before each one."""
        self._look = look
        self._printed = printed
        self._shown = False
        self._begun: float | None = None
        self._told = float("-inf")
        self._done = 0

    def done(self) -> None:
        """Count one finished URL, and clear the line if a report follows."""
        self._done += 1
        if self._printed:
            self.clear()

    def show(self, under_way: int, left: int | None, now: float) -> None:
        """Draw the line. *under_way*: running probes; *left*: probes not yet begun, None if unknown; *now*:
        seconds."""
        if self._begun is None:
            self._begun = now
        if self._shown and now - self._told < OFTEN:
            return
        self._told = now
        text = progress(self._done, under_way, left, now - self._begun)
        redraw(text[: max(1, self._look.width - 1)])
        self._shown = True

    def clear(self) -> None:
        """Remove the line of progress from the terminal, if it is shown."""
        if self._shown:
            redraw("")
        self._shown = False


OFTEN = 0.1
"""The least seconds between two drawings of the line."""


def progress(done: int, under_way: int, left: int | None, seconds: float) -> str:
    """The text of the line after *seconds*: probes done, their rate, and the time left at that rate."""
    text = f"{done} done, {under_way} under way" + ("" if left is None else f", {left} to come")
    if not done or seconds < 1:
        return text
    rate = done / seconds
    text += f"; {rate:.0f} a second" if rate >= 10 else f"; {rate:.1f} a second"
    return text if left is None else f"{text}, {how_long((left + under_way) / rate)} left"
