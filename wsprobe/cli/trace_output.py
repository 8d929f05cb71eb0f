"""The output of ``wsprobe trace``: a row for each answer as it arrives, then their common meaning."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from msgspec.structs import replace

from wsprobe.cli import expect
from wsprobe.cli.output import Finished, Output, as_shown
from wsprobe.cli.settings import Settings
from wsprobe.cli.streams import emit, look
from wsprobe.recording.secrets import Secrets
from wsprobe.report.report import Report
from wsprobe.show import trace as show
from wsprobe.show.as_json import trace_value
from wsprobe.show.contract import TraceJson
from wsprobe.show.json_text import json_line
from wsprobe.show.lines import Line, Look, plain
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice
from wsprobe.trace.trace import Trace, TraceRequest


class TraceOutput(Output):
    """Prints and saves: a row for each answer as it arrives, and the conclusions at the end; or one JSON
    object."""

    def __init__(self, settings: Settings) -> None:
        """Raises click.UsageError for a file that cannot be written."""
        super().__init__(settings)
        self._look = look(sys.stdout, settings.output.color)
        self._waits = (
            sys.stderr.isatty()
            and self._look.terminal
            and not (settings.output.as_json or settings.output.silent)
        )
        self._reports: list[tuple[str, Report]] = []
        self._secrets = Secrets()
        """Those of all answers so far: not every request has the credentials that an answer may repeat."""

    @property
    def masks(self) -> bool:
        """Whether to mask secrets in the output."""
        return self.settings.output.redact

    def shown(self, report: Report) -> Report:
        """*report* in the form that may be shown: masked if ``masks``."""
        return as_shown(report, self.settings, self._secrets)

    def known(self, seen: Trace, shown: Trace) -> expect.Known:
        """The ids of the concluded causes."""
        return {each.id: expect.CONCLUDED for each in conclusions(shown)}

    def exit_status(self, base: Report, seen: Trace) -> int:
        """The exit status of *base*, the unchanged handshake."""
        return base.exit_status

    def dry_run(self, seen: Trace, choice: Choice) -> None:
        """Print the requests that may be sent."""
        url = seen.start.plan.target.url
        if self.masks:
            url = Secrets().url(url)
        self._emit(self._planned(url, seen, choice))

    def _planned(self, url: str, seen: Trace, choice: Choice) -> list[Line]:
        return show.dry_run(url, seen, choice, self._look)

    def asking(self, step: TraceRequest) -> None:
        """On a terminal, show which request is running."""
        if self._waits:
            sys.stderr.write(f"\r{step.name} ...\x1b[K")
            sys.stderr.flush()

    def answer(self, name: str, seen: Trace, report: Report) -> None:
        """Print the row of one answer, and append its recording to the file of --save."""
        named = replace(report.reading, exchange=replace(report.exchange, change=name))
        report = replace(report, reading=named)
        self._reports.append((name, report))
        self.keep(Finished(report, report))
        if self._waits:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        if not self.settings.output.as_json:
            self._emit(self._row(name, seen))

    def _row(self, name: str, seen: Trace) -> list[Line]:
        return show.row(name, seen, self._look)

    def interrupted(self) -> None:
        """End the line on which the terminal has written ^C."""
        if sys.stderr.isatty():
            sys.stderr.write("\n")

    def end(self, seen: Trace, shown: Trace, choice: Choice) -> None:
        """Print the conclusions, if anything was sent, and write the file of --report."""
        if not self._reports:
            return
        found = conclusions(shown)
        if self.settings.output.as_json:
            self._print(trace_value(self._reports, found))
        else:
            self._emit(show.concluded(found, shown, choice, self._look))
        if shown["base"] is not None and (file := self.report_file("trace")) is not None:
            file.traced(shown, choice)

    def judged(self, base: Finished, seen: Trace, shown: Trace, choice: Choice) -> None:
        """Report the unmet conditions of --expect for the unchanged handshake, and write the file of
        --junit."""
        self.complain(base)
        self.test(base, plain(self._told(seen, shown, choice)))
        self.write_files()

    def _told(self, seen: Trace, shown: Trace, choice: Choice) -> list[Line]:
        """The meaning of the answers, as lines for a text file."""
        return show.concluded(conclusions(shown), shown, choice, Look())

    def _print(self, value: TraceJson) -> None:
        sys.stdout.writelines(json_line(value, self.settings.output.brief))
        sys.stdout.flush()

    def _emit(self, lines: Iterable[Line]) -> None:
        if self.settings.output.save != "-" and not self.settings.output.silent:
            emit(lines, sys.stdout, self._look)
